"""Where a picture was invented: where it differs from the content model's by more than the picture itself supports.

A content model gives what follows from the input, an adversarial one adds what is likely. What it added is measured
around every pixel of the input: the root mean square of the difference between both results, against the contrast that
the content model shows there,

    excess = rms(result - faithful) / (FLOOR + contrast(faithful)).

In grass or hair a difference is a variant of what the input shows; on smooth skin or in a blurred background the same
difference has nothing to follow from. How FLOOR and THRESHOLD were found: docs/strength.md, benchmarks/invented.py.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from wassr.pixels.colour import luma
from wassr.pixels.picture import Picture
from wassr.upscaling.windows import needed, window

Floats = NDArray[np.float32]

FLOOR = 4 / 255  # of white: below it nobody sees a difference
THRESHOLD = 0.7  # excess from which on a place counts as invented
BLUR = np.array([1, 8, 28, 56, 70, 56, 28, 8, 1], dtype=np.float32) / np.float32(256)  # input pixels, sigma 1.4
ROWS = 64  # of the input, at a time
PALE = 0.6  # contrast of the picture under the map
HEAT = np.array([1.0, 0.3, 0.0], dtype=np.float32)  # orange


@dataclass(frozen=True)
class Invented:
    """share: of the picture, 0..1, that is invented; map: the result in pale grey, orange where it is invented."""

    share: float
    map: Picture


def invented(made: Picture, faithful: Picture, height: int, width: int) -> Invented:
    """Compare a result with the content model's of the same size; both were made from height x width pixels."""
    found = excess(made.colour, faithful.colour, min(height, made.height), min(width, made.width))
    return Invented(float(np.mean(found > THRESHOLD)), _map(made, found))


def excess(made: Floats, faithful: Floats, height: int, width: int) -> Floats:
    """How far the difference of two results (H, W, C) exceeds the contrast of the second one: (height, width), >= 0."""
    size = height, width
    difference, contrast = np.empty(size, dtype=np.float32), np.empty(size, dtype=np.float32)
    for start in range(0, height, ROWS):
        rows = start, min(start + ROWS, height)
        top, bottom = needed(made.shape[0], height, *rows)
        mine, theirs = (np.ascontiguousarray(part[top:bottom].transpose(2, 0, 1)) for part in (made, faithful))
        energies = [np.square(mine - theirs).mean(axis=0), np.square(theirs).mean(axis=0)]
        reduced = window(np.stack([*energies, *theirs]), size, rows, (0, width), top, made.shape[0])
        part = slice(*rows)
        difference[part] = reduced[0]
        contrast[part] = reduced[1] - np.square(reduced[2:]).mean(axis=0)
    return _root(difference) / (np.float32(FLOOR) + _root(contrast))


def _root(energy: Floats) -> Floats:
    """Of the blurred energy; bicubic reduction may leave a little less than nothing."""
    energy = np.maximum(energy, 0)
    for axis in (0, 1):
        edges = [(len(BLUR) // 2,) * 2 if axis == a else (0, 0) for a in (0, 1)]
        energy = sliding_window_view(np.pad(energy, edges, mode="edge"), len(BLUR), axis) @ BLUR
    return np.sqrt(energy)


def _map(made: Picture, found: Floats) -> Picture:
    """The heat begins at three quarters of the threshold, and is half-way where a place counts as invented."""
    size = made.height, made.width
    heat = window(found[None], size, (0, size[0]), (0, size[1]))[0]
    heat = np.clip(2 * heat / np.float32(THRESHOLD) - np.float32(1.5), 0, 1)[..., None]
    grey = 1 - PALE + PALE * luma(made.colour)[..., None]
    return Picture((grey + heat * (HEAT - grey)).astype(np.float32))
