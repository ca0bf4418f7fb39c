"""Quantisation tables as encoders write them: libjpeg's, Photoshop's, a phone's, a camera's.

`quality` is libjpeg's scale for all; what a foreign table stands for in it is noted beside it and never computed anew,
since the bytes of training crops depend on it. Photoshop knows a few fixed settings, which Pillow lists: the nearest is
taken, with the chroma sampling that belongs to it. The phone's and the camera's tables stand in the headers of two old
pictures (github.com/drewnoakes/metadata-extractor-images) and are scaled as libjpeg scales its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from PIL.JpegPresets import presets

from wassr.data.chain import Chroma, Tables
from wassr.pixels.jpeg import Table, standard_table


@dataclass(frozen=True)
class Coding:
    """How one JPEG is coded. quality: 1..100, in libjpeg's scale; luma, chroma: 64 steps, row by row."""

    quality: int
    luma: Table
    chroma: Table
    sampling: Chroma


@lru_cache(maxsize=2048)
def coding(tables: Tables, quality: int, sampling: Chroma) -> Coding:
    """The tables of an encoder at a quality of 1..100, and the chroma sampling that is asked for.

    Photoshop has few qualities, each with its own sampling.
    """
    return TABLES[tables](quality, sampling)


def _libjpeg(quality: int, sampling: Chroma) -> Coding:
    return Coding(quality, standard_table(quality), standard_table(quality, chroma=True), sampling)


def _photoshop(quality: int, _sampling: Chroma) -> Coding:
    name = min(PHOTOSHOP, key=lambda setting: abs(PHOTOSHOP[setting] - quality))
    setting: dict[str, Any] = presets[name]
    luma, chroma = (tuple(table) for table in setting["quantization"])
    return Coding(PHOTOSHOP[name], luma, chroma, "4:2:0" if setting["subsampling"] == 2 else "4:4:4")


def _phone(quality: int, sampling: Chroma) -> Coding:
    return Coding(quality, _scaled(NOKIA_3110C, 89, quality), standard_table(quality, chroma=True), sampling)


def _camera(quality: int, sampling: Chroma) -> Coding:
    luma, chroma = (_scaled(table, 82, quality) for table in (KODAK_DC210, KODAK_DC210_CHROMA))
    return Coding(quality, luma, chroma, sampling)


def _scaled(table: Table, own: int, quality: int) -> Table:
    """A table of quality `own` as libjpeg would scale it to another quality, limited to 1..255."""
    factor = _factor(quality) / _factor(own)
    return tuple(min(max(round(step * factor), 1), 255) for step in table)


def _factor(quality: int) -> float:
    return max(5000 // quality if quality < 50 else 200 - 2 * quality, 1)


PHOTOSHOP = {  # settings of its two menus and what they stand for
    "web_low": 43,
    "web_medium": 67,
    "low": 82,
    "medium": 85,
    "web_high": 86,
    "high": 89,
    "web_very_high": 94,
    "maximum": 94,
    "web_maximum": 99,
}
NOKIA_3110C: Table = (
    *(4, 3, 3, 3, 4, 5, 11, 17),
    *(2, 3, 3, 4, 5, 8, 15, 21),
    *(2, 3, 4, 5, 8, 13, 18, 22),
    *(4, 4, 5, 7, 13, 15, 20, 23),
    *(5, 6, 9, 12, 16, 19, 24, 26),
    *(9, 13, 13, 20, 25, 24, 28, 23),
    *(12, 14, 16, 19, 24, 26, 28, 24),
    *(14, 13, 13, 14, 18, 21, 23, 23),
)
KODAK_DC210: Table = (
    *(6, 6, 6, 7, 9, 12, 15, 19),
    *(6, 6, 7, 8, 10, 13, 16, 20),
    *(6, 7, 8, 11, 13, 15, 19, 23),
    *(7, 8, 11, 14, 17, 20, 24, 29),
    *(9, 10, 13, 17, 22, 26, 32, 38),
    *(12, 13, 15, 20, 26, 34, 42, 50),
    *(15, 16, 19, 24, 32, 42, 53, 66),
    *(19, 20, 23, 29, 38, 50, 66, 86),
)
KODAK_DC210_CHROMA: Table = (
    *(6, 6, 6, 7, 8, 10, 13, 16),
    *(6, 6, 6, 7, 9, 11, 14, 17),
    *(6, 6, 8, 9, 11, 13, 16, 20),
    *(7, 7, 9, 12, 15, 17, 20, 24),
    *(8, 9, 11, 15, 18, 22, 26, 30),
    *(10, 11, 13, 17, 22, 27, 33, 39),
    *(13, 14, 16, 20, 26, 33, 41, 50),
    *(16, 17, 20, 24, 30, 39, 50, 63),
)
TABLES: dict[Tables, Callable[[int, Chroma], Coding]] = {
    "libjpeg": _libjpeg,
    "photoshop": _photoshop,
    "phone": _phone,
    "camera": _camera,
}
