"""Bicubic resizing of planes by small matrix products: any window of the result from what it needs only.

The same weights as `pixels.resize` (its `resize_window` in planes, float32), but several times faster: a chunk of
output rows needs a short band of input rows, so one axis is a row of small dense products. Planes are (C, H, W).
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from wassr.pixels.resize import bicubic_taps

Floats = NDArray[np.float32]
Weights = Callable[[int, int, int, int], tuple[Floats, int, int]]

CHUNK = 32  # output samples per product: long enough for BLAS, short enough that the matrix stays mostly non-zero
SMALL = 200_000  # multiply-adds per product: above, OpenBLAS wakes threads that cost more than they bring


def window(
    planes: Floats,
    size: tuple[int, int],
    rows: tuple[int, int],
    columns: tuple[int, int],
    offset: int = 0,
    height: int = 0,
) -> Floats:
    """The part [rows, columns] of the planes resized to `size` (height, width).

    planes: (C, h, w) float32, or only a band of its rows from row `offset` of a picture of `height` rows; the band must
    hold what the window needs (`needed` tells). Nothing is clipped. Gives (C, rows, columns) float32, contiguous.
    """
    height = height or planes.shape[1]
    used = needed(planes.shape[2], size[1], *columns)
    part = planes[:, :, used[0] : used[1]]
    tall = _axis(part, height, size[0], rows, offset, vertical=True)
    return _axis(tall, planes.shape[2], size[1], columns, used[0], vertical=False)


@lru_cache(maxsize=4096)
def needed(size_in: int, size_out: int, start: int, stop: int) -> tuple[int, int]:
    """The input samples [first, end) that output samples start..stop look at."""
    indices = bicubic_taps(size_in, size_out).indices[start:stop]
    return int(indices.min()), int(indices.max()) + 1


def there_and_back(planes: Floats, scale: int) -> Floats:
    """The planes enlarged by `scale` and reduced again, as one step on the small grid: many times cheaper than two."""
    height, width = planes.shape[1:]
    tall = _axis(planes, height, scale * height, (0, height), 0, vertical=True, weights=_round_trip)
    return _axis(tall, width, scale * width, (0, width), 0, vertical=False, weights=_round_trip)


def _axis(
    planes: Floats,
    size_in: int,
    size_out: int,
    span: tuple[int, int],
    offset: int,
    vertical: bool,
    weights: Weights | None = None,
) -> Floats:
    weights = weights or _matrix
    if size_in == size_out:  # every weight is 0 or 1
        part = slice(span[0] - offset, span[1] - offset)
        return np.ascontiguousarray(planes[:, part] if vertical else planes[:, :, part])
    channels, height, width = planes.shape
    shape = (channels, span[1] - span[0], width) if vertical else (channels, height, span[1] - span[0])
    out = np.empty(shape, dtype=np.float32)
    for start in range(span[0], span[1], CHUNK):
        stop = min(start + CHUNK, span[1])
        matrix, first, end = weights(size_in, size_out, start, stop)
        target = slice(start - span[0], stop - span[0])
        source = slice(first - offset, end - offset)
        block = max(8, SMALL // matrix.size)
        for begin in range(0, width if vertical else height, block):
            across = slice(begin, begin + block)
            if vertical:
                out[:, target, across] = matrix @ planes[:, source, across]
            else:
                out[:, across, target] = planes[:, across, source] @ matrix.T
    return out


@lru_cache(maxsize=1024)
def _matrix(size_in: int, size_out: int, start: int, stop: int) -> tuple[Floats, int, int]:
    taps = bicubic_taps(size_in, size_out)
    first, end = needed(size_in, size_out, start, stop)
    dense = np.zeros((stop - start, end - first), dtype=np.float64)
    np.add.at(dense, (np.arange(stop - start)[:, None], taps.indices[start:stop] - first), taps.weights[start:stop])
    return dense.astype(np.float32), first, end


@lru_cache(maxsize=1024)
def _round_trip(size: int, larger: int, start: int, stop: int) -> tuple[Floats, int, int]:
    """Reduced samples start..stop straight from the small axis: the product of both matrices."""
    down, top, bottom = _matrix(larger, size, start, stop)
    up, first, end = _matrix(size, larger, top, bottom)
    return down @ up, first, end
