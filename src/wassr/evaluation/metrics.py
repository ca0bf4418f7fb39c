"""Metrics of an enlarged picture, as the field computes them. Every one knows its unit, better direction and protocol.

Pictures are uint8 (H, W, 3), already rounded, as a user gets them. Those of the table METRICS are cheap and compare
with the original or the input; `niqe` judges a picture alone, `judges` asks frozen networks.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from wassr.pixels.resize import resize_rounded

Levels = NDArray[np.uint8]
Floats = NDArray[np.float64]

BLOCK = 8  # side of a JPEG's blocks


@dataclass(frozen=True)
class Metric:
    """A function (made, original or input, scale) -> value, and how to read it.

    reference: what the second argument is: "high" the original, "low" the input, "none" anything, it is not looked at.
    A value that does not exist for a picture (too small, nothing in it) is NaN: shown as "-", left out of means.
    unranked: why models must not be ranked by it here; nothing where they may.
    """

    compute: Callable[[Levels, Levels, int], float]
    unit: str
    higher_is_better: bool
    reference: Literal["high", "low", "none"]
    protocol: str
    unranked: str = ""


def luma_studio(picture: Levels) -> Floats:
    """BT.601 studio luma 16..235, rounded as MATLAB's rgb2ycbcr does on uint8: (H, W, 3) to (H, W)."""
    return np.floor(luma_studio_float(picture) + 0.5)


def luma_studio_float(picture: Levels) -> Floats:
    """The same, unrounded."""
    rgb = picture.astype(np.float64)
    return 16 + (rgb @ np.array([65.481, 128.553, 24.966])) / 255


def psnr(a: Floats, b: Floats, peak: float = 255.0) -> float:
    """Peak signal-to-noise ratio in dB; infinite for equal pictures."""
    return decibels(float(np.mean((a - b) ** 2)), peak)


def decibels(error: float, peak: float = 255.0) -> float:
    """The ratio of a peak's square to a mean squared error in dB; infinite without error."""
    return float("inf") if error == 0 else float(10 * np.log10(peak**2 / error))


def ssim(a: Floats, b: Floats) -> float:
    """Structural similarity (Wang 2004): 11x11 Gaussian of sigma 1.5, K = (0.01, 0.03), L = 255, valid positions."""
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    window = np.exp(-((np.arange(11) - 5) ** 2) / (2 * 1.5**2))
    window /= window.sum()
    mean_a, mean_b = window_mean(a, window), window_mean(b, window)
    var_a, var_b = window_mean(a * a, window) - mean_a**2, window_mean(b * b, window) - mean_b**2
    cov = window_mean(a * b, window) - mean_a * mean_b
    top = (2 * mean_a * mean_b + c1) * (2 * cov + c2)
    return float(np.mean(top / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))))


def psnr_y(made: Levels, high: Levels, scale: int) -> float:
    """On rounded Y, `scale` pixels of border left out: what MATLAB scripts and most tables print."""
    return psnr(_inner(luma_studio(made), scale), _inner(luma_studio(high), scale))


def psnr_b(made: Levels, high: Levels, scale: int) -> float:
    """PSNR-Y whose mean squared error is raised by the blocking effect factor (Yim and Bovik 2011, PSNR-B).

    A JPEG's blocks of 8x8 pixels are 8 `scale` pixels wide in the enlarged picture and begin at its upper left corner.
    Never above `psnr_y`, and equal to it where no blocks are seen.
    """
    y = luma_studio(made)
    error = float(np.mean((_inner(y, scale) - _inner(luma_studio(high), scale)) ** 2))
    return decibels(error + blocking(y, BLOCK * scale))


def blocking(luma: Floats, block: int) -> float:
    """The blocking effect factor of a plane (H, W) with a grid of `block` pixels, in squared grey levels.

    The mean squared difference of neighbours on two sides of a boundary, less that of all other neighbours, times
    log2(block) / log2(min(H, W)); 0 where it is negative or no boundary exists. C. Yim, A. C. Bovik: Quality assessment
    of deblocked images, IEEE Transactions on Image Processing 20(1), 2011.
    """
    steps = (np.diff(luma, axis=1) ** 2, np.diff(luma, axis=0).T ** 2)
    boundary = [step[:, block - 1 :: block] for step in steps]
    count = sum(part.size for part in boundary)
    if count == 0:
        return 0.0
    total, over = (float(sum(part.sum() for part in parts)) for parts in (steps, boundary))
    inside = (total - over) / (sum(step.size for step in steps) - count)
    return max(0.0, (over / count - inside) * math.log2(block) / math.log2(min(luma.shape)))


