"""What a critic's scores are worth in grey levels: its claim on pairs of pictures, freed of its slope.

Pairs are a high-resolution crop x and a generated y of the same place, v = x - y; D is the critic, c = D(x) - D(y) its
claim. Along the way from y to x the claim is the integral of the slope, so by Cauchy-Schwarz no critic can claim more
than (mean slope on the way) * |v|: the claim over the slope is a distance in the pictures' own units, and the mean of
|v| is its ceiling, since the pairing is one coupling of the two distributions (W1 is the cheapest: Villani 2009).
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from wassr.networks.critics import per_picture

POINTS = 5  # on the way from y to x, midpoints of equal parts
FLIPS = 1000
LEVEL = 0.95
PART = 16  # crops at once


@dataclass(frozen=True)
class Claims:
    """A critic on pairs. real, fake, slope, way: (N,); scores, mean slope from y to x, |x - y| with values in [0, 1].

    values: numbers in a crop.
    """

    real: Tensor
    fake: Tensor
    slope: Tensor
    way: Tensor
    values: int

    @property
    def gap(self) -> float:
        """Mean claim, in the critic's own unit."""
        return float((self.real - self.fake).mean())

    @property
    def steepness(self) -> float:
        """Mean slope, weighted by the length of the way; 0 where nothing differs."""
        whole = self.way.sum()
        return float((self.slope * self.way).sum() / whole) if whole > 0 else 0.0

    @property
    def steepest(self) -> float:
        """Largest slope of a pair."""
        return float(self.slope.max())

    @property
    def wasserstein(self) -> float:
        """255 gap / (weighted slope sqrt n), grey levels: an estimate, comparable for the same crops."""
        return self._levels(self.gap, self.steepness)

    @property
    def wasserstein_low(self) -> float:
        """The same over the largest slope: a lower estimate of the distance W1."""
        return self._levels(self.gap, self.steepest)

    @property
    def ceiling(self) -> float:
        """255 mean |v| / sqrt n, grey levels: what the pairs differ."""
        return 255 * float(self.way.mean()) / self.values**0.5

    @property
    def zero_line(self) -> float:
        """The estimate that a critic without knowledge exceeds once in twenty times, grey levels."""
        return self._levels(zero_line((self.real - self.fake).double().numpy()), self.steepness)

    def _levels(self, claim: float, slope: float) -> float:
        return 255 * claim / (slope * self.values**0.5) if slope > 0 else 0.0


def claims(critic: nn.Module, low: Tensor, high: Tensor, fake: Tensor) -> Claims:
    """Scores and slopes of a critic, normalisation layers on running statistics; its state stays as it is.

    low (N, 3, h, w), high and fake (N, 3, H, W) in [0, 1].
    """
    training = critic.training
    critic.eval()
    parts = zip(*(torch.split(whole, PART) for whole in (low, high, fake)), strict=True)
    found = [_claims(critic, *part) for part in parts]
    critic.train(training)
    real, made, slope, way = (torch.cat(rows) for rows in zip(*found, strict=True))
    return Claims(real, made, slope, way, high[0].numel())


def _claims(critic: nn.Module, low: Tensor, high: Tensor, fake: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    with torch.no_grad():
        real_scores, fake_scores = (per_picture(critic(z, low)).float() for z in (high, fake))
    way = high - fake
    norms = []
    for point in range(POINTS):
        z = (fake + (point + 0.5) / POINTS * way).requires_grad_(True)
        score = per_picture(critic(z, low)).sum()
        # a critic that does not look at its input has no slope
        (slope,) = torch.autograd.grad(score, z) if score.requires_grad else (torch.zeros_like(z),)
        norms.append(slope.float().flatten(1).norm(dim=1))
    return real_scores, fake_scores, torch.stack(norms).mean(0), way.flatten(1).norm(dim=1)


def zero_line(differences: NDArray[np.float64]) -> float:
    """95 % quantile of the mean when the sign of each pair is drawn at random (the same draws always)."""
    signs = np.random.default_rng(0).choice((-1.0, 1.0), size=(FLIPS, len(differences)))
    return float(np.quantile((signs * differences).mean(axis=1), LEVEL))


def separation(differences: Tensor) -> float:
    """Share of pairs in which the real picture scores higher; ties count half, so that a constant critic reads 0.5."""
    return float(((differences.sign() + 1) / 2).mean())


def pooled_auc(real: Tensor, fake: Tensor) -> float:
    """Share of all pairings of a real with a generated picture in which the real one scores higher; ties count half."""
    return separation((real[:, None] - fake[None, :]).flatten())
