"""Validation: the averaged generator on held-out pictures, as a user would get them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wassr.data.folders import read_levels
from wassr.evaluation.metrics import lr_consistency, psnr_rgb, psnr_y, ssim_y
from wassr.evaluation.scoring import SMALLEST
from wassr.ground.errors import PictureError, TrainingError
from wassr.models.build import Generator
from wassr.pixels.resize import resize, shrink, to_levels
from wassr.training.make import upscaler_of
from wassr.training.recipe import Recipe

Levels = NDArray[np.uint8]
Enlarge = Callable[[Levels], Levels]


@dataclass(frozen=True)
class Pair:
    """A held-out picture and its reduction; high is cut to a multiple of the scale."""

    name: str
    low: Levels
    high: Levels


def validation_pairs(paths: list[Path], scale: int, smallest: int = 0, longest: int = 512) -> list[Pair]:
    """Read held-out pictures; the middle of larger ones, so that validation stays a small part of training.

    Left out: unreadable ones and those with a side under `smallest` or too small to be scored. Raises TrainingError
    when none is left.
    """
    needed, longest = max(smallest, SMALLEST + 2 * scale), max(smallest, longest)
    pairs = []
    for path in paths:
        try:
            high = read_levels(path)
        except PictureError:
            continue
        height, width = (min(size, longest) // scale * scale for size in high.shape[:2])
        if min(height, width) < needed:
            continue
        top, left = (high.shape[0] - height) // 2, (high.shape[1] - width) // 2
        high = high[top : top + height, left : left + width]
        pairs.append(Pair(path.name, shrink(high, scale), high))
    if not pairs:
        raise TrainingError(
            f"{paths[0].parent}: none of the {len(paths)} held-out pictures is readable and at least "
            f"{needed} x {needed} pixels; name others in data.valid"
        )
    return pairs


def validate(enlarge: Enlarge, pairs: list[Pair], scale: int) -> dict[str, float]:
    """Means over the pictures, under the names of the table of metrics."""
    rows = []
    for pair in pairs:
        made = enlarge(pair.low)
        rows.append(
            {
                "psnr_y": psnr_y(made, pair.high, scale),
                "psnr_rgb": psnr_rgb(made, pair.high, scale),
                "ssim_y": ssim_y(made, pair.high, scale),
                "lr_consistency": lr_consistency(made, pair.low, scale),
            }
        )
    return {f"valid/{name}": float(np.mean([row[name] for row in rows])) for name in rows[0]}


def enlarger(generator: Generator, recipe: Recipe) -> Enlarge:
    """8-bit in, 8-bit out, through the Upscaler that users run (torch engine, float32)."""
    upscaler = upscaler_of(generator, recipe)
    return lambda low: np.asarray(upscaler(low))


def bicubic(scale: int) -> Enlarge:
    """The plain enlargement that every model is compared with."""
    return lambda low: to_levels(resize(low.astype(np.float32), low.shape[0] * scale, low.shape[1] * scale, scale))


def sample_grid(pairs: list[Pair], columns: list[Enlarge], scale: int, rows: int = 3, size: int = 128) -> Levels:
    """low | columns ... | high, one row a picture, (H, W, 3): the middle `size` pixels of the first pictures."""
    lines = []
    for pair in pairs[:rows]:
        cells = [np.repeat(np.repeat(pair.low, scale, 0), scale, 1)]
        cells += [enlarge(pair.low) for enlarge in columns]
        cells.append(pair.high)
        top, left = ((n - size) // 2 for n in pair.high.shape[:2])
        lines.append(np.concatenate([cell[max(top, 0) :, max(left, 0) :][:size, :size] for cell in cells], axis=1))
    width = max(line.shape[1] for line in lines)
    return np.concatenate([np.pad(line, ((0, 0), (0, width - line.shape[1]), (0, 0))) for line in lines])