def psnr_y_float(made: Levels, high: Levels, scale: int) -> float:
    """On unrounded Y, as BasicSR computes it: about 0.01 dB higher."""
    return psnr(_inner(luma_studio_float(made), scale), _inner(luma_studio_float(high), scale))


def psnr_rgb(made: Levels, high: Levels, scale: int) -> float:
    """Over all three channels: 1.3 dB and more below PSNR-Y."""
    return psnr(_inner(made.astype(np.float64), scale), _inner(high.astype(np.float64), scale))


def ssim_y(made: Levels, high: Levels, scale: int) -> float:
    """On rounded Y, `scale` pixels of border left out."""
    return ssim(_inner(luma_studio(made), scale), _inner(luma_studio(high), scale))


def lr_consistency(made: Levels, low: Levels, scale: int) -> float:
    """The result reduced again (8-bit bicubic) against the input, RGB, no border left out."""
    again = resize_rounded(made, low.shape[0], low.shape[1], 1 / scale)
    return psnr(again.astype(np.float64), low.astype(np.float64))


def ssim_rgb(made: Levels, high: Levels, scale: int) -> float:
    """Mean over the three channels, `scale` pixels of border left out."""
    inner = (_inner(picture.astype(np.float64), scale) for picture in (made, high))
    one, other = (np.moveaxis(picture, 2, 0) for picture in inner)
    return float(np.mean([ssim(a, b) for a, b in zip(one, other, strict=True)]))


def colour_drift(made: Levels, reference: Levels, scale: int) -> float:
    """Mean over the three channels of how far the channel's mean moved, in grey levels; sizes may differ."""
    return float(np.mean(np.abs(made.mean(axis=(0, 1)) - reference.mean(axis=(0, 1)))))


def window_mean(picture: Floats, window: Floats) -> Floats:
    """Weighted means at the valid positions of the square window that is the outer product of `window` with itself."""
    height, width = (size - len(window) + 1 for size in picture.shape)
    rows = np.zeros((height, picture.shape[1]))
    for k, weight in enumerate(window):
        rows += weight * picture[k : height + k]
    result = np.zeros((height, width))
    for k, weight in enumerate(window):
        result += weight * rows[:, k : width + k]
    return result


def _inner(picture: Floats, border: int) -> Floats:
    return picture[border:-border, border:-border] if border else picture


METRICS: dict[str, Metric] = {
    "psnr_y": Metric(psnr_y, "dB", True, "high", "BT.601 studio Y, rounded; border = scale; 8 bit"),
    "psnr_y_float": Metric(psnr_y_float, "dB", True, "high", "BT.601 studio Y, not rounded; border = scale; 8 bit"),
    "psnr_rgb": Metric(psnr_rgb, "dB", True, "high", "RGB; border = scale; 8 bit"),
    "ssim_y": Metric(
        ssim_y, "", True, "high", "BT.601 studio Y, rounded; border = scale; Gaussian 11x11, valid positions"
    ),
    "psnr_b": Metric(
        psnr_b,
        "dB",
        True,
        "high",
        "BT.601 studio Y, rounded; mean squared error, border = scale, plus the blocking effect factor of the whole "
        "result (Yim and Bovik 2011) for blocks of 8 x scale pixels; 8 bit",
    ),
    "ssim_rgb": Metric(
        ssim_rgb, "", True, "high", "mean of R, G, B; border = scale; Gaussian 11x11, valid positions; 8 bit"
    ),
    "lr_consistency": Metric(
        lr_consistency, "dB", True, "low", "RGB PSNR of the result reduced by 8-bit bicubic; no border"
    ),
    "colour_drift": Metric(
        colour_drift, "grey levels", False, "high", "mean of R, G, B: |difference of channel means| from the original"
    ),
    "colour_drift_low": Metric(
        colour_drift, "grey levels", False, "low", "mean of R, G, B: |difference of channel means| from the input"
    ),
}
