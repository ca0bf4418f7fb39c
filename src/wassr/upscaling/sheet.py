"""A contact sheet: the places of one picture that change most, at five strengths, to choose a strength by eye."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wassr.pixels.caption import caption
from wassr.pixels.jpeg_traces import History
from wassr.pixels.picture import Picture
from wassr.upscaling.progress import Progress, part_of
from wassr.upscaling.target import Target
from wassr.upscaling.upscaler import Upscaler

Floats = NDArray[np.float32]
Place = tuple[int, int]  # top, left

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
CELL = 256  # side of a place, pixels of the result
LABEL = 168  # least width of a column, pixels: what is written above it must be readable
PLACES = 3
GAP = 4


def at_strengths(upscaler: Upscaler) -> tuple[Upscaler, ...]:
    """The upscaler at every strength of a sheet. Raises UsageError where its model has no content model."""
    return tuple(upscaler.at(strength) for strength in STRENGTHS)


def contact_sheet(
    steps: Sequence[Upscaler],
    picture: Picture,
    target: Target,
    name: str,
    progress: Progress | None = None,
    found: History | None = None,
) -> Picture:
    """Enlarge a picture by all `steps` and lay its places side by side: a row for each, under a line that says where.

    found: the JPEG compression that the picture has gone through, where somebody has looked. Of the results no more
    than three stand in memory. The sheet keeps the colour profile, and no alpha or metadata.
    """
    first, last = (
        steps[i].enlarge(picture, target, name, part_of(progress, number, len(steps)), found)
        for number, i in enumerate((0, -1))
    )
    cell = min(CELL, first.height, first.width)
    places = changing_places(first.colour, last.colour, cell)
    columns = [_cut(first, places, cell), _cut(last, places, cell)]
    for number, step in enumerate(steps[1:-1], 2):
        made = step.enlarge(picture, target, name, part_of(progress, number, len(steps)), found)
        columns.insert(-1, _cut(made, places, cell))
    heads = np.concatenate([caption(_words(step), _width(cell)) for step in steps], axis=1)
    parts = [_plane(heads, first)]
    for row, (top, left) in enumerate(places):
        parts.append(_plane(caption(f"x {left}, y {top}", heads.shape[1]), first))
        parts.append(np.concatenate([column[row] for column in columns], axis=1))
    return Picture(np.concatenate(parts), bits=first.bits, icc=first.icc, source_format=first.source_format)


def changing_places(one: Floats, other: Floats, cell: int, count: int = PLACES) -> list[Place]:
    """The `count` cells of a grid over two pictures (H, W, C) in which they differ most, most first."""
    rows, columns = one.shape[0] // cell, one.shape[1] // cell
    energy = np.empty((rows, columns))
    for row in range(rows):
        band = slice(row * cell, (row + 1) * cell)
        difference = np.square(one[band, : columns * cell] - other[band, : columns * cell]).sum(axis=(0, 2))
        energy[row] = difference.reshape(columns, cell).sum(axis=1)
    order = np.argsort(-energy, axis=None, kind="stable")[:count]
    return [(int(index) // columns * cell, int(index) % columns * cell) for index in order]


def _cut(made: Picture, places: Sequence[Place], cell: int) -> list[Floats]:
    """The places with a white edge at right and bottom."""
    edges = ((0, GAP), (0, _width(cell) - cell), (0, 0))
    return [np.pad(made.colour[y : y + cell, x : x + cell], edges, constant_values=1) for y, x in places]


def _width(cell: int) -> int:
    return max(cell, LABEL) + GAP


def _words(step: Upscaler) -> str:
    return f"{step.card.name} at strength {step.strength:g}"


def _plane(text: Floats, like: Picture) -> Floats:
    return np.repeat(text[..., None], like.colour.shape[2], axis=2)
