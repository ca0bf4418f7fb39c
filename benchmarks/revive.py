"""Give the silent channels of a compact another life: the same function, with room to learn.

python benchmarks/revive.py MODEL --data PICTURES [--jpeg] -o FOLDER
wassr train RECIPE data=DIR --from FOLDER/MODEL.safetensors "generator.arguments={slope: 0.02}"

Channels that no low side of the pictures wakes (benchmarks/silent.py) get kernels drawn anew, and who reads them begins
by not reading them. --jpeg: pictures saved as JPEG count too, for a model of compressed ones. Training goes on
with a small slope, so that they do not fall silent again; training begins a decibel lower for it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import torch
from silent import low_sides, peaks, trained
from torch import Tensor

from wassr.data.stream import with_quality
from wassr.evaluation.compressed import Saved, decoded, jpeg_file
from wassr.ground.errors import WassrError
from wassr.models.modelfile import save_weights
from wassr.networks.blocks import RepConv
from wassr.networks.compact import Compact

QUALITIES = (10, 25, 50, 80)


@torch.no_grad()
def revive_(network: Compact, most: Mapping[str, Tensor]) -> int:
    """Redraw what is silent by these peaks, of `silent.peaks`; returns how many inner channels were. depth: 2."""
    before, count = "head.1", 0
    for place, block in enumerate(network.body):
        inner, outer = (layer for layer in block.modules() if isinstance(layer, RepConv))
        dead, unread = most[f"body.{place}.body.1"] <= 0, most[before] <= 0
        drawn = RepConv(inner.weight.shape[1], inner.weight.shape[0]).merged().to(inner.weight)
        kernel = inner.merged()
        kernel[:, unread] = 0  # what was silent before this block may speak now
        kernel[dead] = drawn[dead]
        inner.become_(kernel)
        inner.bias[dead] = 0
        kernel = outer.merged()
        kernel[:, dead] = 0
        outer.become_(kernel)
        before, count = f"body.{place}, sum", count + int(dead.sum())
    return count


def saved(low: Tensor, quality: int) -> Tensor:
    """(1, 3 or 4, h, w) in [0, 1] as a JPEG gives it back; a fourth plane says its quality."""
    levels = (255 * low[0, :3].permute(1, 2, 0)).round().byte().numpy()
    file = jpeg_file(levels, Saved(quality))
    assert file is not None
    colours = torch.from_numpy(decoded(file)).permute(2, 0, 1)[None] / 255
    return with_quality(colours, [quality]) if low.shape[1] > 3 else colours


def inputs(lows: Iterator[Tensor], jpeg: bool) -> Iterator[Tensor]:
    """The low sides, and with `jpeg` each of them at two qualities too."""
    for place, low in enumerate(lows):
        yield low
        for quality in QUALITIES[place % 2 :: 2] if jpeg else ():
            yield saved(low, quality)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--jpeg", action="store_true")
    parser.add_argument("-o", "--out", type=Path, default=Path("runs/revived"))
    options = parser.parse_args(arguments)
    torch.manual_seed(0)
    try:
        network, card = trained(options.model)
        if not isinstance(network, Compact):
            parser.error(f"{options.model} is no compact")
        count = revive_(network, peaks(network, inputs(low_sides(options.data, card), options.jpeg)))
        path = options.out / f"{card.name}.safetensors"
        path.parent.mkdir(parents=True, exist_ok=True)
        save_weights(path, {name: tensor.numpy() for name, tensor in network.state_dict().items()}, card)
    except WassrError as error:
        print(f"error: {error}")
        return 1
    print(f"wrote {path}: {count} inner channels begin anew")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
