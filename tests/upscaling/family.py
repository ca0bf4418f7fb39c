"""A tiny content model and its child, for tests of what lies between them."""

from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from tests.upscaling.tiny import tiny_card, tiny_model

PARENT, CHILD = "tiny-x4", "child-x4"


def tiny_family(folder: Path, **changes: object) -> Path:
    """Writes a content model, and beside it a child whose layers all differ a little; gives the child's file.

    changes: of the child's card.
    """
    parent = tiny_model(folder / f"{PARENT}.onnx")
    made = onnx.load(parent)
    random = np.random.default_rng(3)
    for constant in made.graph.initializer:
        value = numpy_helper.to_array(constant)
        constant.raw_data = (
            (value + 0.15 * np.abs(value).mean() * random.standard_normal(value.shape)).astype(np.float32).tobytes()
        )
    card = tiny_card().model_copy(update={"name": CHILD, "parent": PARENT, **changes})
    onnx.helper.set_model_props(made, {"wassr_card": card.to_json()})
    onnx.save(made, folder / f"{CHILD}.onnx")
    return folder / f"{CHILD}.onnx"


def renamed(path: Path) -> None:
    """Give the constants of a model file other names; it computes the same."""
    model = onnx.load(path)
    names = {constant.name: f"my.{constant.name}" for constant in model.graph.initializer}
    for constant in model.graph.initializer:
        constant.name = names[constant.name]
    for node in model.graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
    onnx.save(model, path)
