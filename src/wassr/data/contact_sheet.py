"""What a chain of degradations does, on one sheet: a row a picture, clean first, then some draws and what was drawn."""

import textwrap
from collections.abc import Sequence

import numpy as np

from wassr.data.chain import Step
from wassr.data.degradations import degrade, whole_multiple
from wassr.data.dice import dice_of_picture
from wassr.data.filters import Levels
from wassr.pixels.caption import caption
from wassr.pixels.resize import shrink, to_levels

DRAWS = 4
SHOWN = 64  # pixels of the low side, square; smaller pictures are shown whole
AROUND = 16  # pixels of the low side that are degraded too and not shown
CELL = 256  # pixels on the sheet
LINES, LETTERS = 3, 42  # of text below a cell, letters in a line
GAP = 4


def contact_sheet(pictures: Sequence[tuple[str, Levels]], steps: tuple[Step, ...], scale: int, seed: int) -> Levels:
    """The sheet, (H, W, 3), for (name, high) pictures of at least `scale` pixels a side.

    Each row: the middle of a picture reduced without degradations, then by the chain with seeds `seed`, `seed` + 1 ...;
    low-resolution pixels are shown as squares.
    """
    return np.concatenate([_row(name, high, steps, scale, seed) for name, high in pictures])


def _row(name: str, high: Levels, steps: tuple[Step, ...], scale: int, seed: int) -> Levels:
    high = _middle(whole_multiple(high, scale), (SHOWN + 2 * AROUND) * scale, scale)
    cells = [_cell(shrink(high, scale), f"{name}, clean x1/{scale}")]
    for number in range(seed, seed + DRAWS):
        low = degrade(high, steps, scale, dice_of_picture(number, name))
        cells.append(_cell(low.levels, f"seed {number}: {'; '.join(low.words) or 'clean'}"))
    return np.concatenate(cells, axis=1)


def _middle(levels: Levels, longest: int, step: int = 1) -> Levels:
    """The middle of a picture, at most `longest` pixels a side, beginning at a multiple of `step`."""
    height, width = levels.shape[:2]
    top, left = (max(size - longest, 0) // 2 // step * step for size in (height, width))
    return levels[top : top + longest, left : left + longest]


def _cell(low: Levels, words: str) -> Levels:
    """The middle of a low-resolution picture, enlarged by repeating pixels, above a few lines of text."""
    shown = _middle(low, SHOWN)
    times = CELL // SHOWN
    shown = shown.repeat(times, axis=0).repeat(times, axis=1)
    height, width = shown.shape[:2]
    cell = np.pad(shown, ((0, CELL - height), (0, CELL + GAP - width), (0, 0)), constant_values=255)
    lines = [*textwrap.wrap(words, LETTERS), *[""] * LINES][:LINES]
    text = to_levels(255 * np.concatenate([caption(line, CELL + GAP) for line in lines]))
    return np.concatenate([cell, text[..., None].repeat(3, axis=2)])
