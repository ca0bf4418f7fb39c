"""Antialiased bicubic resizing equal to MATLAB's `imresize`: one set of weights for NumPy arrays and for tensors.

Keys' cubic kernel with a = -0.5; when shrinking it is stretched by 1/scale (antialiasing); weights are normalised per
output sample; beyond the border the picture is mirrored with the edge pixel repeated. Output sample j (from 0) lies at
u = (j + 0.5) / scale - 0.5 of the input. The low-resolution pictures of the classic benchmarks are made this way.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Taps:
    """One axis of a resize: output j is the sum over k of weights[j, k] * input[indices[j, k]].

    indices: int64 (out, taps), already mirrored into the input; weights: float64 (out, taps), rows sum to 1.
    """

    indices: NDArray[np.int64]
    weights: NDArray[np.float64]
    size_in: int

    def window(self, start: int, stop: int) -> "Taps":
        """The taps of output samples start..stop only."""
        return Taps(self.indices[start:stop], self.weights[start:stop], self.size_in)

    def matrix(self) -> Floats:
        """The same as a dense float32 matrix (out, in)."""
        dense = np.zeros((len(self.indices), self.size_in), dtype=np.float64)
        np.add.at(dense, (np.arange(len(self.indices))[:, None], self.indices), self.weights)
        return dense.astype(np.float32)


def cubic(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keys' kernel (1981), a = -0.5, of support 4."""
    x = np.abs(x)
    near = 1.5 * x**3 - 2.5 * x**2 + 1
    far = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x <= 1, near, np.where(x <= 2, far, 0.0))


@lru_cache(maxsize=64)
def bicubic_taps(size_in: int, size_out: int, scale: float | None = None) -> Taps:
    """Indices and weights of one axis; `scale` is size_out / size_in unless given (a rounded size)."""
    scale = scale or size_out / size_in
    stretch = min(scale, 1.0)  # below 1 the kernel widens: antialiasing
    count = math.ceil(4.0 / stretch) + 2
    centre = (np.arange(size_out) + 0.5) / scale - 0.5
    first = np.floor(centre - 2.0 / stretch).astype(np.int64)
    indices = first[:, None] + np.arange(count)
    weights = stretch * cubic(stretch * (centre[:, None] - indices))
    weights /= weights.sum(axis=1, keepdims=True)
    used = np.abs(weights).max(axis=0) > 0
    period = 2 * size_in
    folded = indices % period
    mirrored = np.where(folded < size_in, folded, period - 1 - folded)
    return Taps(mirrored[:, used], weights[:, used], size_in)


def resize_axis(picture: Floats, taps: Taps, axis: int) -> Floats:
    """Apply one axis of a resize to a float array of any number of axes."""
    moved = np.moveaxis(picture, axis, 0)
    out = np.zeros((len(taps.indices), *moved.shape[1:]), dtype=picture.dtype)
    weights = taps.weights.astype(picture.dtype)
    shape = (-1,) + (1,) * (moved.ndim - 1)
    for k in range(taps.indices.shape[1]):
        out += weights[:, k].reshape(shape) * moved[taps.indices[:, k]]
    return np.moveaxis(out, 0, axis)


def resize(picture: Floats, height: int, width: int, scale: float | None = None) -> Floats:
    """Resize (H, W) or (H, W, C) floats to (height, width), rows first, nothing rounded or clipped between."""
    rows = bicubic_taps(picture.shape[0], height, scale)
    columns = bicubic_taps(picture.shape[1], width, scale)
    return resize_axis(resize_axis(picture, rows, 0), columns, 1)


def resize_window(
    picture: Floats,
    height: int,
    width: int,
    rows: tuple[int, int],
    columns: tuple[int, int],
    scale: float | None = None,
) -> Floats:
    """The part [rows, columns] of `resize(picture, height, width)`, computed from what it needs only.

    Equal to cutting it from the whole result, so a picture can be enlarged piece by piece.
    """
    row_taps, row_span = _needed(bicubic_taps(picture.shape[0], height, scale).window(*rows))
    column_taps, column_span = _needed(bicubic_taps(picture.shape[1], width, scale).window(*columns))
    part = picture[row_span[0] : row_span[1], column_span[0] : column_span[1]]
    return resize_axis(resize_axis(part, row_taps, 0), column_taps, 1)


def resize_rounded(
    picture: NDArray[np.uint8], height: int, width: int, scale: float | None = None
) -> NDArray[np.uint8]:
    """Resize 8-bit pixels as MATLAB does: rounded (half up) and clipped to 0..255 after each of the two axes."""
    rows = bicubic_taps(picture.shape[0], height, scale)
    columns = bicubic_taps(picture.shape[1], width, scale)
    half = to_levels(resize_axis(picture.astype(np.float64), rows, 0))
    return to_levels(resize_axis(half.astype(np.float64), columns, 1))


def to_levels(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Grey levels 0..255 from floats in levels, half rounded up."""
    # the small push keeps exact halves up although a sum of weights may fall a few ulp short
    return np.clip(np.floor(values + 0.5 + 1e-9), 0, 255).astype(np.uint8)


def shrink(picture: NDArray[np.uint8], scale: int) -> NDArray[np.uint8]:
    """The benchmark degradation: 8-bit bicubic by 1/scale; the size is rounded up as MATLAB does."""
    height, width = picture.shape[:2]
    return resize_rounded(picture, math.ceil(height / scale), math.ceil(width / scale), 1 / scale)


def _needed(taps: Taps) -> tuple[Taps, tuple[int, int]]:
    start, stop = int(taps.indices.min()), int(taps.indices.max()) + 1
    return Taps(taps.indices - start, taps.weights, stop - start), (start, stop)
