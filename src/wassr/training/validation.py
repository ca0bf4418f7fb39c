"""Validation: the averaged generator on held-out pictures, as a user would get them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wassr.data.chain import Step
from wassr.data.degradations import degrade
from wassr.data.dice import dice_of_picture
from wassr.data.folders import read_levels
from wassr.evaluation.judges import judge_metric
from wassr.evaluation.metrics import colour_drift, lr_consistency, psnr_rgb, psnr_y, ssim_y
from wassr.evaluation.scoring import SMALLEST
from wassr.evaluation.texture import checkerboard, high_band_ratio
from wassr.ground.errors import CannotStart, EngineError, ModelError, PictureError
from wassr.models.build import Generator
from wassr.pixels.jpeg_traces import UNCOMPRESSED, history
from wassr.pixels.picture import picture_from_array
from wassr.pixels.resize import resize, shrink, to_levels
from wassr.training.make import upscaler_of
from wassr.training.recipe import Recipe

Levels = NDArray[np.uint8]
Enlarge = Callable[[Levels], Levels]
DIFFERENCE_GAIN = 4
TRIES = 20  # of a chain, until it does something to a picture
VALIDATION_SEED = 0  # the same for all recipes


@dataclass(frozen=True)
class Pair:
    """A held-out picture and its low side; high is cut to a multiple of the scale.

    clean: low before it was degraded; None where it is low itself. quality: that wassr finds in low.
    """

    name: str
    low: Levels
    high: Levels
    clean: Levels | None = None
    quality: int = UNCOMPRESSED

    @property
    def undegraded(self) -> Levels:
        """The low side that a result is held to: what was done to the input must not be rewarded."""
        return self.low if self.clean is None else self.clean


def validation_pairs(
    paths: list[Path], scale: int, smallest: int = 0, longest: int = 512, degradations: tuple[Step, ...] = ()
) -> list[Pair]:
    """Read held-out pictures; the middle of larger ones, so that validation stays a small part of training.

    What the chain of degradations draws depends on a picture's name only, so that all runs are judged on the same.
    Left out: unreadable ones and those with a side under `smallest` or too small to be scored; at scale 1 also those
    that the chain cannot change. Raises TrainingError when none is left.
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
        clean = shrink(high, scale)
        if degradations:
            low = _degraded(high, degradations, scale, path.name)
            if low is not None:
                pairs.append(Pair(path.name, low, high, clean, history(picture_from_array(low)).told))
        else:
            pairs.append(Pair(path.name, clean, high))
    if not pairs:
        raise CannotStart(
            f"{paths[0].parent}: none of the {len(paths)} held-out pictures is readable and at least "
            f"{needed} x {needed} pixels; name others in data.valid"
        )
    return pairs


def _degraded(high: Levels, degradations: tuple[Step, ...], scale: int, name: str) -> Levels | None:
    """The low side of a picture. At scale 1 the dice are thrown until something is done to it; None if nothing ever is.

    An untouched picture would be its own answer there, with an infinite PSNR, and the mean of all would be, too.
    """
    dice = dice_of_picture(VALIDATION_SEED, name)
    for _ in range(TRIES):
        low = degrade(high, degradations, scale, dice).levels
        if scale > 1 or (low != high).any():
            return low
    return None


def validate(enlarge: Enlarge, pairs: list[Pair], scale: int) -> dict[str, float]:
    """Means over the pictures, under the names of the table of metrics; what is dear is looked at in their middles.

    valid/high_band and valid/checkerboard: evaluation.texture. Without a perceptual judge valid/lpips is left out. At
    scale 1 there is no band beyond the low side, no raster of upsampling and nothing that could be reduced again.
    """
    results = [enlarge(pair.low) for pair in pairs]
    values = metrics(results, pairs, scale)
    middles = [(middle(made, scale), middle(pair.high, scale)) for made, pair in zip(results, pairs, strict=True)]
    if scale > 1:
        values["high_band"] = high_band_ratio(middles, scale)
        values["checkerboard"] = checkerboard(middles, scale)
    distances = [distance for made, high in middles if (distance := perceptual_distance(made, high)) is not None]
    if distances:
        values["lpips"] = float(np.mean(distances))
    return {f"valid/{name}": value for name, value in values.items()}


