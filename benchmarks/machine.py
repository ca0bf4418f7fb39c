"""What every benchmark writes beside its numbers: machine, versions, time; and how it saves them."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, is_dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("wassr", "numpy", "pillow", "openvino", "onnxruntime", "torch", "onnx")
QUIET = 0.3  # processes a core before a benchmark begins
FEATURES = ("avx2", "avx512f", "avx512_bf16", "avx512_vnni", "amx_bf16")
SPEEDS = "benchmarks/results/{0}.json, or {0}-amx.json or {0}-float32.json by the kind of processor"


@dataclass(frozen=True)
class Machine:
    """Where numbers come from. load: runnable processes of the last minute, per core, before the benchmark."""

    processor: str
    cores: int
    features: tuple[str, ...]
    memory_gb: float
    system: str
    python: str
    versions: Mapping[str, str]
    load: float
    time: str

    def line(self) -> str:
        """One line for people."""
        versions = ", ".join(f"{name} {number}" for name, number in self.versions.items())
        features = " ".join(self.features)
        return f"{self.processor}, {self.cores} cores ({features}), load {self.load:.1f} a core; {versions}"


@dataclass(frozen=True)
class Kind:
    """Processors whose speeds compare. feature: that they have, and those before in the table have another one."""

    ending: str
    feature: str
    words: str


KINDS = (
    Kind("-amx", "amx_bf16", "with bfloat16 in tiles (AMX)"),
    Kind("", "avx512_bf16", "with bfloat16 in vectors (AVX-512)"),
    Kind("-float32", "", "without bfloat16"),
)


def kind_of(features: Collection[str]) -> Kind:
    """The first kind of the table that a processor of these features belongs to."""
    return next(kind for kind in KINDS if not kind.feature or kind.feature in features)


def describe() -> Machine:
    """This machine, now."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    info = _cpuinfo()
    flags = info.get("flags", "").split()
    load = os.getloadavg()[0] / cores if hasattr(os, "getloadavg") else 0.0
    return Machine(
        processor=f"{info.get('model name', platform.processor() or platform.machine())}{_family(info)}",
        cores=cores,
        features=tuple(name for name in FEATURES if name in flags),
        memory_gb=round(_memory() / 1e9, 1),
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        versions={name: number for name in PACKAGES if (number := _version(name))},
        load=round(load, 2),
        time=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def begin() -> Machine:
    """Describe and print the machine before timing; tells when others are at work.

    Torch loses most by that, so ratios to it would flatter the other engines.
    """
    here = describe()
    print(here.line())
    if here.load > QUIET:
        print(f"warning: {here.load:.1f} processes a core are at work: take numbers to be kept on a quiet machine")
    return here


def speeds(name: str, features: Collection[str]) -> str:
    """The name for results of speed: each kind of processor has a file of its own."""
    return f"{name}{kind_of(features).ending}"


def saved_speeds(name: str) -> list[dict[str, Any]]:
    """What was saved under `speeds`, in the order of the kinds."""
    files = (RESULTS / f"{name}{kind.ending}.json" for kind in KINDS)
    return [json.loads(file.read_text(encoding="utf-8")) for file in files if file.exists()]


def save(name: str, machine: Machine, results: Any, path: Path | None = None, markdown: str = "") -> Path:
    """Write results with their machine as JSON: to `path`, or to benchmarks/results/NAME.json.

    markdown: the same for people; README.md shows it.
    """
    path = path or RESULTS / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = {"benchmark": name, "machine": asdict(machine), "results": plain(results)}
    text = json.dumps(whole | ({"markdown": markdown} if markdown else {}), indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
    return path


def plain(value: Any) -> Any:
    """Dataclasses, tuples and floats as JSON can hold them: six digits, infinity as text."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return float(f"{value:.6g}") if abs(value) < float("inf") else str(value)
    return value


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _cpuinfo() -> dict[str, str]:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").partition("\n\n")[0].splitlines()
    except OSError:
        return {}
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}


def _family(info: dict[str, str]) -> str:
    return f" (family {info['cpu family']}, model {info['model']})" if "cpu family" in info else ""


def _memory() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 0
