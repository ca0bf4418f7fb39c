"""Is the difference real? A bootstrap interval of a mean, and a paired test of two models on the same pictures.

The interval is the percentile bootstrap (Efron 1979); the test is Wilcoxon's signed-rank test (1945), two-sided. Both
assume nothing of the shape of the values, only that the pictures are a fair draw from those one cares about.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SEED = 0
RESAMPLES = 10_000
CONFIDENCE = 0.95
LEVEL = 0.05  # a difference is believed below this p
EXACT = 200  # pairs up to which the test counts all signs instead of taking the normal curve


def interval(values: Sequence[float] | Floats) -> tuple[float, float]:
    """The 95 % percentile bootstrap interval of the mean, the same at every call.

    A single value says nothing about others: its interval is infinite.
    """
    column = np.asarray(values, dtype=np.float64)
    if len(column) < 2:
        return -math.inf, math.inf
    draw = np.random.default_rng(SEED)
    with np.errstate(invalid="ignore"):  # infinite values of both signs
        means = [
            column[draw.integers(0, len(column), (100, len(column)))].mean(axis=1) for _ in range(RESAMPLES // 100)
        ]
    ordered = np.sort(np.concatenate(means))
    outside = round((1 - CONFIDENCE) / 2 * RESAMPLES)
    return float(ordered[outside]), float(ordered[-1 - outside])


def wilcoxon(differences: Sequence[float] | Floats) -> float:
    """The two-sided p of Wilcoxon's signed-rank test that differences lie evenly around 0; 1 where all are 0.

    Zeros are dropped, as Wilcoxon does; ties share their mean rank. Up to EXACT pairs the distribution over all signs
    is counted exactly, ties included; beyond, the normal curve of the same mean and variance stands for it.
    """
    d = np.asarray(differences, dtype=np.float64)
    d = d[d != 0]
    if not len(d):
        return 1.0
    _, place, count = np.unique(np.abs(d), return_inverse=True, return_counts=True)
    ranks = (2 * count.cumsum() - count + 1)[place]  # doubled, so that mean ranks of ties are whole numbers
    positive, total = int(ranks[d > 0].sum()), int(ranks.sum())
    least = min(positive, total - positive)
    if len(d) <= EXACT:
        return min(1.0, 2 * float(_distribution(ranks)[: least + 1].sum()))
    deviations = (total / 2 - least) / (math.sqrt(float(np.sum(ranks.astype(np.float64) ** 2))) / 2)
    return math.erfc(deviations / math.sqrt(2))


def smallest_p(pairs: int) -> float:
    """What `wilcoxon` gives when all of so many pairs differ in one direction: no set of pictures can show less."""
    return min(1.0, 2.0 ** (1 - pairs))


@dataclass(frozen=True)
class Paired:
    """One model less another, picture by picture: mean difference with its interval, p, and on how many it is above."""

    difference: float
    low: float
    high: float
    p: float
    above: int
    below: int
    count: int

    @property
    def shown(self) -> bool:
        """Whether there is a difference: p below LEVEL and an interval on one side of zero."""
        return self.p < LEVEL and (self.low > 0 or self.high < 0)

    @property
    def turned(self) -> "Paired":
        """The other model less this one."""
        return Paired(-self.difference, -self.high, -self.low, self.p, self.below, self.above, self.count)


def paired(one: Sequence[float] | Floats, other: Sequence[float] | Floats) -> Paired:
    """`one` less `other`, given in the same order of pictures. Equal infinities differ by 0; raises ValueError when the
    lengths differ or there are none."""
    a, b = np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64)
    if a.shape != b.shape or not len(a):
        raise ValueError(f"{len(a)} and {len(b)} values are no pairs")
    with np.errstate(invalid="ignore"):
        d = np.where(a == b, 0.0, a - b)
        low, high = interval(d)
        return Paired(float(d.mean()), low, high, wilcoxon(d), int((d > 0).sum()), int((d < 0).sum()), len(d))


def _distribution(ranks: NDArray[np.int64]) -> Floats:
    """The chance of each sum of ranks when every sign is a fair coin: one coin after another."""
    chance = np.zeros(int(ranks.sum()) + 1)
    chance[0] = 1.0
    for rank in map(int, ranks):
        chance[rank:] = (chance[rank:] + chance[:-rank]) / 2
        chance[:rank] /= 2
    return chance
