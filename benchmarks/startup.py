"""Start-up and size: what stands between a user and the first picture.

python benchmarks/startup.py [--model compact-x4] [--rounds 7] [--save]

Every run is a fresh process; files may be in the system's cache, as for any program used twice a day. The PyTorch
script does the same job with the same network: import, load weights, read, enlarge 256x256, write.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import machine
import numpy as np
import timing
from packaging.requirements import Requirement
from PIL import Image

from wassr.models.shelf import find

TORCH_SCRIPT = """
import sys
import numpy as np
import torch
from PIL import Image
from wassr.models.build import build_generator
from wassr.models.modelfile import load_weights
from pathlib import Path
weights, card = load_weights(Path(sys.argv[1]))
network = build_generator(card, weights)
low = torch.from_numpy(np.array(Image.open(sys.argv[2]))).permute(2, 0, 1)[None].float() / 255
with torch.no_grad():
    if card.channels == "y":
        low = low.mean(1, keepdim=True)
    high = network(low)[0].clamp(0, 1).mul(255).round().byte()
high = high.permute(1, 2, 0).numpy()
Image.fromarray(high[..., 0] if high.shape[2] == 1 else high).save(sys.argv[3])
"""
PYTHON_CALL = "import sys; from wassr import Upscaler; from PIL import Image; " + (
    "Upscaler(sys.argv[1])(Image.open(sys.argv[2])).save(sys.argv[3])"
)


@dataclass(frozen=True)
class Started:
    """Seconds from start to end of a fresh process, median."""

    what: str
    seconds: float


@dataclass(frozen=True)
class Installed:
    """A package with all that it needs, as installed here. missing: requirements that are not."""

    what: str
    megabytes: float
    packages: int
    missing: tuple[str, ...]


def commands(model: str, low: Path, folder: Path) -> dict[str, list[str]]:
    """What is started."""
    python, wassr = sys.executable, str(Path(sys.executable).with_name("wassr"))
    weights, out = find(model).weights, str(folder / "out.png")
    runs = {
        "python, nothing else": [python, "-c", "pass"],
        "import wassr": [python, "-c", "import wassr"],
        "from wassr import Upscaler": [python, "-c", "from wassr import Upscaler"],
        "wassr --help": [wassr, "--help"],
        "wassr upscale, 256x256": [wassr, "upscale", str(low), "-o", out, "-n", model, "--overwrite"],
        "Upscaler in Python, 256x256": [python, "-c", PYTHON_CALL, model, str(low), out],
    }
    if weights is not None:
        runs["PyTorch script, 256x256"] = [python, "-c", TORCH_SCRIPT, str(weights), str(low), out]
    return runs


def start(command: list[str], folder: Path) -> None:
    """Run a command to its end in another folder. Raises RuntimeError with its last words when it fails."""
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if ended.returncode:
        last = (ended.stderr or ended.stdout).strip().splitlines()[-1:]
        raise RuntimeError(f"{' '.join(command[:3])[:80]}: exit code {ended.returncode}: {''.join(last)}")


def measure(model: str, rounds: int) -> list[Started]:
    """All commands in turns."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        low = folder / "low.png"
        y, x = np.mgrid[0:256, 0:256]
        Image.fromarray(np.stack([x, y, (x + y) // 2], axis=-1).astype(np.uint8)).save(low)
        runs = {what: (lambda c=command: start(c, folder)) for what, command in commands(model, low, folder).items()}
        seconds = timing.interleaved(runs, rounds)
    return [Started(what, statistics.median(values)) for what, values in seconds.items()]


def installed(extras: tuple[str, ...]) -> Installed:
    """Files of wassr and of everything that it requires, with some extras; pip itself is left out."""
    seen: set[str] = set()
    missing: list[str] = []
    total = 0
    queue: list[tuple[str, tuple[str, ...]]] = [("wassr", extras)]
    while queue:
        name, wanted = queue.pop()
        if (key := f"{name.lower().replace('_', '-')}{wanted}") in seen:
            continue
        first = not any(s.startswith(name.lower().replace("_", "-") + "(") for s in seen)
        seen.add(key)
        try:
            found = distribution(name)
        except PackageNotFoundError:
            missing.append(name)
            continue
        if first:
            total += _size(name, found.files or [])
        for line in found.requires or []:
            need = Requirement(line)
            if need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in ("", *wanted)):
                queue.append((need.name, tuple(sorted(need.extras))))
    names = {key.partition("(")[0] for key in seen}
    title = "wassr" + (f"[{','.join(extras)}]" if extras else "")
    return Installed(title, total / 1e6, len(names) - len(set(missing)), tuple(sorted(set(missing))))


def _size(name: str, files: list) -> int:
    if name == "wassr":  # installed in place, it lists no files of its own
        import wassr

        root = Path(wassr.__file__).parent
        return sum(p.stat().st_size for p in root.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    places = [Path(str(file.locate())) for file in files]
    return sum(place.stat().st_size for place in places if place.is_file())


def table(started: list[Started], sizes: list[Installed]) -> str:
    """Markdown."""
    lines = ["| fresh process | seconds |", "|---|---|", *(f"| {s.what} | {s.seconds:.2f} |" for s in started)]
    lines += ["", "| installed | packages | MB |", "|---|---|---|"]
    lines += [f"| {i.what} | {i.packages} | {i.megabytes:.0f} |" for i in sizes]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="compact-x4")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--save", action="store_true", help="write benchmarks/results/startup.json")
    options = parser.parse_args()
    here = machine.begin()
    model = options.model if not Path(options.model).exists() else str(Path(options.model).resolve())
    started = measure(model, options.rounds)
    sizes = [installed(()), installed(("train",))]
    text = table(started, sizes)
    print(text)
    if options.save:
        print(f"written: {machine.save('startup', here, {'started': started, 'installed': sizes}, markdown=text)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
