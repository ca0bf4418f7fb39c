"""Engines run a network on a tile. Each says what it is, how precise, with how many threads, and why it was chosen.

A precision or device is believed only after it gave what float32 on the CPU gives for one tile, and bfloat16 is taken
only where it is also faster: both are measured here and now (tens of milliseconds), not looked up by the CPU's name.
"""

import importlib
import importlib.util
import operator
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from wassr.ground.errors import EngineError, NoSuchEngine, UsageError
from wassr.models.card import Card
from wassr.models.openvino_core import openvino_core
from wassr.models.shelf import ModelFile
from wassr.upscaling.machine import keep_memory, threads_for

Floats = NDArray[np.float32]

SHAPES_KEPT = 4  # compiled graphs kept: each holds its activations
TEST_SIZE = 64  # side of the self-test's tile
FASTER = 0.9  # bfloat16 must take less than this share of float32's time
# Root mean square difference to float32 on the self-test's tile, of white: by precision, without and with a base.
# A residual network rounds only what it adds; one without a base would round the picture itself. The tile is
# harder than photographs, which measure a third of it; one grey level beside an error of ten would cost 0.04 dB.
# Single pixels at hard edges may be off by more, but never by FAR.
TOLERANCE = {"bfloat16": (0.3 / 255, 1 / 255), "float32": (0.1 / 255, 0.1 / 255)}
FAR = 16 / 255


@runtime_checkable
class Engine(Protocol):
    """Runs one network. name: openvino, onnxruntime, torch; precision: float32, bfloat16; reason: why this one."""

    name: str
    precision: str
    threads: int
    reason: str

    def run(self, tile: Floats) -> Floats:
        """(1, C, h, w) in [0, 1] to the network's output (1, C, s h, s w), both float32; the base is not added."""
        ...


class OpenVinoEngine:
    """OpenVINO on the CPU: one compiled graph per tile shape, fixed before compiling. Threads take turns."""

    name = "openvino"

    def __init__(
        self, model: Path | bytes, precision: str = "float32", threads: int = 0, reason: str = "asked for"
    ) -> None:
        self.precision, self.threads, self.reason = precision, threads_for(threads), reason
        keep_memory()
        self._core = openvino_core()
        try:
            self._model = self._core.read_model(model)
        except RuntimeError as error:
            raise EngineError(f"{_named(model)}: OpenVINO cannot read it: {last_line(error)}") from error
        self._requests: dict[tuple[int, ...], Any] = {}  # the one used last at the end
        self._lock = threading.Lock()  # a request has one place for its result, and reshaping is the model's

    def run(self, tile: Floats) -> Floats:
        with self._lock:
            request = self._requests.pop(tile.shape, None)
            if request is None:
                if len(self._requests) >= SHAPES_KEPT:
                    self._requests.pop(next(iter(self._requests)))
                request = self._compiled(tile.shape)
            self._requests[tile.shape] = request
            return np.array(request.infer([tile])[0], dtype=np.float32)

    def _compiled(self, shape: tuple[int, ...]) -> Any:
        self._model.reshape(list(shape))
        return self._core.compile_model(
            self._model, "CPU", cpu_hints(self.precision, self.threads)
        ).create_infer_request()

    def offers(self, precision: str) -> bool:
        """Whether the CPU has instructions for it at all."""
        offered = self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        return precision == "float32" or {"bfloat16": "BF16"}[precision] in offered


class OnnxRuntimeEngine:
    """ONNX Runtime on the CPU, float32: the second engine for the same files."""

    name = "onnxruntime"
    precision = "float32"

    def __init__(self, model: Path | bytes, threads: int = 0, reason: str = "asked for") -> None:
        self.threads, self.reason = threads_for(threads), reason
        keep_memory()
        self._session = onnxruntime_session(model, self.threads)
        self._input = self._session.get_inputs()[0].name

    def run(self, tile: Floats) -> Floats:
        return np.asarray(self._session.run(None, {self._input: tile})[0], dtype=np.float32)


def cpu_hints(precision: str, threads: int) -> dict[str, Any]:
    """How OpenVINO is to run a graph on the CPU: one picture at a time, as soon as possible."""
    return {
        "INFERENCE_PRECISION_HINT": {"float32": "f32", "bfloat16": "bf16"}[precision],
        "INFERENCE_NUM_THREADS": threads,
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": 1,
    }


