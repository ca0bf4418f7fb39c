"""What bin projection brings: PSNR of models on JPEG input, alone, with back-projection, with bins.

python benchmarks/bins.py compact-x4 wassr-x4 --data PICTURES... [--peers PEERS] [--save]

Originals are reduced by bicubic, saved as JPEG (Pillow, 4:2:0) once or twice, and enlarged. `--peers` adds
LSDIRCompactC3, a GAN of another author that was trained on JPEG input too and follows its input less.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import machine
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from wassr.data.folders import find_pictures, read_levels
from wassr.evaluation.metrics import psnr_rgb, psnr_y
from wassr.evaluation.scoring import case_of
from wassr.pixels.formats import read_picture
from wassr.pixels.jpeg_traces import history
from wassr.pixels.picture import quantise
from wassr.upscaling.bands import Consistent, Planes, Stage, collect
from wassr.upscaling.bins import InBins, bins_of
from wassr.upscaling.upscaler import Upscaler

Floats = NDArray[np.float32]
Network = Callable[[Floats, int], Floats]  # (3, h, w), its quality, to (3, 4 h, 4 w); no consistency pass

SCALE = 4
# qualities of the generations, and the shift between two of them
SAVED = {
    "q30": ((30,), 0),
    "q50": ((50,), 0),
    "q70": ((70,), 0),
    "q90": ((90,), 0),
    "q30, then q75": ((30, 75), 0),
    "q50, then q90": ((50, 90), 0),
    "q50, cropped, q90": ((50, 90), 3),
}
WIDTHS = {"bins": None, "half bins": 0.5, "whole bins": 1.0}  # None: as `bins_of` says
WAYS = ("network alone", "back-projection", *WIDTHS)


@dataclass(frozen=True)
class Row:
    """One model on one kind of input. psnr_y, psnr_rgb: mean in dB for each of WAYS."""

    model: str
    saved: str
    psnr_y: tuple[float, ...]
    psnr_rgb: tuple[float, ...]


def shipped(name: str) -> Network:
    """A model of wassr without its consistency passes."""
    model = Upscaler(name)
    plain = Upscaler.from_engine(model.card, model.engine, thorough=True)

    def enlarge(low: Floats, quality: int) -> Floats:
        height, width = (SCALE * size for size in low.shape[1:])
        grid = plain.cut(*low.shape[1:])
        stage = plain.stage(low, grid, height, width, name, lambda: None, bins=(), quality=quality)
        return stage.rows(0, height)

    return enlarge


def peer(folder: Path) -> Network:
    """LSDIRCompactC3 from the folder of peers' weights."""
    import peers
    import torch

    network = peers.load("lsdir-compact-c3", folder)

    @torch.no_grad()
    def enlarge(low: Floats, _quality: int) -> Floats:
        return network(torch.from_numpy(low)[None])[0].numpy()

    return enlarge


def compressed(levels: NDArray[np.uint8], qualities: Sequence[int], shift: int) -> bytes:
    """JPEG, as often as there are qualities; mirrored rows and columns, cut off again, shift the last one's blocks."""
    for quality in qualities[:-1]:
        larger = np.pad(levels, ((shift, 0), (shift, 0), (0, 0)), "symmetric")
        with Image.open(io.BytesIO(_saved(larger, quality))) as opened:
            levels = np.asarray(opened)[shift:, shift:]
    return _saved(levels, qualities[-1])


def _saved(levels: NDArray[np.uint8], quality: int) -> bytes:
    out = io.BytesIO()
    Image.fromarray(levels).save(out, "JPEG", quality=quality)
    return out.getvalue()


def measure(name: str, network: Network, paths: Sequence[Path], saved: str) -> Row:
    """All ways on all pictures."""
    values = []
    for path in paths:
        case = case_of("", path.name, read_levels(path), SCALE)
        assert case.high is not None
        picture = read_picture(compressed(case.low, *SAVED[saved]), path.name)
        low = np.ascontiguousarray(picture.colour.transpose(2, 0, 1))
        past = history(picture)
        made, found = Planes(network(low, past.told)), bins_of(picture, past)
        ways: list[Stage] = [made, Consistent(made, low)]
        for width in WIDTHS.values():
            bins = found if width is None else tuple(replace(one, width=width) for one in found)
            ways.append(InBins(made, bins, *low.shape[1:]))
        levels = [quantise(collect(way), 8) for way in ways]
        values.append([[metric(one, case.high, SCALE) for one in levels] for metric in (psnr_y, psnr_rgb)])
    means = np.mean(values, axis=0)
    return Row(name, saved, tuple(means[0].tolist()), tuple(means[1].tolist()))


def line(one: Row) -> str:
    """Markdown: what the network gives alone, and what each way adds."""
    cells = []
    for values in (one.psnr_y, one.psnr_rgb):
        cells += [f"{values[0]:.2f}", *(f"{value - values[0]:+.3f}" for value in values[1:])]
    return f"| {one.model} | {one.saved} | {' | '.join(cells)} |"


def table(rows: Sequence[Row], pictures: int) -> str:
    """Markdown."""
    titles = [f"{way}, {metric}" for metric in ("Y", "RGB") for way in WAYS]
    lines = [f"| model | input | {' | '.join(titles)} |", "|---" * (2 + len(titles)) + "|", *map(line, rows)]
    lines += [
        "",
        f"PSNR in dB, {pictures} pictures, x{SCALE}, border of {SCALE}; all but the first are differences.",
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--data", nargs="+", type=Path, required=True, help="originals: files or folders")
    parser.add_argument("--peers", type=Path, metavar="PEERS_DIR")
    parser.add_argument("--save", action="store_true", help="write benchmarks/results/bins.json")
    options = parser.parse_args(arguments)
    here = machine.describe()
    paths = find_pictures(options.data)
    networks = {Path(name).stem: shipped(name) for name in options.models}
    if options.peers is not None:
        networks["LSDIRCompactC3"] = peer(options.peers)
    rows = []
    for name, network in networks.items():
        for saved in SAVED:
            rows.append(measure(name, network, paths, saved))
            print(line(rows[-1]), flush=True)
    text = table(rows, len(paths))
    print(text)
    print(here.line())
    if options.save:
        print(f"written: {machine.save('bins', here, rows, markdown=text)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