def metrics(results: Sequence[Levels], pairs: Sequence[Pair], scale: int) -> dict[str, float]:
    """The rows of the table of metrics that whole pictures are measured by: means over the pictures."""
    return {
        name: float(np.mean([measure(made, pair) for made, pair in zip(results, pairs, strict=True)]))
        for name, measure in _measures(scale).items()
    }


def _measures(scale: int) -> dict[str, Callable[[Levels, Pair], float]]:
    measures: dict[str, Callable[[Levels, Pair], float]] = {
        "psnr_y": lambda made, pair: psnr_y(made, pair.high, scale),
        "psnr_rgb": lambda made, pair: psnr_rgb(made, pair.high, scale),
        "ssim_y": lambda made, pair: ssim_y(made, pair.high, scale),
        "lr_consistency": lambda made, pair: lr_consistency(made, pair.undegraded, scale),
        "colour_drift": lambda made, pair: colour_drift(made, pair.high, scale),
    }
    if scale == 1:
        del measures["lr_consistency"]
    return measures


def middle(picture: Levels, scale: int, size: int = 256) -> Levels:
    """The middle of a picture, at most `size` a side, sides divisible by `scale`."""
    height, width = (min(side, size) // scale * scale for side in picture.shape[:2])
    top, left = (picture.shape[0] - height) // 2, (picture.shape[1] - width) // 2
    return picture[top : top + height, left : left + width]


def perceptual_distance(made: Levels, high: Levels) -> float | None:
    """LPIPS by the judge in the package; None without it or an engine, or for a picture too small for it."""
    judge = _judge()
    value = judge(made, high, 1) if judge else float("nan")
    return None if np.isnan(value) else value


@cache
def _judge() -> Callable[[Levels, Levels, int], float] | None:
    try:
        return judge_metric("lpips").compute
    except (ModelError, EngineError):
        return None


def enlarger(generator: Generator, recipe: Recipe) -> Enlarge:
    """8-bit in, 8-bit out, through the Upscaler that users run (torch engine, float32)."""
    upscaler = upscaler_of(generator, recipe)
    return lambda low: np.asarray(upscaler(low))


def bicubic(scale: int) -> Enlarge:
    """The plain enlargement that every model is compared with."""
    return lambda low: to_levels(resize(low.astype(np.float32), low.shape[0] * scale, low.shape[1] * scale, scale))


def sample_grid(pairs: Sequence[Pair], columns: Sequence[Sequence[Levels]], scale: int, size: int = 128) -> Levels:
    """low | columns ... | high, one row a picture, (H, W, 3): the middle `size` pixels.

    columns: for each way to enlarge its results, one a picture.
    """
    lines = []
    for pair, *made in zip(pairs, *columns, strict=True):
        cells = [np.repeat(np.repeat(pair.low, scale, 0), scale, 1), *made, pair.high]
        lines.append(np.concatenate([_shown(cell, size) for cell in cells], axis=1))
    return _stacked(lines)


def difference_map(start: Sequence[Levels], now: Sequence[Levels], size: int = 128) -> Levels:
    """start | now | gray + DIFFERENCE_GAIN (now - start): what the adversarial stage put into the pictures."""
    lines = []
    for one, other in zip(start, now, strict=True):
        before, after = _shown(one, size), _shown(other, size)
        change = DIFFERENCE_GAIN * (after.astype(np.float32) - before.astype(np.float32))
        lines.append(np.concatenate([before, after, to_levels(128 + change)], axis=1))
    return _stacked(lines)


def _shown(picture: Levels, size: int) -> Levels:
    top, left = ((n - size) // 2 for n in picture.shape[:2])
    return picture[max(top, 0) :, max(left, 0) :][:size, :size]


def _stacked(lines: list[Levels]) -> Levels:
    width = max(line.shape[1] for line in lines)
    return np.concatenate([np.pad(line, ((0, 0), (0, width - line.shape[1]), (0, 0))) for line in lines])
