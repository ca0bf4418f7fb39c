"""Tiles: a picture cut into windows of one shape, whose cores cover every pixel exactly once.

A window is a core and the network's radius around it. At a border of the picture the window ends there (the network's
own zero padding is then what it would be for the whole picture); the cut elsewhere lies at least a radius away from
the core. So the cores, put together, equal the network's answer for the whole picture.
All numbers are low-resolution pixels.
"""

import math
from dataclasses import dataclass

STEP = 16  # windows are rounded up to a multiple, so that pictures of similar sizes share compiled graphs


@dataclass(frozen=True)
class Cut:
    """One tile on one axis: the network sees [start, stop), and [core_start, core_stop) of its answer is used."""

    start: int
    stop: int
    core_start: int
    core_stop: int


@dataclass(frozen=True)
class Grid:
    """All tiles of a picture: the product of the cuts of both axes. Every window has the same shape."""

    rows: tuple[Cut, ...]
    columns: tuple[Cut, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of every window."""
        return self.rows[0].stop - self.rows[0].start, self.columns[0].stop - self.columns[0].start

    @property
    def count(self) -> int:
        return len(self.rows) * len(self.columns)


def cuts(size: int, core: int, radius: int) -> tuple[Cut, ...]:
    """Cut an axis of `size` pixels into windows of one length with cores of at most about `core`.

    A size up to core + 2 radius is one window of its own length. Otherwise the windows are as even as the size allows,
    rounded up to a multiple of 16 but never beyond core + 2 radius; the last one is shifted inward.
    """
    longest = core + 2 * radius
    if size <= longest:
        return (Cut(0, size, 0, size),)
    count = math.ceil((size - 2 * radius) / core)
    even = math.ceil((size - 2 * radius) / count) + 2 * radius
    length = min(math.ceil(even / STEP) * STEP, longest, size)
    step = length - 2 * radius
    count = math.ceil((size - length) / step) + 1
    edges = [0, *(radius + i * step for i in range(1, count)), size]
    starts = [min(i * step, size - length) for i in range(count)]
    return tuple(Cut(starts[i], starts[i] + length, edges[i], edges[i + 1]) for i in range(count))


def grid(height: int, width: int, core: int, radius: int) -> Grid:
    """The tiles of a picture; raises ValueError for a core below 1."""
    if core < 1:
        raise ValueError(f"a tile needs a core of at least one pixel, not {core}")
    return Grid(cuts(height, core, radius), cuts(width, core, radius))
