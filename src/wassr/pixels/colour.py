"""Luma and chroma: full-range YCbCr for networks that see luma only, studio-range luma for PSNR-Y.

All arrays are float32 (H, W, C) in [0, 1] unless said otherwise; C is 3 (RGB) or 1 (gray).
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

RED, GREEN, BLUE = 0.299, 0.587, 0.114  # ITU-R BT.601


def luma(colour: Floats) -> Floats:
    """Full-range BT.601 luma (H, W) in [0, 1] of RGB or gray; gray (R = G = B) comes out unchanged to the bit."""
    if colour.shape[2] == 1:
        return colour[..., 0]
    green = colour[..., 1]
    # equal to 0.299 R + 0.587 G + 0.114 B, written so that no rounding touches gray
    return green + np.float32(RED) * (colour[..., 0] - green) + np.float32(BLUE) * (colour[..., 2] - green)


def rgb_to_ycbcr(colour: Floats) -> Floats:
    """RGB (H, W, 3) to full-range Y in [0, 1] and Cb, Cr in [-0.5, 0.5]; chroma of gray is exactly 0."""
    y = luma(colour)
    out = np.empty(colour.shape, dtype=np.float32)
    out[..., 0] = y
    out[..., 1] = (colour[..., 2] - y) * np.float32(0.5 / (1 - BLUE))
    out[..., 2] = (colour[..., 0] - y) * np.float32(0.5 / (1 - RED))
    return out


def ycbcr_to_rgb(planes: Floats) -> Floats:
    """The inverse of `rgb_to_ycbcr`; values outside [0, 1] may come out and are not clipped."""
    y, blue_difference, red_difference = planes[..., 0], planes[..., 1], planes[..., 2]
    to_blue, to_red = 2 * (1 - BLUE), 2 * (1 - RED)
    out = np.empty(planes.shape, dtype=np.float32)
    out[..., 0] = y + np.float32(to_red) * red_difference
    out[..., 2] = y + np.float32(to_blue) * blue_difference
    out[..., 1] = (
        y - np.float32(to_blue * BLUE / GREEN) * blue_difference - np.float32(to_red * RED / GREEN) * red_difference
    )
    return out


def studio_luma(colour: Floats) -> NDArray[np.float64]:
    """MATLAB's `rgb2ycbcr` luma in grey levels, float64 (H, W) in 16..235, **not rounded**.

    Y = 16 + 65.481 R + 128.553 G + 24.966 B. PSNR-Y of the super-resolution papers is taken on this, rounded or not
    as the protocol says. Gray counts as R = G = B.
    """
    values = colour.astype(np.float64)
    if values.shape[2] == 1:
        values = np.repeat(values, 3, axis=2)
    weights = np.array([65.481, 128.553, 24.966])
    return np.asarray(16.0 + values @ weights, dtype=np.float64)
