"""The way from a low picture to the result, as stages that hand on bands of rows: memory grows with a band only.

    NetworkRows (tiles, + base)  ->  Consistent (back-projection, as many as the card says)  ->  Resized (exact size)

Every stage answers `rows(start, stop)` with float32 (C, stop - start, width), nothing clipped; successive calls
never ask for rows above the start of the call before. All stages equal what they would be on the whole picture.
"""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from wassr.upscaling.tiling import Cut, Grid
from wassr.upscaling.windows import needed, there_and_back, window

Floats = NDArray[np.float32]
TileMaker = Callable[[Cut, Cut], Floats]  # the finished core of a tile: (C, s core rows, s core columns)


class Stage(Protocol):
    """A picture that is read from top to bottom, band by band."""

    height: int
    width: int

    def rows(self, start: int, stop: int) -> Floats: ...


class NetworkRows:
    """Tiles, a row of them at a time; a finished row is kept as long as later bands may need it."""

    def __init__(self, grid: Grid, scale: int, make: TileMaker) -> None:
        self.grid, self.scale, self.make = grid, scale, make
        self.height, self.width = (scale * axis[-1].core_stop for axis in (grid.rows, grid.columns))
        self._next = 0
        self._held: list[tuple[int, Floats]] = []

    def rows(self, start: int, stop: int) -> Floats:
        self._held = [(top, block) for top, block in self._held if top + block.shape[1] > start]
        while self._next < len(self.grid.rows) and self.scale * self.grid.rows[self._next].core_start < stop:
            self._add()
        parts = [block[:, max(start - top, 0) : stop - top] for top, block in self._held if top < stop]
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)

    def _add(self) -> None:
        cut = self.grid.rows[self._next]
        block: Floats | None = None
        for column in self.grid.columns:
            core = self.make(cut, column)
            if block is None:
                block = np.empty((core.shape[0], core.shape[1], self.width), dtype=np.float32)
            block[:, :, self.scale * column.core_start : self.scale * column.core_stop] = core
        assert block is not None
        self._held.append((self.scale * cut.core_start, block))
        self._next += 1


class Consistent:
    """One pass of back-projection: y + up(low - down(y)). What was enlarged, reduced again, comes nearer to `low`."""

    def __init__(self, source: Stage, low: Floats) -> None:
        self.source, self.low = source, low
        self.height, self.width = source.height, source.width

    def rows(self, start: int, stop: int) -> Floats:
        size, small = (self.height, self.width), (self.low.shape[1], self.low.shape[2])
        first, end = needed(small[0], size[0], start, stop)
        top, bottom = needed(size[0], small[0], first, end)
        top, bottom = min(top, start), max(bottom, stop)
        band = self.source.rows(top, bottom)
        reduced = window(band, small, (first, end), (0, small[1]), top, size[0])
        missing = self.low[:, first:end] - reduced
        correction = window(missing, size, (start, stop), (0, size[1]), first, small[0])
        correction += band[:, start - top : stop - top]
        return correction


def with_base(low: Floats, scale: int) -> Floats:
    """What a pass of back-projection over the network alone must aim at, so that it adds the bicubic base too.

    With y = x + up(low): y + up(low - down(y)) = x + up(low + low - down(up(low)) - down(x)): one enlargement, not two.
    """
    return low + (low - there_and_back(low, scale))


class Resized:
    """The antialiased bicubic resize of a stage to an exact size."""

    def __init__(self, source: Stage, height: int, width: int) -> None:
        self.source, self.height, self.width = source, height, width

    def rows(self, start: int, stop: int) -> Floats:
        first, end = needed(self.source.height, self.height, start, stop)
        band = self.source.rows(first, end)
        return window(band, (self.height, self.width), (start, stop), (0, self.width), first, self.source.height)


class Planes:
    """A picture in memory as a stage: alpha, which no network sees, is enlarged with it. planes: (C, H, W)."""

    def __init__(self, planes: Floats) -> None:
        self.planes = planes
        self.height, self.width = planes.shape[1:]

    def rows(self, start: int, stop: int) -> Floats:
        return self.planes[:, start:stop]


def collect(stage: Stage) -> Floats:
    """The whole stage as one picture (H, W, C), clipped to [0, 1]."""
    step = max(32, min(512, (1 << 22) // stage.width))
    out: Floats | None = None
    for start in range(0, stage.height, step):
        band = stage.rows(start, min(start + step, stage.height))
        if out is None:
            out = np.empty((stage.height, stage.width, band.shape[0]), dtype=np.float32)
        np.clip(band.transpose(1, 2, 0), 0, 1, out=out[start : start + band.shape[1]])
    assert out is not None
    return out
