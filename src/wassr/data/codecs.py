"""Degradations by real codecs: the picture is encoded to JPEG or WebP bytes and decoded again.

Codecs work on a grid: 8x8 blocks, up to 16x16 pixels with reduced chroma. A crop lies anywhere in it, and a picture
that was cut between two saves has two of them; so what is encoded begins `origin` pixels before the picture, mirrored
there, and is cut again.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.WebPImagePlugin import WebPImageFile

from wassr.data.chain import Filter, Jpeg, Webp
from wassr.data.dice import Dice, pick, whole_within, within
from wassr.data.filters import RESAMPLING, Degraded, Frame, Levels, resized, times
from wassr.data.jpeg_tables import Coding, coding

GRID = 16  # pixels: the largest unit of 4:2:0, 4:2:2 and 4:4:4, and of WebP


@dataclass(frozen=True)
class Save:
    """One generation of JPEG, all drawn. origin: as in `Frame`. size: of sides, in those before the first save."""

    coding: Coding
    origin: tuple[int, int]
    size: float
    filter: Filter
    words: str


def jpeg(levels: Levels, spec: Jpeg, dice: Dice, frame: Frame) -> Degraded:
    """Saved one to three times; saves but the last may be of another size, so that the last grid stays whole."""
    saves = saves_of(spec, dice, frame.origin)
    return Degraded(saved(levels, saves), ", ".join(save.words for save in saves), still_seen(saves))


def webp(levels: Levels, spec: Webp, dice: Dice, frame: Frame) -> Degraded:
    """Saved once as lossy WebP."""
    quality = whole_within(spec.quality, dice)
    return Degraded(on_grid(levels, frame.origin, "WEBP", quality=quality), f"webp q{quality}")


def saves_of(spec: Jpeg, dice: Dice, origin: tuple[int, int]) -> list[Save]:
    """The generations that a step draws. origin: of the picture's own grid, which saves without a cut share."""
    count = 1 + int(pick({str(i): share for i, share in enumerate(spec.generations)}, dice))
    return [_save(spec, dice, origin, last=number == count - 1) for number in range(count)]


def saved(levels: Levels, saves: Sequence[Save]) -> Levels:
    """One generation after the other, each of its size."""
    whole = (levels.shape[0], levels.shape[1])
    for save in saves:
        levels = save_jpeg(resized(levels, times(whole, save.size), save.filter), save.coding, save.origin)
    return levels


def resized_saves(saves: Sequence[Save]) -> int:
    """How many there are up to the last one of another size; those after it keep the size."""
    return max((number for number, save in enumerate(saves, 1) if save.size != 1), default=0)


def still_seen(saves: Sequence[Save]) -> tuple[int, ...]:
    """Qualities of the generations after the last one of another size, whose blocks the resize mixed up."""
    return tuple(save.coding.quality for save in saves[resized_saves(saves) :])


def save_jpeg(levels: Levels, coding: Coding, origin: tuple[int, int]) -> Levels:
    """One generation by the codec that Pillow has. The tables are those of the file, never scaled again."""
    tables = {"qtables": [list(coding.luma), list(coding.chroma)], "subsampling": coding.sampling}
    return on_grid(levels, origin, "JPEG", **tables)


def any_origin(dice: Dice) -> tuple[int, int]:
    """A place in the grid, all alike."""
    return int(dice.integers(GRID)), int(dice.integers(GRID))


def _save(spec: Jpeg, dice: Dice, origin: tuple[int, int], last: bool) -> Save:
    quality, chroma, tables = whole_within(spec.quality, dice), pick(spec.chroma, dice), pick(spec.tables, dice)
    begin = any_origin(dice) if dice.random() < spec.shifted else origin
    same_size = dice.random() >= spec.resized or last
    size, filter = within(spec.sizes, dice), pick(dict.fromkeys(RESAMPLING, 1.0), dice)
    chosen = coding(tables, quality, chroma)
    words = f"q{chosen.quality} {chosen.sampling}{'' if tables == 'libjpeg' else f' {tables}'}"
    if same_size:
        return Save(chosen, begin, 1.0, filter, words)
    return Save(chosen, begin, size, filter, f"{words} x{size:.2f}")


def on_grid(levels: Levels, origin: tuple[int, int], kind: str, **options: Any) -> Levels:
    """Encoded (kind: JPEG, WEBP; options: Pillow's) as if the picture began at `origin` in the codec's grid."""
    out = io.BytesIO()
    padded = np.pad(levels, ((origin[0], 0), (origin[1], 0), (0, 0)), mode="symmetric") if any(origin) else levels
    Image.fromarray(padded).save(out, kind, **options)
    out.seek(0)
    with DECODERS[kind](out) as image:  # not by Image.open, which distrusts large pictures: this one is ours
        return np.asarray(image.convert("RGB"))[origin[0] :, origin[1] :]


DECODERS: dict[str, type[ImageFile]] = {"JPEG": JpegImageFile, "WEBP": WebPImageFile}
