"""Trends of short, noisy curves: Theil-Sen slopes with a bootstrap interval. No torch."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DRAWS = 400
INTERVAL = (0.025, 0.975)
MAD_TO_DEVIATION = 1.4826  # of a normal distribution


@dataclass(frozen=True)
class Trend:
    """slope: a step, between low and high (95 %). noise: standard deviation of the curve around the line, robust.

    spread: the same, at least the usual one: the robust one of six values is now and then far too small.

    change: slope times the span of the steps. order: Kendall's tau, 1 where every value is above all before it.
    """

    slope: float
    low: float
    high: float
    noise: float
    change: float
    spread: float
    order: float

    @property
    def rises(self) -> bool:
        """Significantly."""
        return self.low > 0

    @property
    def falls(self) -> bool:
        """Significantly."""
        return self.high < 0


def trend(steps: list[int], values: list[float]) -> Trend:
    """The line through at least three points (Theil 1950, Sen 1968); the interval by resampling its residuals."""
    x, y = np.array(steps, dtype=float), np.array(values, dtype=float)
    slope = _slope(x, y)
    rest = y - slope * x
    rest -= np.median(rest)
    draws = np.random.default_rng(0).choice(rest, size=(DRAWS, len(rest)))
    slopes = np.array([_slope(x, slope * x + drawn) for drawn in draws])
    low, high = np.quantile(slopes, INTERVAL)
    noise = MAD_TO_DEVIATION * float(np.median(np.abs(rest)))
    usual = float(np.sqrt(np.sum((rest - rest.mean()) ** 2) / max(len(rest) - 2, 1)))
    return Trend(slope, float(low), float(high), noise, slope * float(x[-1] - x[0]), max(noise, usual), _order(y))


def detrended(steps: list[int], values: list[float]) -> Floats:
    """What is left of the values when the line is taken away; its median is 0."""
    x, y = np.array(steps, dtype=float), np.array(values, dtype=float)
    rest = y - _slope(x, y) * x
    return rest - np.median(rest)


def _order(y: Floats) -> float:
    return float(np.mean([np.sign(later - before) for before, later in combinations(y, 2)]))


def _slope(x: Floats, y: Floats) -> float:
    pairs = list(combinations(range(len(x)), 2))
    first, second = (np.array(side) for side in zip(*pairs, strict=True))
    return float(np.median((y[second] - y[first]) / (x[second] - x[first])))
