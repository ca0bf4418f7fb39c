"""Inputs as users have them: the low resolution saved as JPEG, once or twice, and decoded again.

Pillow encodes by libjpeg's own tables of a quality, chroma 4:2:0, not optimised. Saved twice, the first save is the
stronger one and its blocks lie SHIFT pixels beside those of the second: what is left of a strong compression when a
picture was cut and saved well again. That is the hard case: the file states a quality that its pixels do not have
(J. Jiang, K. Zhang, R. Timofte: Towards flexible blind JPEG artifacts removal, ICCV 2021).
"""

import io
from dataclasses import dataclass

import numpy as np
import PIL
from numpy.typing import NDArray
from PIL import Image, features

from wassr.data.codecs import on_grid
from wassr.ground.errors import UsageError
from wassr.pixels.formats import read_picture, to_array

Levels = NDArray[np.uint8]

CLEAN = "clean"
SUBSAMPLING = "4:2:0"
SHIFT = 4  # rows and columns from the blocks of the first save to those of the second: half a block
LOWER = 20  # how far the quality of the first save is below that of the second,
LOWEST = 10  # but not below this
WANTED = f"write {CLEAN} and whole numbers from 1 to 100, as in --jpeg {CLEAN},90,70,50,30"


@dataclass(frozen=True)
class Saved:
    """How the low resolution reaches a model: saved as JPEG of a quality 1..100, or clean (None).

    double: saved before that at quality `first`, on other blocks.
    """

    quality: int | None
    double: bool = False

    @property
    def label(self) -> str:
        """As it was asked for: `clean`, `70`."""
        return CLEAN if self.quality is None else str(self.quality)

    @property
    def word(self) -> str:
        """Behind the name of a set: `clean`, `jpeg-70`, `jpeg-70-double`."""
        return CLEAN if self.quality is None else f"jpeg-{self.quality}{'-double' if self.double else ''}"

    @property
    def first(self) -> int | None:
        """The quality of the first of two saves."""
        if self.quality is None or not self.double:
            return None
        return max(self.quality - LOWER, min(self.quality, LOWEST))

    @property
    def protocol(self) -> str:
        """What was done to the low resolution, in words; nothing for a clean one."""
        if self.quality is None:
            return ""
        twice = f"of quality {self.first}, blocks shifted by {SHIFT} rows and columns, then " if self.double else ""
        return (
            f"saved as JPEG {twice}of quality {self.quality} (4:2:0; {codec()}) and decoded; "
            f"what is compared with the input is compared with the clean one"
        )


def parse(text: str, double: bool = False) -> tuple[Saved, ...]:
    """`clean,90,70` as it stands on a command line; clean comes first, then the best quality. double: saved twice.

    Raises UsageError for anything else, and for what is named twice.
    """
    words = [word.strip() for word in text.split(",")]
    if not any(words):
        raise UsageError(f"--jpeg: names no quality; {WANTED}")
    found = [_saved(word, text, double) for word in words]
    again = next((one for one in found if found.count(one) > 1), None)
    if again is not None:
        raise UsageError(f"--jpeg {text}: {again.label} is there twice; name each once")
    if double and not any(one.double for one in found):
        raise UsageError(f"--double: --jpeg {text} saves nothing; name a quality")
    return tuple(sorted(found, key=lambda one: -(one.quality or 101)))


def jpeg_file(low: Levels, saved: Saved) -> bytes | None:
    """The file that a model is given instead of `low` (h, w, 3); None where that stays clean."""
    if saved.quality is None:
        return None
    if saved.first is not None:
        low = on_grid(low, (SHIFT, SHIFT), "JPEG", quality=saved.first, subsampling=SUBSAMPLING)
    return _encoded(low, saved.quality)


def decoded(file: bytes) -> Levels:
    """The pixels (h, w, 3) of such a file, as wassr reads it."""
    return to_array(read_picture(file), np.uint8).astype(np.uint8, copy=False)


def codec() -> str:
    """Which encoder and decoder: versions differ by a grey level here and there."""
    turbo = features.version("libjpeg_turbo")
    library = f"libjpeg-turbo {turbo}" if turbo else f"libjpeg {features.version('jpg')}"
    return f"Pillow {PIL.__version__}, {library}"


def _encoded(levels: Levels, quality: int) -> bytes:
    out = io.BytesIO()
    Image.fromarray(levels).save(out, "JPEG", quality=quality, subsampling=SUBSAMPLING)
    return out.getvalue()


def _saved(word: str, text: str, double: bool) -> Saved:
    if word == CLEAN:
        return Saved(None)
    if not (word.isascii() and word.isdigit() and len(word) < 4 and 1 <= int(word) <= 100):
        raise UsageError(f"--jpeg {text}: {word or 'nothing between commas'} is no quality; {WANTED}")
    return Saved(int(word), double)
