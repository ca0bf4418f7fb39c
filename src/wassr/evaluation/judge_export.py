"""Makes the files of the judges from weights at hand; the only part of `evaluation` that needs the extra `train`.

    python -m wassr.evaluation.judge_export WEIGHTS_DIR -o DIR [--only NAME ...]

A file is kept after both engines gave what torch gives, on two odd sizes.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from wassr.evaluation.judge_networks import PARTS, PerceptualDistance, load_distance
from wassr.evaluation.judges import ENGINES, INPUTS, JUDGES, SMALLEST
from wassr.ground.errors import ModelError, WassrError
from wassr.ground.files import whole_file
from wassr.models.export import OPSET, forget_the_trace, quiet_exporter

Floats = NDArray[np.float32]

SIZES = ((45, 67), (81, 38))  # odd and even, and neither square nor the traced size
TOLERANCE = 1e-4  # of a distance
SMALL = 256  # constants of fewer values are left as they are


def export_judge(name: str, weights: Path, path: Path) -> dict[str, float]:
    """Write the file of one judge, all or nothing; returns engine name to its largest difference from torch.

    weights: the folder with its trunk and heads. Raises ModelError when a file is missing or does not fit, an engine is
    missing, or its distance differs from torch's by more than TOLERANCE.
    """
    network = load_distance(name, weights)
    with whole_file(path) as temporary:
        _write(network, name, temporary)
        return check(network, name, temporary)


def check(network: PerceptualDistance, name: str, path: Path) -> dict[str, float]:
    """Compare the file with torch: engine name to largest difference of distances. Raises ModelError as above."""
    generator = np.random.default_rng(0)
    pairs = []
    for height, width in SIZES:
        high = generator.random((1, 3, height, width), dtype=np.float32)
        pairs.append((np.clip(high + generator.normal(0, 0.1, high.shape), 0, 1).astype(np.float32), high))
    with torch.no_grad():
        wanted = [float(network(torch.from_numpy(made), torch.from_numpy(high))) for made, high in pairs]
    found: dict[str, float] = {}
    for engine, opened in ENGINES.items():
        try:
            distance = opened(path)
        except ImportError as error:
            raise ModelError(f"{name}: {engine} is needed to check its file: pip install {engine}") from error
        found[engine] = max(abs(distance(*pair) - value) for pair, value in zip(pairs, wanted, strict=True))
        if not found[engine] <= TOLERANCE:
            raise ModelError(f"{name}: {engine} differs from torch by {found[engine]:.1e}: not kept")
    return found


def _write(network: PerceptualDistance, name: str, path: Path) -> None:
    pair = (torch.rand(1, 3, 64, 96), torch.rand(1, 3, 64, 96))
    sizes = {2: torch.export.Dim("height", min=SMALLEST), 3: torch.export.Dim("width", min=SMALLEST)}
    with quiet_exporter():
        program = torch.onnx.export(
            network,
            pair,
            dynamo=True,
            opset_version=OPSET,
            dynamic_shapes=(sizes, sizes),
            input_names=list(INPUTS),
            output_names=["distance"],
            verbose=False,
        )
    assert program is not None
    forget_the_trace(program.model)
    model = program.model_proto
    halve(model)
    helper.set_model_props(model, {"judge": JUDGES[name].what, "licence": JUDGES[name].licence})
    onnx.save(model, path)


def halve(model: onnx.ModelProto) -> None:
    """Store the constants that float16 holds exactly as float16, cast up when loaded: smaller, and the same numbers."""
    casts = []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < SMALL:
            continue
        with np.errstate(over="ignore"):
            half = values.astype(np.float16)
        if np.array_equal(half.astype(np.float32), values):
            casts.append(helper.make_node("Cast", [f"{tensor.name}_half"], [tensor.name], to=TensorProto.FLOAT))
            tensor.CopyFrom(numpy_helper.from_array(half, f"{tensor.name}_half"))
    for node in reversed(casts):
        model.graph.node.insert(0, node)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line: 0 when all asked for were made, 1 when some could not be, 2 for wrong use."""
    name, what = "python -m wassr.evaluation.judge_export", __doc__.partition("\n")[0]
    parser = argparse.ArgumentParser(prog=name, description=what)
    parser.add_argument("weights", type=Path, help="folder with trunks and heads; docs/judges.md names the files")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder for the .onnx files")
    parser.add_argument("--only", nargs="+", choices=list(PARTS), default=list(PARTS), metavar="NAME")
    options = parser.parse_args(arguments)
    failed = False
    for name in options.only:
        path = options.output / f"{name}.onnx"
        try:
            differences = export_judge(name, options.weights, path)
        except WassrError as error:
            print(f"error: {error}")
            failed = True
            continue
        shown = ", ".join(f"{engine} within {value:.0e} of torch" for engine, value in differences.items())
        print(f"{path}: {path.stat().st_size / 1e6:.1f} MB; {shown}")
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main())
