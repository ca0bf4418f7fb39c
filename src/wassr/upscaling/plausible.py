"""Is a tile what a network that enlarges pictures would give? Broken engines, devices and precisions are caught here.

A real network's result, reduced again, is its input: what the network adds must reduce to what the base lacks. That
holds for faithful and for inventive networks alike (LR-consistency of 30 dB and more), and for nothing else: not for
zeros, a neighbour's tile, shuffled channels or noise. Where nothing is enlarged (scale 1) a base lacks nothing, and
that of a compressed input holds what has to go: there only mean and size of what is added can be judged.
"""

from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from wassr.models.card import Base, Inputs
from wassr.upscaling.windows import there_and_back, window

Floats = NDArray[np.float32]

DRIFT = 0.1  # of white: a network moves the mean of a tile by 0.01 at most; a black or shuffled tile by much more
ERROR = 0.1  # of white, RMS of the reduced result against the input: LR-consistency of 20 dB
# Photographs keep far within both. On dither, halftones, QR codes and letters without soft edges the detail that plain
# enlarging loses is up to 0.3 of white: sound networks err by 0.12 to 1.2 of that, in the mean of a tile by up to 0.37
DRIFT_OF_DETAIL, ERROR_OF_DETAIL = 0.5, 1.5
FLAT = 1 / 255  # RMS below which there is too little detail to tell
# Least correlation: of a whole picture, of what is added to a base. On the 60 first pictures of B100 the latter is 0.97
# to 1.00 for the true detail, 0.27 to 0.76 for half of it under heavy grain, at most 0.11 for another place's detail.
FIT_ALONE, FIT_RESIDUAL = 0.5, 0.12
PIXELS = 64  # fewer low-resolution pixels than this say nothing about correlation
BORDER = 5  # low-resolution pixels at a tile's border, whose reduction would need the neighbour


def doubt(made: Floats, base: Base, low: Floats, thorough: bool = True, inputs: Inputs = "clean") -> str | None:
    """Why a tile cannot be right, in words, or None.

    made: what the network gave, (C, s h, s w); base: the kind of what it is added to; low: its input (C, h, w), both
    without the tile's margin. `thorough` compares with the input; without it only non-finite values are found
    (networks in training may give anything). inputs: what the network was trained on.
    """
    if not np.isfinite(made).all():
        return "values that are not finite"
    if not thorough:
        return None
    size = low.shape[1], low.shape[2]
    added = window(made, size, (0, size[0]), (0, size[1]))
    scale = made.shape[1] // size[0]
    lacking = low - _reduced_base(base, low, scale)
    lost = lacking if base == "bicubic" else low - _reduced_base("bicubic", low, scale)
    if min(size) > 4 * BORDER:
        inner = slice(None), slice(BORDER, -BORDER), slice(BORDER, -BORDER)
        added, lacking, lost = added[inner], lacking[inner], lost[inner]
    detail = _rms(lost)
    drift = np.abs((added - lacking).mean(axis=(1, 2))).max()
    if drift > max(DRIFT, DRIFT_OF_DETAIL * detail):
        return f"a mean that is off by {255 * drift:.0f} grey levels"
    if base == "none":  # the mean is judged; what remains is structure
        added, lacking = (planes - planes.mean(axis=(1, 2), keepdims=True) for planes in (added, lacking))
    error = _rms(added - lacking)
    if error > max(ERROR, ERROR_OF_DETAIL * detail):
        return f"an error of {255 * error:.0f} grey levels against the input"
    if lacking[0].size < PIXELS or _rms(lacking) < FLAT or (inputs == "compressed" and base != "none"):
        return None
    return _structure(added, lacking, FIT_ALONE if base == "none" else FIT_RESIDUAL)


def _reduced_base(base: Base, low: Floats, scale: int) -> Floats:
    """The base, reduced again: what a network that adds nothing would reach."""
    if base == "none":
        return np.zeros_like(low)
    if base == "bicubic":
        return there_and_back(low, scale)
    size = low.shape[1], low.shape[2]
    return window(low.repeat(scale, axis=1).repeat(scale, axis=2), size, (0, size[0]), (0, size[1]))


def _structure(added: Floats, lacking: Floats, least: float) -> str | None:
    fit = float((added * lacking).sum() / max(1e-12, np.sqrt(float((added**2).sum()) * float((lacking**2).sum()))))
    if fit < least:
        return f"no likeness to the input (correlation {fit:.2f}; has it hardly been trained?)"
    if len(added) == 3 and _shuffled(added, lacking):
        return "its channels shuffled"
    return None


def _shuffled(added: Floats, lacking: Floats) -> bool:
    """Whether another order of the channels fits so much better that it must be the right one."""
    errors = {order: _rms(added[list(order)] - lacking) for order in permutations(range(3))}
    ordered = errors[0, 1, 2]
    return ordered > 1 / 255 and ordered > 1.5 * min(errors.values())


def _rms(values: Floats) -> float:
    return float(np.sqrt(np.mean(np.square(values, dtype=np.float64))))
