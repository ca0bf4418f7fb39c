"""Channels that never fire: how much of a network's body is dead.

python benchmarks/silent.py compact-x4 wassr-x4 --data PICTURES

For each activation of a model's training form, the channels to which no low side of the pictures ever gives anything
positive. Under ReLU such a channel is zero for good and learns no more; a leaky one passes it on, scaled.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import machine
import torch
from torch import Tensor, nn

from wassr.data.folders import find_pictures, read_levels
from wassr.data.stream import luma, with_quality
from wassr.ground.errors import ModelError, WassrError
from wassr.models.build import build_generator
from wassr.models.card import Card
from wassr.models.modelfile import load_weights
from wassr.models.shelf import find
from wassr.networks.blocks import Residual
from wassr.pixels.jpeg_traces import UNCOMPRESSED
from wassr.pixels.resize import shrink

SIDE = 384  # of the middles that are looked at
ACTIVATIONS = (nn.ReLU, nn.LeakyReLU, nn.PReLU)


@dataclass(frozen=True)
class Layer:
    """An activation. silent: channels that never get anything positive, of all."""

    name: str
    silent: int
    channels: int


def silent(network: nn.Module, lows: Iterable[Tensor]) -> list[Layer]:
    """Every activation of a network in the order of its layers. lows: (1, C, h, w) in [0, 1]."""
    return [Layer(name, int((peak <= 0).sum()), len(peak)) for name, peak in peaks(network, lows).items()]


def peaks(network: nn.Module, lows: Iterable[Tensor]) -> dict[str, Tensor]:
    """The most that each channel of each activation gets."""
    most: dict[str, Tensor] = {}

    def look(name: str, value: Tensor) -> None:
        peak = value.detach().amax(dim=(0, 2, 3))
        most[name] = torch.maximum(most[name], peak) if name in most else peak

    hooks = []
    for name, module in network.named_modules():
        if isinstance(module, ACTIVATIONS):
            hooks.append(module.register_forward_pre_hook(lambda _, given, name=name: look(name, given[0])))
        elif isinstance(module, Residual) and module.activate_sum:
            hooks.append(module.register_forward_hook(lambda _, __, made, name=name: look(f"{name}, sum", made)))
    try:
        with torch.no_grad():
            for low in lows:
                network(low)
    finally:
        for hook in hooks:
            hook.remove()
    return most


def trained(name: str) -> tuple[nn.Module, Card]:
    """The training form of a model. Raises ModelError when there is none."""
    file = find(name)
    if file.weights is None:
        raise ModelError(f"{name} has no training form (.safetensors) beside it")
    weights, card = load_weights(file.weights)
    return build_generator(card, weights).network, card


def low_sides(folder: Path, card: Card) -> Iterator[Tensor]:
    """The middles of a folder's pictures, reduced, as the model takes them; told that nothing was compressed."""
    for file in find_pictures([folder]):
        pixels = read_levels(file)
        top, left = (max(size - SIDE, 0) // 2 for size in pixels.shape[:2])
        middle = pixels[top : top + SIDE, left : left + SIDE]
        height, width = (size // card.scale * card.scale for size in middle.shape[:2])
        low = torch.from_numpy(shrink(middle[:height, :width], card.scale)).permute(2, 0, 1)[None] / 255
        low = luma(low) if card.channels == "y" else low
        yield with_quality(low, [UNCOMPRESSED]) if card.quality_plane else low


def table(found: dict[str, list[Layer]]) -> str:
    """Markdown: a row for each model."""
    lines = ["| model | silent channels by activation | in all |", "|---|---|---|"]
    for name, layers in found.items():
        each = ", ".join(f"{layer.silent}/{layer.channels}" for layer in layers)
        share = sum(layer.silent for layer in layers) / sum(layer.channels for layer in layers)
        lines.append(f"| {name} | {each} | {share:.0%} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--data", type=Path, required=True)
    options = parser.parse_args(arguments)
    found = {}
    try:
        for name in options.models:
            network, card = trained(name)
            found[name] = silent(network, low_sides(options.data, card))
    except WassrError as error:
        print(f"error: {error}")
        return 1
    print(table(found))
    print(machine.describe().line())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
