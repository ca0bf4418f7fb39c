"""Pictures that each metric rates wrongly: python examples/fooled.py JUDGES

Writes docs/pictures/numbers.png and the table of docs/numbers.md. JUDGES: folder with efficientnet.onnx, which is not
in the package; docs/judges.md says how to make it.
For every metric two altered versions of one photograph: one that is plainly wrong or that a viewer prefers, and one
that the metric likes better all the same. The values are measured here and written into docs/numbers.md.
"""

import io
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from wassr.evaluation.choice import choose_metrics
from wassr.evaluation.metrics import Metric
from wassr.pixels.resize import resize_rounded, shrink, to_levels

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "numbers.md"
SHEET = HERE.parent / "docs" / "pictures" / "numbers.png"
SCALE = 4
SIDE, GAP, TITLE = 176, 6, 38
TILE = 8 * SCALE  # a JPEG's block in the enlarged picture

Levels = NDArray[np.uint8]


@dataclass(frozen=True)
class Case:
    """A metric fooled: `liked` scores better than `disliked`, though it should not. place: of the shown crop."""

    metric: str
    liked: str
    disliked: str
    place: tuple[int, int]


def shifted(high: Levels) -> Levels:
    """One pixel to the right: nobody would notice."""
    return np.roll(high, 1, axis=1)


def blurred(high: Levels) -> Levels:
    return np.asarray(Image.fromarray(high).filter(ImageFilter.GaussianBlur(1.6)))


def recoloured(high: Levels) -> Levels:
    """Red and blue exchanged, then every pixel brought back to its luma: right in light, wrong in colour."""
    weights = np.array([65.481, 128.553, 24.966]) / 219
    wrong = high[..., ::-1].astype(np.float64)
    for _ in range(8):  # clipping moves the luma again
        wrong = np.clip(wrong + (high @ weights - wrong @ weights)[..., None], 0, 255)
    return to_levels(wrong)


def grainy(high: Levels) -> Levels:
    """A little film grain."""
    return to_levels(high + np.random.default_rng(0).normal(0, 7, (*high.shape[:2], 1)))