def onnxruntime_session(model: Path | bytes, threads: int) -> Any:
    """A session of ONNX Runtime on the CPU, quiet and without telemetry. Raises EngineError when it cannot read it."""
    runtime = importlib.import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    runtime.disable_telemetry_events()
    try:
        given = model if isinstance(model, bytes) else str(model)
        return runtime.InferenceSession(given, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exception classes share no base of their own
        raise EngineError(f"{_named(model)}: ONNX Runtime cannot read it: {last_line(error)}") from error


@dataclass(frozen=True)
class Wish:
    """What the user asks for. device: auto, cpu, a GPU's number or mps; precision: auto, float32, bfloat16."""

    engine: str = "auto"
    device: str = "auto"
    precision: str = "auto"
    threads: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "device", str(self.device))  # 0 is the first GPU, as "0" is
        object.__setattr__(self, "threads", whole_number("threads", self.threads))
        if self.engine not in ("auto", *ENGINES):
            raise UsageError(f"--engine {self.engine}: choose auto, {', '.join(ENGINES)}")
        if self.precision not in ("auto", *TOLERANCE):
            raise UsageError(f"--precision {self.precision}: choose auto, {', '.join(TOLERANCE)}")
        if self.device not in ("auto", "cpu", "mps", "-1") and not self.device.isdecimal():
            raise UsageError(f"-g {self.device}: choose auto, cpu (or -1), a GPU's number, or mps")

    @property
    def gpu(self) -> bool:
        return self.device == "mps" or self.device.isdecimal()


def whole_number(name: str, value: object) -> int:
    """A number of things, 0 or more. Raises UsageError for anything else."""
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise UsageError(f"{name} {value!r}: give a whole number, 0 chooses") from None
    if number < 0:
        raise UsageError(f"{name} {number}: give 0, which chooses, or more")
    return number


def choose(model: ModelFile, wish: Wish) -> Engine:
    """The engine for a model: what is asked for, else the best that is installed and passes its self-test.

    Raises EngineError when it is absent or wrong, UsageError when the wishes contradict each other.
    """
    if wish.gpu and wish.engine not in ("auto", "torch"):
        raise UsageError(f"-g {wish.device}: GPUs run by the torch engine; leave --engine {wish.engine} away")
    if wish.gpu or wish.engine == "torch":
        return _torch(model, wish)
    if model.deployment is None:
        if wish.engine == "auto" and installed("torch"):
            return _torch(model, wish, f"{model.card.name} has no .onnx file, which the faster engines need")
        way = "leave --engine away" if installed("torch") else "pip install 'wassr[train]'"
        raise EngineError(
            f"{model.card.name}: it has no deployment form (.onnx), which OpenVINO and ONNX Runtime run; torch can run "
            f"it: {way}"
        )
    name = wish.engine
    if name == "auto":
        name = next((name for name in ("openvino", "onnxruntime") if installed(name)), "")
    if not name or not installed(name):
        missing = EngineError if wish.engine == "auto" else NoSuchEngine
        raise missing(f"{name or 'openvino'} is not installed: pip install {name or 'openvino'}")
    reason = "asked for" if wish.engine != "auto" else "the fastest on CPUs"
    if name == "onnxruntime":
        if wish.precision == "bfloat16":
            raise UsageError("--precision bfloat16: ONNX Runtime runs float32 only")
        why = "asked for" if wish.engine != "auto" else "OpenVINO is not installed"
        return OnnxRuntimeEngine(model.deployment, wish.threads, why)
    return _openvino_precision(model, wish, reason)


def float32_wish(threads: int = 0) -> Wish:
    """Float32 on the CPU: what every other engine is compared with, and who computes suspicious tiles again."""
    return Wish(device="cpu", precision="float32", threads=threads)


def installed(module: str) -> bool:
    """Whether a module could be imported; nothing is."""
    return importlib.util.find_spec(module) is not None


def difference_of(one: Engine, other: Engine, card: Card) -> float:
    """Root mean square of white, on the self-test's tile; infinite where a value is no number or off by FAR."""
    tile = sample_tile(card.planes)
    difference = np.abs(one.run(tile) - other.run(tile))
    return float(np.sqrt(np.mean(np.square(difference)))) if difference.max() <= FAR else float("inf")


