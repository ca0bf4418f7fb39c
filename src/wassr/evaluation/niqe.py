"""NIQE: how far a picture's statistics are from those of natural pictures; it needs no original. Lower is better.

A. Mittal, R. Soundararajan, A. C. Bovik: Making a "completely blind" image quality analyzer, IEEE Signal Processing
Letters 20(3), 2013. Computed as the authors' MATLAB release does, with the parameters of that release: other programs
use other parameters and give other numbers for the same picture. Read it with care: noise and sharpening lower it, and
so may JPEG; it needs many blocks, so values of small pictures scatter.
"""

import math
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wassr.evaluation.metrics import Metric, luma_studio, window_mean
from wassr.pixels.resize import resize

Levels = NDArray[np.uint8]
Floats = NDArray[np.float64]

PARAMETERS = Path(__file__).parent / "weights" / "niqe_pris_params.npz"
BORDER = 4  # pixels left out on each side, at every scale, as in the perception index of the PIRM challenge
BLOCK = 96  # side of a block at full size; the pristine pictures were cut so
SHIFTS = ((0, 1), (1, 0), (1, 1), (1, -1))  # to the neighbours whose products are looked at
ALPHAS = 0.2 + 0.001 * np.arange(9801)  # the shapes that are tried: 0.2, 0.201, ... 10
# Where a picture is flat, pixel and mean are equal; what float64 leaves of their difference has a random sign, and
# signs are counted below.
NOISE = 1e-9


def niqe(luma: Floats) -> float:
    """NIQE of a luma (H, W) in 0..255; NaN with fewer than two whole blocks of 96x96 that are not flat.

    Two blocks are the least from which a covariance can be had.
    """
    features = block_features(luma)
    complete = features[~np.isnan(features).any(axis=1)]
    if len(complete) < 2:
        return math.nan
    natural_mean, natural_covariance, _ = _parameters()
    away = natural_mean - np.nanmean(features, axis=0)
    precision = np.linalg.pinv((natural_covariance + np.cov(complete, rowvar=False)) / 2)
    return float(np.sqrt(away @ precision @ away))  # equation 10


def niqe_y(made: Levels, _: Levels, scale: int) -> float:
    """NIQE of the rounded Y of a uint8 picture (H, W, 3), 4 pixels of border left out; nothing else is looked at."""
    return niqe(luma_studio(made)[BORDER:-BORDER, BORDER:-BORDER])


def block_features(luma: Floats) -> Floats:
    """(blocks, 36): 18 numbers of each whole block at full and at half size; some are NaN for a flat block."""
    down, across = (size // BLOCK for size in luma.shape)
    if down * across == 0:
        return np.zeros((0, 36))
    picture = luma[: down * BLOCK, : across * BLOCK]
    scales = []
    for side in (BLOCK, BLOCK // 2):
        natural = normalised(picture)
        blocks = natural.reshape(down, side, across, side).swapaxes(1, 2).reshape(-1, side, side)
        scales.append(np.array([_features(block) for block in blocks]))
        half = (picture.shape[0] // 2, picture.shape[1] // 2)
        picture = resize(picture, *half)  # type: ignore[arg-type, assignment]  # float64 stays float64
    return np.concatenate(scales, axis=1)


def normalised(picture: Floats) -> Floats:
    """Mean-subtracted, contrast-normalised coefficients (equation 1): (I - mean) / (deviation + 1) of a 7x7 window."""
    _, _, window = _parameters()
    padded = np.pad(picture, len(window) // 2, mode="edge")
    mean = window_mean(padded, window)
    deviation = np.sqrt(np.abs(window_mean(padded * padded, window) - mean * mean))
    difference = picture - mean
    return np.where(np.abs(difference) < NOISE, 0.0, difference) / (deviation + 1)


def asymmetric_gaussian(values: Floats) -> tuple[float, float, float]:
    """Shape and left and right scale of an asymmetric generalised Gaussian, by its moments (equations 5 to 7).

    NaN where no value lies on that side; the shape is then the first that is tried, as in the release.
    """
    left, right = _root_mean_square(values[values < 0]), _root_mean_square(values[values > 0])
    if math.isnan(left) or math.isnan(right):
        shape = float(ALPHAS[0])
    else:
        skew = left / right
        ratio = float(np.mean(np.abs(values)) ** 2 / np.mean(values * values))
        ratio *= (skew**3 + 1) * (skew + 1) / (skew**2 + 1) ** 2
        shape = float(ALPHAS[np.argmin((_ratios() - ratio) ** 2)])
    spread = math.sqrt(math.gamma(1 / shape) / math.gamma(3 / shape))
    return shape, left * spread, right * spread


def _features(block: Floats) -> list[float]:
    shape, left, right = asymmetric_gaussian(block)
    found = [shape, (left + right) / 2]
    for shift in SHIFTS:
        shape, left, right = asymmetric_gaussian(block * np.roll(block, shift, axis=(0, 1)))
        mean = (right - left) * math.gamma(2 / shape) / math.gamma(1 / shape)  # equation 8
        found += [shape, mean, left, right]
    return found


def _root_mean_square(values: Floats) -> float:
    return math.sqrt(float(np.mean(values * values))) if values.size else math.nan


@lru_cache(maxsize=1)
def _ratios() -> Floats:
    """(E|x|)^2 / E(x^2) of the symmetric distribution, for each shape of ALPHAS."""
    gamma = np.vectorize(math.gamma, otypes=[np.float64])
    return gamma(2 / ALPHAS) ** 2 / (gamma(1 / ALPHAS) * gamma(3 / ALPHAS))


@lru_cache(maxsize=1)
def _parameters() -> tuple[Floats, Floats, Floats]:
    """Mean (36,) and covariance (36, 36) of natural pictures' features, and the 7 weights of the window's one axis."""
    with np.load(PARAMETERS) as saved:
        window = saved["gaussian_window"].sum(axis=0)  # (7, 7), the outer product of this with itself
        return saved["mu_pris_param"][0], saved["cov_pris_param"], window


NO_REFERENCE: dict[str, Metric] = {
    "niqe": Metric(
        niqe_y,
        "",
        False,
        "none",
        f"NIQE as in the authors' release; BT.601 studio Y, rounded; border = {BORDER}; 96x96 blocks; 8 bit",
    ),
}
