"""A tiny model file for tests, made by hand: no torch, no training, yet it sharpens as a trained network does."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from wassr.models.card import Base, Card, Channels
from wassr.models.modelfile import KEY

RADIUS = 2


def tiny_card(scale: int = 4, channels: Channels = "rgb", base: Base = "bicubic", consistency: int = 0) -> Card:
    return Card(
        name=f"tiny-x{scale}", purpose="tests", network="tiny", scale=scale, channels=channels, base=base,
        radius=RADIUS, consistency=consistency, licence="CC0-1.0", licence_data="none", gmac_per_megapixel=0.1,
    )  # fmt: skip


def tiny_model(path: Path, card: Card | None = None, strength: float = 0.3) -> Path:
    """Conv 3x3 (what the neighbourhood lacks, both signs) - ReLU - conv 3x3 - depth to space (CRD).

    With base `none` the centre pixel is added, so that the output is the picture itself.
    """
    card = card or tiny_card()
    colours, scale = 1 if card.channels == "y" else 3, card.scale
    first = np.zeros((2 * colours, colours, 3, 3), np.float32)
    second = np.zeros((colours * scale**2, 2 * colours, 3, 3), np.float32)
    for c in range(colours):
        first[2 * c, c] = -1 / 9
        first[2 * c, c, 1, 1] += 1
        first[2 * c + 1, c] = -first[2 * c, c]
        if card.base == "none":
            first[2 * c, c, 1, 1] += 1 / strength
        for p in range(scale**2):
            gain = strength * (1 + 0.1 * np.sin(p))
            second[c * scale**2 + p, 2 * c, 1, 1] = gain
            second[c * scale**2 + p, 2 * c + 1, 1, 1] = -gain
            second[c * scale**2 + p, 2 * c, (p // scale) * 2 // scale, p % scale % 3] += 0.02
    nodes = [
        helper.make_node("Conv", ["low", "first"], ["a"], kernel_shape=[3, 3], pads=[1] * 4),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Conv", ["b", "second"], ["c"], kernel_shape=[3, 3], pads=[1] * 4),
        helper.make_node("DepthToSpace", ["c"], ["high"], blocksize=scale, mode="CRD"),
    ]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, colours, height, width])
        for name, height, width in (("low", "h", "w"), ("high", "sh", "sw"))
    ]
    weights = [numpy_helper.from_array(first, "first"), numpy_helper.from_array(second, "second")]
    graph = helper.make_graph(nodes, "tiny", ends[:1], ends[1:], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    helper.set_model_props(model, {KEY: card.to_json()})
    onnx.save(model, path)
    return path


def photo(height: int, width: int, gray: bool = False, seed: int = 0) -> np.ndarray:
    """Something like a photograph: float32 (H, W, 3 or 1) in [0, 1] with edges, slopes, texture and colour."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    planes = []
    for _ in range(1 if gray else 3):
        a, b, d, e = random.uniform(0.05, 0.5, 4)
        wave = 0.2 * np.sin(a * x) * np.cos(b * y) + 0.15 * (np.sin(d * x + e * y) > 0)
        grain = np.kron(random.standard_normal((height // 3 + 1, width // 3 + 1)), np.ones((3, 3)))[:height, :width]
        planes.append(0.35 + wave + 0.1 * x / width + 0.05 * grain + 0.03 * random.standard_normal((height, width)))
    return np.clip(np.stack(planes, axis=-1), 0, 1).astype(np.float32)
