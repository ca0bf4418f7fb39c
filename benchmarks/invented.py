"""How `--invented` was calibrated: what it flags of faithful results, and of results with detail pasted in.

python benchmarks/invented.py DIR [--model wassr-x4] [--faithful NAME ...] [--save]

Every picture of DIR is reduced by 4 and enlarged by the content model of --model, which all else is compared with:
bicubic and other faithful models, the model at two strengths, the true original, and the content model's own result
into whose middle something was pasted: the fine detail of another picture (what is left when its coarse part is taken
away, so that the result reduced again is nearly the input), a piece of another picture as it is, lines of text.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import machine
import numpy as np
import readme
from PIL import Image, ImageDraw

from wassr.data.folders import find_pictures, read_levels
from wassr.pixels.picture import Floats, Levels, Picture, quantise, to_floats
from wassr.pixels.resize import resize, shrink
from wassr.upscaling.invented import excess
from wassr.upscaling.upscaler import Upscaler
from wassr.upscaling.windows import window

SCALE = 4
SIDE = 144  # of what is pasted, pixels of the result
PAGE = Path(__file__).parent.parent / "docs" / "strength.md"
THRESHOLDS = (0.5, 0.6, 0.7, 0.8)


@dataclass(frozen=True)
class Row:
    """One kind of result. mean, most, least: share of the picture that is flagged at a threshold, over pictures; for
    pasted ones, of the pasted place."""

    result: str
    threshold: float
    mean: float
    least: float
    most: float


def material(
    originals: list[Floats], reference: Upscaler, others: Mapping[str, Upscaler]
) -> Iterator[dict[str, Floats]]:
    """Excess (h, w) of every kind of result of every picture; of pasted ones, that of the place only."""
    for i, original in enumerate(originals):
        height, width = original.shape[:2]
        low = to_floats(shrink(quantise(original, 8), SCALE))
        faithful = reference.enlarge(Picture(low)).colour
        made = {"bicubic": np.clip(resize(low, height, width), 0, 1)}
        made |= {name: upscaler.enlarge(Picture(low)).colour for name, upscaler in others.items()}
        made["the original"] = original
        found = {name: excess(result, faithful, *low.shape[:2]) for name, result in made.items()}
        top, left = (height - SIDE) // 2, (width - SIDE) // 2
        place = np.zeros((1, height, width), dtype=np.float32)
        place[0, top : top + SIDE, left : left + SIDE] = 1
        inside = window(place, low.shape[:2], (0, low.shape[0]), (0, low.shape[1]))[0] > 0.99
        for name, result in pasted(faithful, originals[i - 1], top, left).items():
            found[f"pasted: {name}"] = excess(result, faithful, *low.shape[:2])[inside]
        yield found


def pasted(faithful: Floats, other: Floats, top: int, left: int) -> dict[str, Floats]:
    """The faithful result with something in the square at (top, left), as files hold it: 0 to 1."""
    fine = other - resize(resize(other, other.shape[0] // SCALE, other.shape[1] // SCALE), *other.shape[:2])
    y, x = busiest(fine)
    source, target = np.s_[y : y + SIDE, x : x + SIDE], np.s_[top : top + SIDE, left : left + SIDE]
    detail, whole, text = faithful.copy(), faithful.copy(), faithful.copy()
    detail[target] += fine[source]
    whole[target] = other[source]
    image = Image.fromarray(quantise(faithful, 8))
    ink = "black" if faithful[target].mean() > 0.5 else "white"
    for line in range(SIDE // 18):
        ImageDraw.Draw(image).text((left, top + 18 * line), "Made up, all of this", fill=ink, font_size=15)
    text[target] = to_floats(np.asarray(image))[target]
    return {
        "detail of another picture": np.clip(detail, 0, 1),
        "a piece of another picture": whole,
        "text": text,
    }


def busiest(fine: Floats) -> tuple[int, int]:
    """Top and left of the square with the most detail."""
    places = [(y, x) for y in range(0, fine.shape[0] - SIDE, 32) for x in range(0, fine.shape[1] - SIDE, 32)]
    return max(places, key=lambda p: float(np.square(fine[p[0] : p[0] + SIDE, p[1] : p[1] + SIDE]).mean()))


def measure(found: list[dict[str, Floats]]) -> list[Row]:
    """Shares by kind of result and threshold."""
    rows = []
    for name in found[0]:
        for threshold in THRESHOLDS:
            shares = [float(np.mean(one[name] > threshold)) for one in found]
            rows.append(Row(name, threshold, float(np.mean(shares)), min(shares), max(shares)))
    return rows


def table(rows: list[Row]) -> str:
    """Markdown: a line for each kind of result, mean (least to most) in per cent under each threshold."""
    lines = [f"| result | {' | '.join(f'{t:g}' for t in THRESHOLDS)} |", "|---" * (len(THRESHOLDS) + 1) + "|"]
    for name in dict.fromkeys(row.result for row in rows):
        cells = [
            f"{100 * row.mean:.1f} ({100 * row.least:.1f} to {100 * row.most:.1f})"
            for row in rows
            if row.result == name
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path, metavar="DIR")
    parser.add_argument("--model", default="wassr-x4", help="its content model is what all is compared with")
    parser.add_argument("--faithful", nargs="*", default=["espcn-x4"], metavar="NAME", help="other content models")
    parser.add_argument(
        "--save", action="store_true", help="write benchmarks/results/invented.json, and the table of docs/strength.md"
    )
    options = parser.parse_args()
    here = machine.describe()
    model = Upscaler(options.model, precision="float32", strength=1)
    others = {f"faithful: {Path(name).stem}": Upscaler(name, precision="float32") for name in options.faithful}
    others |= {f"{options.model} at {strength:g}": model.at(strength) for strength in (0.5, 1)}
    originals = [cropped(read_levels(path)) for path in find_pictures([options.pictures])]
    rows = measure(list(material(originals, model.at(0), others)))
    print(table(rows))
    if options.save:
        print(f"written: {machine.save('invented', here, rows, markdown=table(rows))}")
        readme.put(PAGE, {"invented": table(rows)})


def cropped(levels: Levels) -> Floats:
    """Cut to a multiple of the scale."""
    height, width = (side // SCALE * SCALE for side in levels.shape[:2])
    return to_floats(levels[:height, :width])


if __name__ == "__main__":
    main()