def sample_tile(channels: int, size: int = TEST_SIZE) -> Floats:
    """A fixed picture (1, C, size, size) in [0, 1] with the slopes, edges, lines, texture and colour of photographs.

    A fourth plane says that it is a JPEG of quality 50.
    """
    y, x = np.mgrid[0:size, 0:size] / size
    slope = 0.25 + 0.5 * x * y
    disc = 0.3 * (np.hypot(x - 0.6, y - 0.35) < 0.25)
    lines = 0.15 * (np.sin(40 * (x + 0.3 * y)) > 0.4) * (y > 0.6)
    texture = 0.05 * np.random.default_rng(7).standard_normal((size, size))
    tints = ((1.0, 0.0), (0.8, 0.1), (0.6, 0.2))
    tile = np.stack([gain * (slope + disc) + lines + texture + shift for gain, shift in tints[:channels]])
    if channels > len(tints):
        tile = np.concatenate([tile, np.full((1, size, size), 0.5)])
    return np.clip(tile, 0, 1).astype(np.float32)[None]


def _openvino_precision(model: ModelFile, wish: Wish, reason: str) -> Engine:
    assert model.deployment is not None
    plain = OpenVinoEngine(model.deployment, "float32", wish.threads, reason)
    if wish.precision == "float32":
        plain.reason = f"{reason}; float32 asked for"
        return plain
    if not plain.offers("bfloat16"):
        if wish.precision == "bfloat16":
            raise NoSuchEngine("--precision bfloat16: this CPU has no instructions for it")
        plain.reason = f"{reason}; this CPU has no bfloat16"
        return plain
    half = OpenVinoEngine(model.deployment, "bfloat16", wish.threads, reason)
    difference = difference_of(half, plain, model.card)
    speed = _speed(half, plain, model.card)
    right = difference <= TOLERANCE["bfloat16"][model.card.base != "none"]
    off = f"mean difference {255 * difference:.2f} grey levels" if np.isfinite(difference) else "single values far off"
    found = f"{speed:.1f} times float32's speed, {off}"
    if right and (speed > 1 / FASTER or wish.precision == "bfloat16"):
        half.reason = f"{reason}; bfloat16: {found}"
        return half
    if wish.precision == "bfloat16":
        raise EngineError(f"{model.card.name}: bfloat16 is not right on this machine: {found}")
    plain.reason = f"{reason}; bfloat16 not taken: {found}"
    return plain


def _speed(one: Engine, other: Engine, card: Card) -> float:
    """How many times as fast `one` is: best of five, taken in turns so that a busy machine disturbs both."""
    tile = sample_tile(card.planes)
    best = [float("inf"), float("inf")]
    for _ in range(5):
        for i, engine in enumerate((one, other)):
            start = time.perf_counter()
            engine.run(tile)
            best[i] = min(best[i], time.perf_counter() - start)
    return best[1] / best[0]


def _torch(model: ModelFile, wish: Wish, reason: str = "") -> Engine:
    """The torch engine, imported here and nowhere else, so that enlarging on a CPU never loads torch."""
    if not installed("torch"):
        raise NoSuchEngine("the torch engine and GPUs need the extra: pip install 'wassr[train]'")
    if wish.precision == "bfloat16":
        raise UsageError("--precision bfloat16: the torch engine runs float32 only")
    device = {"auto": "cpu", "-1": "cpu"}.get(wish.device, wish.device)
    device = f"cuda:{device}" if device.isdigit() else device
    module = importlib.import_module("wassr.upscaling.engine_torch")
    engine: Engine = module.open_model(model, device, wish.threads)
    if device == "cpu":
        engine.reason = reason or "asked for"
        return engine
    trusted = choose(model, float32_wish(wish.threads))
    believe(engine, trusted, model.card)
    engine.reason = f"asked for; agrees with {trusted.name} on one tile"
    return engine


def believe(engine: Engine, trusted: Engine, card: Card) -> None:
    """Raise EngineError unless both give the same for one tile."""
    difference = difference_of(engine, trusted, card)
    if not difference <= TOLERANCE[engine.precision][card.base != "none"]:
        found = f"differs by {255 * difference:.1f} grey levels" if np.isfinite(difference) else "gives no numbers"
        raise EngineError(f"{engine.name} {found} from {trusted.name} on the CPU for one tile: not used; take -g cpu")


def _named(model: Path | bytes) -> str:
    return "a mixed model" if isinstance(model, bytes) else str(model)


def last_line(error: Exception) -> str:
    """Of an engine's message: the ones before it tell where in its own code it was."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:200] if lines else type(error).__name__


ENGINES: dict[str, Callable[..., Engine]] = {
    "openvino": OpenVinoEngine,
    "onnxruntime": OnnxRuntimeEngine,
    "torch": _torch,
}
