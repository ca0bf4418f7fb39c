"""The deployment form: the inference form as an ONNX file with its card, checked by two engines before it is kept.

The network alone is exported; its base is added outside, in float32. Names and shapes of all constants depend on the
architecture only: parent and child have the same, so that one can be mixed with the other inside an engine. Hence
`optimize=False` (the default merges equal constants) and dynamic height and width (a static file cannot be reshaped).
"""

import io
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from wassr.ground.errors import ModelError
from wassr.ground.files import whole_file
from wassr.models.card import Card
from wassr.models.modelfile import KEY
from wassr.models.openvino_core import openvino_core
from wassr.networks.inference import inference_form

Floats = NDArray[np.float32]

OPSET = 18
SIZES = ((33, 47), (17, 64))  # odd, and neither square nor the traced size
TOLERANCE = 1e-4  # of the largest output, float32; engines order their sums in their own ways


def export(network: nn.Module, card: Card, path: Path) -> None:
    """Write the deployment form of `network` (training form or inference form), all or nothing.

    Raises ModelError when the network cannot be exported, an engine is missing, or its result differs from torch's.
    """
    plain = inference_form(network).float().cpu()
    with whole_file(path) as temporary:
        try:
            _write(plain, card, temporary)
        except torch.onnx.errors.OnnxExporterError as error:
            reason = str(error.__cause__ or error).strip().splitlines()[0]
            raise ModelError(f"{card.name}: its network cannot be exported: {reason}") from error
        check(plain, card, temporary)


def check(plain: nn.Module, card: Card, path: Path) -> dict[str, float]:
    """Compare the file with the torch network on odd sizes: engine name to largest difference over largest output.

    Raises ModelError when a difference exceeds TOLERANCE or an engine is missing.
    """
    generator = np.random.default_rng(0)
    lows = [generator.random((1, card.planes, *size), dtype=np.float32) for size in SIZES]
    try:
        with torch.no_grad():
            wanted = [plain(torch.from_numpy(low)).numpy() for low in lows]
    except RuntimeError as error:
        raise ModelError(f"{card.name}: its network does not take every size: {str(error).splitlines()[0]}") from error
    found: dict[str, float] = {}
    for name, engine in ENGINES.items():
        try:
            run = engine(path)
        except ImportError as error:
            raise ModelError(f"{card.name}: {name} is needed to check an export: pip install {name}") from error
        found[name] = max(_difference(run(low), high) for low, high in zip(lows, wanted, strict=True))
        if not found[name] <= TOLERANCE:
            raise ModelError(
                f"{card.name}: {name} differs from torch by {found[name]:.1e} of the largest output: not kept"
            )
    return found


def _difference(made: Floats, wanted: Floats) -> float:
    if made.shape != wanted.shape or not np.isfinite(made).all():
        return float("inf")
    return float(np.abs(made - wanted).max() / max(float(np.abs(wanted).max()), 1e-3))


def _write(plain: nn.Module, card: Card, path: Path) -> None:
    low = torch.zeros(1, card.planes, 24, 32)
    sizes = {2: torch.export.Dim("height", min=2), 3: torch.export.Dim("width", min=2)}
    with quiet_exporter():
        program = torch.onnx.export(
            plain,
            (low,),
            dynamo=True,
            optimize=False,
            opset_version=OPSET,
            dynamic_shapes=(sizes,),
            input_names=["low"],
            output_names=["residual"],
            verbose=False,
        )
    assert program is not None
    forget_the_trace(program.model)
    program.model.metadata_props[KEY] = card.to_json()
    program.save(path)


def forget_the_trace(model: Any) -> None:
    """Drop what the exporter notes at every node and value: stack traces with this machine's paths."""
    values = [*model.graph.inputs, *model.graph.outputs, *model.graph.initializers.values()]
    for node in model.graph:
        values += node.outputs
        node.metadata_props.clear()
        node.doc_string = None
    for value in values:
        value.metadata_props.clear()
        value.doc_string = None
    model.graph.metadata_props.clear()
    model.graph.doc_string = None


@contextmanager
def quiet_exporter() -> Iterator[None]:
    """Torch's exporter reports on itself and uses deprecated parts of torch: of no use to whoever runs wassr."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _openvino(path: Path) -> Callable[[Floats], Floats]:
    core = openvino_core()
    options = {"INFERENCE_PRECISION_HINT": "f32"}
    model = core.compile_model(core.read_model(path), "CPU", options)
    return lambda low: np.asarray(model([low])[0])


def _onnxruntime(path: Path) -> Callable[[Floats], Floats]:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return lambda low: np.asarray(session.run(None, {"low": low})[0])


ENGINES: dict[str, Callable[[Path], Callable[[Floats], Floats]]] = {"openvino": _openvino, "onnxruntime": _onnxruntime}
