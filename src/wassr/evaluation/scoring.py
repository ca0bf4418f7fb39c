"""Scores of a model on a folder of pictures, by the usual protocol: crop, shrink, enlarge, compare. No torch.

A model is anything that takes 8-bit pixels (h, w, 3) and gives (scale h, scale w, 3), so that users' results are what
is judged: after base, back-projection and rounding. Every number carries its protocol.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wassr.data.folders import find_pictures, read_levels
from wassr.evaluation.metrics import METRICS, Metric
from wassr.ground.errors import PictureError
from wassr.models.card import Measurement
from wassr.pixels.resize import resize_rounded, shrink

Levels = NDArray[np.uint8]
Enlarge = Callable[[Levels], Levels]

SMALLEST = 11  # pixels that must be left within the border: the window of SSIM


@dataclass(frozen=True)
class Value:
    """One number with what it needs to be read."""

    metric: str
    value: float
    unit: str
    higher_is_better: bool
    protocol: str


@dataclass(frozen=True)
class PictureScore:
    """All metrics of one picture; height and width of the original after the crop to a multiple of the scale."""

    picture: str
    height: int
    width: int
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Score:
    """One model on one set: rows of single pictures, and means of the per-picture values."""

    data: str
    scale: int
    pictures: tuple[PictureScore, ...]
    means: tuple[Value, ...]
    protocol: str

    def mean(self, metric: str) -> float:
        """The mean of one metric. Raises KeyError when it was not computed."""
        for value in self.means:
            if value.metric == metric:
                return value.value
        raise KeyError(metric)

    def measurements(self, how: str = "") -> tuple[Measurement, ...]:
        """The means for a card; `how` says what made the pictures (engine, precision)."""
        return tuple(
            Measurement(
                data=self.data,
                metric=v.metric,
                value=round(v.value, 4),
                unit=v.unit,
                protocol="; ".join(part for part in (self.protocol, v.protocol, how) if part),
            )
            for v in self.means
        )


def score_folder(
    enlarge: Enlarge, folder: Path, scale: int, metrics: Mapping[str, Metric] = METRICS, name: str = ""
) -> Score:
    """Score a model on all pictures of a folder.

    Raises TrainingError when the folder is missing or empty, PictureError when a picture cannot be read, is too small,
    or when the model gives a picture of the wrong size or kind.
    """
    rows = tuple(
        score_picture(enlarge, picture, high, scale, metrics) for picture, high in originals(find_pictures([folder]))
    )
    protocol = (
        f"x{scale}; low resolution by 8-bit bicubic (MATLAB's), cropped to multiples; mean of {len(rows)} pictures"
    )
    return Score(name or folder.name, scale, rows, _means(rows), protocol)


def score_picture(
    enlarge: Enlarge, name: str, high: Levels, scale: int, metrics: Mapping[str, Metric] = METRICS
) -> PictureScore:
    """Shrink one original, enlarge it by the model, and compare. Raises PictureError as `score_folder` does."""
    low, high = low_and_high(name, high, scale)
    made = enlarge(low)
    if made.shape != high.shape or made.dtype != np.uint8:
        raise PictureError(
            name, f"the model made {made.dtype} {made.shape} where uint8 {high.shape} is needed; is its scale {scale}?"
        )
    values = []
    for key, metric in metrics.items():
        value = metric.compute(made, high if metric.reference == "high" else low, scale)
        values.append(Value(key, value, metric.unit, metric.higher_is_better, metric.protocol))
    return PictureScore(name, high.shape[0], high.shape[1], tuple(values))


def low_and_high(name: str, high: Levels, scale: int) -> tuple[Levels, Levels]:
    """The original cropped to a multiple of the scale at its upper left corner, and its reduction."""
    height, width = (size // scale * scale for size in high.shape[:2])
    if min(height, width) < SMALLEST + 2 * scale:
        raise PictureError(name, f"{width}x{height} pixels are too few to be scored at x{scale}")
    high = high[:height, :width]
    return shrink(high, scale), high


def originals(paths: Sequence[Path]) -> Iterator[tuple[str, Levels]]:
    """Name and pixels (H, W, 3) of each; gray is repeated in three equal channels, alpha dropped."""
    for path in paths:
        yield path.name, read_levels(path)


def bicubic(scale: int) -> Enlarge:
    """MATLAB's bicubic on 8-bit pixels, rounded after each axis, as published tables have it."""
    return lambda low: resize_rounded(low, low.shape[0] * scale, low.shape[1] * scale, scale)


def nearest(scale: int) -> Enlarge:
    """Every pixel repeated."""
    return lambda low: np.repeat(np.repeat(low, scale, axis=0), scale, axis=1)


def _means(rows: Sequence[PictureScore]) -> tuple[Value, ...]:
    columns = zip(*(row.values for row in rows), strict=True)
    return tuple(
        Value(c[0].metric, float(np.mean([v.value for v in c])), c[0].unit, c[0].higher_is_better, c[0].protocol)
        for c in columns
    )
