"""Scores of a model on a folder of pictures, by the usual protocol: crop, shrink, enlarge, compare. No torch.

A model is anything that takes 8-bit pixels (h, w, 3) and gives (scale h, scale w, 3), so that users' results are what
is judged: after base, back-projection and rounding. A score without its protocol cannot be made.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wassr.data.folders import find_pictures, read_levels
from wassr.evaluation.compressed import Saved
from wassr.evaluation.metrics import METRICS, Metric
from wassr.evaluation.statistics import interval
from wassr.ground.errors import PictureError
from wassr.ground.words import counted
from wassr.models.card import Measurement
from wassr.pixels.resize import resize_rounded, shrink

Levels = NDArray[np.uint8]
Floats = NDArray[np.float64]
Enlarge = Callable[[Levels], Levels]

SMALLEST = 11  # pixels that must be left within the border: the window of SSIM
REDUCED = "low resolution by 8-bit bicubic (MATLAB's), cropped to multiples"
WHOLE = "inputs are the originals, nothing is reduced"  # at scale 1
GIVEN = "the pictures themselves are the low resolution, there are no originals"


@dataclass(frozen=True)
class Case:
    """One picture of a set, to be enlarged: low (h, w, 3); high is the original, None where there is none.

    file: the JPEG file that low was decoded from; clean: low before that. None where nothing was saved.
    """

    data: str
    name: str
    low: Levels
    high: Levels | None
    file: bytes | None = None
    clean: Levels | None = None


@dataclass(frozen=True)
class PictureScore:
    """All metrics of one picture; height and width of what was scored. A metric that it is too small for is NaN."""

    picture: str
    height: int
    width: int
    values: Mapping[str, float]


@dataclass(frozen=True)
class Score:
    """One model on one set, with how it was computed. metrics: what each number is; source: how the pictures came;
    saved: at which quality of JPEG, where that was asked for.

    Raises ValueError when one of them says nothing: numbers without a protocol are not for printing.
    """

    data: str
    scale: int
    metrics: Mapping[str, Metric]
    pictures: tuple[PictureScore, ...]
    source: str
    saved: Saved | None = None

    def __post_init__(self) -> None:
        silent = [name for name, metric in self.metrics.items() if not metric.protocol]
        if silent or not self.source:
            raise ValueError(f"{self.data}: no protocol of {', '.join(silent) or 'the pictures'}")

    def protocol(self, metric: str) -> str:
        """Of a metric's mean, but for what the metric says itself."""
        return f"{self.source}; mean of {counted(len(self.known(metric)), 'picture')}"

    def column(self, metric: str) -> Floats:
        """One metric of all pictures, in their order; NaN where it says nothing. Raises KeyError for another metric."""
        return np.array([picture.values[metric] for picture in self.pictures], dtype=np.float64)

    def known(self, metric: str) -> Floats:
        """The same without NaN."""
        column = self.column(metric)
        return column[~np.isnan(column)]

    def mean(self, metric: str) -> float:
        """The mean over pictures; NaN when the metric says nothing about any of them."""
        values = self.known(metric)
        return float(values.mean()) if len(values) else float("nan")

    def interval(self, metric: str) -> tuple[float, float]:
        """The 95 % bootstrap interval of the mean."""
        return interval(self.known(metric))

    def measurements(self, how: str = "") -> tuple[Measurement, ...]:
        """The means for a card; `how` says what made the pictures (engine, precision)."""
        return tuple(
            Measurement(
                data=self.data,
                metric=name,
                value=round(self.mean(name), 4),
                unit=metric.unit,
                protocol="; ".join(part for part in (self.protocol(name), metric.protocol, how) if part),
            )
            for name, metric in self.metrics.items()
        )


def score_folder(
    enlarge: Enlarge, folder: Path, scale: int, metrics: Mapping[str, Metric] = METRICS, name: str = ""
) -> Score:
    """Score a model on all pictures of a folder.

    Raises TrainingError when the folder is missing or empty, PictureError when a picture cannot be read, is too small,
    or when the model gives a picture of the wrong size or kind.
    """
    data = name or folder.name
    rows = []
    for path in find_pictures([folder]):
        case = case_of(data, path.name, read_levels(path), scale)
        rows.append(score_case(case, enlarge(case.low), scale, metrics))
    return score_of(data, scale, metrics, rows)


def score_of(
    data: str,
    scale: int,
    metrics: Mapping[str, Metric],
    rows: list[PictureScore],
    references: bool = True,
    saved: Saved | None = None,
) -> Score:
    """Rows of one model on one set as a score, with how their pictures came."""
    source = GIVEN if not references else WHOLE if scale == 1 else REDUCED
    parts = (f"x{scale}", source, saved.protocol if saved else "")
    return Score(data, scale, metrics, tuple(rows), "; ".join(filter(None, parts)), saved)


def score_case(case: Case, made: Levels, scale: int, metrics: Mapping[str, Metric]) -> PictureScore:
    """Compare what a model made with the original or the input: the clean one, or artefacts would be rewarded.

    Raises PictureError when it has the wrong size or kind.
    """
    height, width = case.low.shape[0] * scale, case.low.shape[1] * scale
    if made.shape != (height, width, 3) or made.dtype != np.uint8:
        found = f"{made.shape[1]}x{made.shape[0]}" if made.ndim > 1 else f"{made.size} values"
        due = f"{width}x{height} (uint8, RGB)"
        raise PictureError(case.name, f"the result is {found} ({made.dtype}) instead of {due}; is its scale {scale}?")
    values, low = {}, case.low if case.clean is None else case.clean
    for key, metric in metrics.items():
        reference = case.high if metric.reference == "high" else low
        if reference is None:
            raise PictureError(case.name, f"{key} needs an original")
        values[key] = metric.compute(made, reference, scale)
    return PictureScore(case.name, height, width, values)


def case_of(data: str, name: str, high: Levels, scale: int) -> Case:
    """An original (H, W, 3) cropped to a multiple of the scale at its upper left corner, with its reduction.

    Raises PictureError when it is too small to be scored.
    """
    height, width = (size // scale * scale for size in high.shape[:2])
    if min(height, width) < SMALLEST + 2 * scale:
        raise PictureError(name, f"{width}x{height} pixels are too few to be scored at x{scale}")
    high = high[:height, :width]
    return Case(data, name, shrink(high, scale), high)


def bicubic(scale: int) -> Enlarge:
    """MATLAB's bicubic on 8-bit pixels, rounded after each axis, as published tables have it; at scale 1 the input."""
    return lambda low: resize_rounded(low, low.shape[0] * scale, low.shape[1] * scale, scale)


def nearest(scale: int) -> Enlarge:
    """Every pixel repeated."""
    return lambda low: np.repeat(np.repeat(low, scale, axis=0), scale, axis=1)
