"""The fine structure of results: its energy beyond the low resolution, and the raster that upsampling may leave."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from wassr.evaluation.metrics import luma_studio_float
from wassr.pixels.resize import resize

Levels = NDArray[np.uint8]
Floats = NDArray[np.float64]

WINDOW = 128  # side of the windows whose spectra are averaged
RING = (3, 8)  # bins around a frequency that are its background


def high_band_ratio(pairs: Iterable[tuple[Levels, Levels]], scale: int) -> float:
    """Energy of the results over that of the originals in the band that the low resolution cannot hold.

    pairs: (made, high), 8 bit RGB, sides divisible by `scale`. The band is what bicubic reduction and enlargement take
    away. 1: as much fine structure as in the originals, not necessarily the same; bicubic is near 0.
    """
    energies = np.array([[_fine(picture, scale) for picture in pair] for pair in pairs])
    made, high = energies.sum(axis=0)
    return float(made / high) if high else 0.0


def checkerboard(pairs: Iterable[tuple[Levels, Levels]], scale: int) -> float:
    """How far the error's spectrum stands out at the frequencies of the upsampling raster; about 1 where it does not.

    pairs: (made, high), 8 bit RGB, sides of at least WINDOW. The mean over the multiples of 1/scale along both axes of
    power over local background (median of the bins around, on an axis of those along it), luma of made - high, Hann
    windows (Odena 2016 shows the pattern; the measure is ours).
    """
    power = np.zeros((WINDOW, WINDOW))
    hann = np.hanning(WINDOW)
    for made, high in pairs:
        error = luma_studio_float(made) - luma_studio_float(high)
        for top in range(0, error.shape[0] - WINDOW + 1, WINDOW):
            for left in range(0, error.shape[1] - WINDOW + 1, WINDOW):
                part = error[top : top + WINDOW, left : left + WINDOW]
                power += np.abs(np.fft.fft2((part - part.mean()) * np.outer(hann, hann))) ** 2
    if not power.any():
        return 1.0
    peaks = {round(k * WINDOW / scale) % WINDOW for k in range(scale)}
    ratios = [power[v, u] / _background(power, v, u) for v in peaks for u in peaks if (v, u) != (0, 0)]
    return float(np.mean(ratios))


def _fine(picture: Levels, scale: int) -> float:
    values = picture.astype(np.float32)
    height, width = picture.shape[0] // scale, picture.shape[1] // scale
    low = resize(values, height, width, 1 / scale)
    return float(np.square(values - resize(low, height * scale, width * scale, scale), dtype=np.float64).sum())


def _background(power: Floats, v: int, u: int) -> float:
    """What lies around a frequency; on an axis along it, for level and upright edges make a ridge there."""
    near, far = RING
    around = range(-far, far + 1)
    rows, columns = (around if v else (0,)), (around if u else (0,))
    ring = [
        power[(v + dv) % WINDOW, (u + du) % WINDOW] for dv in rows for du in columns if max(abs(dv), abs(du)) >= near
    ]
    return float(np.median(ring)) or 1e-12