def turned_texture(high: Levels) -> Levels:
    """Detail put upside down within blocks of 4 pixels, averages kept: sharp, and none of it true."""
    height, width = (size // 4 * 4 for size in high.shape[:2])
    blocks = high[:height, :width].reshape(height // 4, 4, width // 4, 4, 3)
    made = high.copy()
    made[:height, :width] = blocks[:, ::-1, :, ::-1].reshape(height, width, 3)
    return made


def soft(high: Levels) -> Levels:
    """Reduced and enlarged again by bicubic: all that is there is true."""
    low = shrink(high, SCALE)
    return resize_rounded(low, high.shape[0], high.shape[1], SCALE)


def compressed(high: Levels) -> Levels:
    """A JPEG of quality 60."""
    saved = io.BytesIO()
    Image.fromarray(high).save(saved, "JPEG", quality=60)
    return np.asarray(Image.open(saved))


def patterned(high: Levels) -> Levels:
    """A chequered pattern of single pixels on the picture: gone once it is reduced."""
    y, x = np.indices(high.shape[:2])
    return to_levels(high + np.where((x + y) % 2, 12.0, -12.0)[..., None])


def half_and_half(high: Levels) -> Levels:
    """Left half warmer, right half cooler by as much: right on average."""
    tint = np.zeros(high.shape)
    middle = high.shape[1] // 2
    tint[:, :middle, 0], tint[:, middle : 2 * middle, 0] = 25, -25
    tint[:, :middle, 2], tint[:, middle : 2 * middle, 2] = -25, 25
    return to_levels(np.clip(high, 25, 230) + tint)


def tiled(high: Levels, beside: int, strength: float) -> Levels:
    """Squares as large as enlarged JPEG blocks, each brighter or darker, whose grid begins `beside` the corner."""
    rows, columns = (size // TILE + 2 for size in high.shape[:2])
    off = np.random.default_rng(0).uniform(-strength, strength, (rows, columns)).repeat(TILE, 0).repeat(TILE, 1)
    start = TILE - beside
    return to_levels(high + off[start:, start:][: high.shape[0], : high.shape[1], None])


def beside_the_grid(high: Levels) -> Levels:
    """Plain blocks where none are looked for."""
    return tiled(high, TILE // 2, 8)


def on_the_grid(high: Levels) -> Levels:
    """Fainter blocks, where they are looked for."""
    return tiled(high, 0, 6)


def upside_down(high: Levels) -> Levels:
    return high[::-1, ::-1]


def paler(high: Levels) -> Levels:
    """Two grey levels brighter throughout: nobody would notice."""
    return to_levels(high.astype(np.float64) + 2)


def same(high: Levels) -> Levels:
    return high


ALTERED: dict[str, Callable[[Levels], Levels]] = {
    "original": same,
    "moved by one pixel": shifted,
    "blurred": blurred,
    "red and blue exchanged, luma kept": recoloured,
    "light film grain": grainy,
    "4x4 blocks turned": turned_texture,
    "bicubic x4": soft,
    "JPEG of quality 60": compressed,
    "single-pixel chequers added": patterned,
    "left warmer, right cooler": half_and_half,
    "two grey levels brighter": paler,
    "blocks beside the grid": beside_the_grid,
    "fainter blocks on the grid": on_the_grid,
    "turned upside down": upside_down,
}

CASES = (
    Case("psnr_y", "blurred", "moved by one pixel", (96, 160)),
    Case("psnr_y_float", "red and blue exchanged, luma kept", "two grey levels brighter", (96, 160)),
    Case("psnr_rgb", "blurred", "moved by one pixel", (96, 160)),
    Case("psnr_b", "blocks beside the grid", "fainter blocks on the grid", (192, 96)),
    Case("ssim_y", "red and blue exchanged, luma kept", "light film grain", (96, 160)),
    Case("ssim_rgb", "left warmer, right cooler", "light film grain", (96, 287)),
    Case("lpips", "4x4 blocks turned", "bicubic x4", (96, 160)),
    Case("efficientnet", "red and blue exchanged, luma kept", "light film grain", (96, 160)),
    Case("niqe", "JPEG of quality 60", "original", (96, 160)),
    Case("lr_consistency", "single-pixel chequers added", "two grey levels brighter", (96, 160)),
    Case("colour_drift", "left warmer, right cooler", "two grey levels brighter", (96, 287)),
    Case("colour_drift_low", "turned upside down", "two grey levels brighter", (96, 160)),
)


def measured(row: Metric, made: Levels, high: Levels) -> float:
    return row.compute(made, shrink(high, SCALE) if row.reference == "low" else high, SCALE)


def main(judges: str) -> None:
    metrics = choose_metrics([case.metric for case in CASES], Path(judges))
    high = np.asarray(Image.open(HERE / "originals" / "circuit.webp").convert("RGB"))
    high = high[: high.shape[0] // SCALE * SCALE, : high.shape[1] // SCALE * SCALE]
    lines = ["| metric | better is | it prefers | to |", "|---|---|---|---|"]
    sheet = Image.new("RGB", (3 * (SIDE + GAP) - GAP, len(CASES) * (SIDE + TITLE)), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(12)
    for row, case in enumerate(CASES):
        higher = metrics[case.metric].higher_is_better
        pictures = {name: ALTERED[name](high) for name in ("original", case.liked, case.disliked)}
        values = {name: measured(metrics[case.metric], picture, high) for name, picture in pictures.items()}
        assert (values[case.liked] > values[case.disliked]) == higher, f"{case.metric} is not fooled: {values}"
        liked, disliked = (f"{name} ({values[name]:.3g})" for name in (case.liked, case.disliked))
        lines.append(f"| `{case.metric}` | {'higher' if higher else 'lower'} | {liked} | {disliked} |")
        for column, (name, label) in enumerate(
            (("original", f"{case.metric}: original"), (case.liked, f"preferred: {liked}"), (case.disliked, disliked))
        ):
            place = (column * (SIDE + GAP), row * (SIDE + TITLE))
            for line, words in enumerate(_wrapped(label)):
                draw.text((place[0] + 2, place[1] + 3 + 16 * line), words, fill="black", font=font)
            top, left = case.place
            sheet.paste(
                Image.fromarray(pictures[name][top : top + SIDE, left : left + SIDE]), (place[0], place[1] + TITLE)
            )
    SHEET.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(SHEET, optimize=True)
    text = PAGE.read_text(encoding="utf-8")
    table = "\n".join(lines)
    PAGE.write_text(
        re.sub(r"(<!-- fooled -->\n).*?(<!-- /fooled -->)", lambda m: f"{m[1]}{table}\n{m[2]}", text, flags=re.S),
        encoding="utf-8",
    )
    print(table)
    print(f"wrote {SHEET.relative_to(HERE.parent)} and {PAGE.relative_to(HERE.parent)}")


def _wrapped(text: str, width: int = 30) -> list[str]:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    return lines[:2]


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("python examples/fooled.py JUDGES: name the folder of efficientnet.onnx (docs/judges.md)")
    main(sys.argv[1])
