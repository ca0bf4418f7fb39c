"""Degradations that are arithmetic on pixels: blur, resize, noise, and the reduction to the low side.

Each takes 8-bit RGB (H, W, 3), the settings of its step, dice and a frame; it gives the degraded picture and a few
words on what was drawn. Between steps pictures are 8-bit, as files are.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from wassr.data.chain import Blur, Filter, Noise, Reduce, Resize
from wassr.data.dice import Dice, own_dice, pick, within
from wassr.pixels.colour import luma
from wassr.pixels.resize import to_levels

Levels = NDArray[np.uint8]
Floats = NDArray[np.float32]

BEYOND = 16  # pixels mirrored beyond the border before a blur: more than three of the widest Gaussians in use


class Degraded(NamedTuple):
    """What a step gives. words: on what was drawn. qualities: of JPEG saves that can still be seen, the latest last."""

    levels: Levels
    words: str
    qualities: tuple[int, ...] = ()


@dataclass(frozen=True)
class Frame:
    """What a step must know of its picture beside the pixels.

    high, low: (height, width) before and after the chain. origin: (row, column), each 0..15, of the picture's first
    pixel in the grid of 16x16 on which a codec worked: a crop begins anywhere in it. reduce: high to low side as the
    benchmarks do it.
    """

    high: tuple[int, int]
    low: tuple[int, int]
    origin: tuple[int, int]
    reduce: Callable[[Levels], Levels]


def blur(levels: Levels, spec: Blur, dice: Dice, _frame: Frame) -> Degraded:
    """A Gaussian (round, or with an own deviation along and across a direction) or an ideal low-pass filter."""
    shape = pick(spec.shapes, dice)
    if shape == "sinc":
        cutoff = within(spec.cutoff, dice)
        return Degraded(filtered(levels, ideal(cutoff)), f"sinc {cutoff:.2f}")
    along = within(spec.sigma, dice)
    if shape == "isotropic":
        return Degraded(filtered(levels, gaussian(along, along, 0.0)), f"blur {along:.1f}")
    across, angle = within(spec.sigma, dice), within((0.0, math.pi), dice)
    return Degraded(filtered(levels, gaussian(along, across, angle)), f"blur {along:.1f} x {across:.1f}")


def resize(levels: Levels, spec: Resize, dice: Dice, frame: Frame) -> Degraded:
    """Any size, as a multiple of the low side's."""
    size, kind = within(spec.size, dice), pick(spec.filters, dice)
    return Degraded(resized(levels, times(frame.low, size), kind), f"{kind} x{size:.2f}")


def noise(levels: Levels, spec: Noise, dice: Dice, _frame: Frame) -> Degraded:
    """Gaussian, or Poisson: counts of photons, 255 / sigma^2 for each grey level, so that white deviates by sigma."""
    grain, sigma, gray = pick(spec.grains, dice), within(spec.sigma, dice), dice.random() < spec.gray
    dice = own_dice(dice)  # as many numbers as there are pixels: what comes after must not hang on the size
    if grain == "gaussian":
        shape = (*levels.shape[:2], 1 if gray else 3)
        added = sigma * dice.standard_normal(shape, dtype=np.float32)
    else:
        photons = 255 / sigma**2
        light = luma(levels.astype(np.float32))[..., None] if gray else levels
        added = dice.poisson(light * photons) / photons - light
    return Degraded(to_levels(levels + added), f"{grain} {sigma:.1f}{' gray' if gray else ''}")


def reduce(levels: Levels, spec: Reduce, dice: Dice, frame: Frame) -> Degraded:
    """To the low side."""
    kind = pick(spec.filters, dice)
    if kind == "bicubic" and levels.shape[:2] == frame.high:
        return Degraded(frame.reduce(levels), "")
    return Degraded(resized(levels, frame.low, kind), "" if kind == "bicubic" else kind)


def resized(levels: Levels, size: tuple[int, int], kind: Filter) -> Levels:
    """A resize to (height, width) without aliasing, by Pillow. Enlarging by area is bilinear: nothing is averaged."""
    if levels.shape[:2] == size:
        return levels
    kind = "bilinear" if kind == "area" and size[0] > levels.shape[0] else kind
    return np.asarray(Image.fromarray(levels).resize(size[::-1], RESAMPLING[kind]))


def times(size: tuple[int, int], factor: float) -> tuple[int, int]:
    """(height, width) times a factor, at least one pixel."""
    return max(round(size[0] * factor), 1), max(round(size[1] * factor), 1)


def filtered(levels: Levels, response: Callable[[Floats, Floats], Floats]) -> Levels:
    """The picture, mirrored at its borders, through a filter given by its frequency response.

    response: of vertical and horizontal frequency in cycles a pixel, 0..0.5; 1 at 0 keeps the mean.
    """
    pads = (BEYOND, BEYOND)
    planes = np.pad(levels.transpose(2, 0, 1), ((0, 0), pads, pads), mode="symmetric").astype(np.float32)
    height, width = planes.shape[1:]
    down, across = np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None]
    spectrum = np.fft.rfft2(planes) * response(down.astype(np.float32), across.astype(np.float32))
    made = np.fft.irfft2(spectrum, s=(height, width))[:, BEYOND:-BEYOND, BEYOND:-BEYOND]
    return to_levels(made.transpose(1, 2, 0))


def gaussian(along: float, across: float, angle: float) -> Callable[[Floats, Floats], Floats]:
    """The response of a Gaussian of two deviations in pixels, the first in a direction `angle` from the rows."""
    cos, sin = math.cos(angle), math.sin(angle)

    def response(down: Floats, right: Floats) -> Floats:
        u, v = right * cos + down * sin, down * cos - right * sin
        return np.exp(-2 * math.pi**2 * ((along * u) ** 2 + (across * v) ** 2)).astype(np.float32)

    return response


def ideal(cutoff: float) -> Callable[[Floats, Floats], Floats]:
    """The response that cuts all above a share of the highest frequency, which leaves rings beside edges."""
    return lambda down, right: (np.hypot(down, right) <= cutoff / 2).astype(np.float32)


RESAMPLING: dict[Filter, Image.Resampling] = {
    "area": Image.Resampling.BOX,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}
