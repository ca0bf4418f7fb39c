"""Crops of real compressed pictures by several models, pixel by pixel, a row for each picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from wassr.data.folders import read_levels
from wassr.evaluation.scoring import Case
from wassr.evaluation.subjects import Subject
from wassr.ground.errors import UsageError
from wassr.ground.files import whole_file
from wassr.pixels.caption import caption
from wassr.pixels.resize import to_levels

Levels = NDArray[np.uint8]

WIDTH, HEIGHT = 64, 48  # of a crop, pixels of the input
GAP = 4
QUALITY = 85  # of the sheet's JPEG, 4:4:4


@dataclass(frozen=True)
class Place:
    """Where a picture is cropped, in pixels of the input. free: its author lets anybody show it."""

    left: int
    top: int
    free: bool = False


def draw(subjects: Sequence[Subject], folder: Path, target: Path, everything: Path) -> list[Path]:
    """Write the free pictures of a folder to `target` and all that PLACES knows to `everything`. Returns both.

    Raises UsageError when none of them is there.
    """
    here = {name: place for name, place in PLACES.items() if (folder / name).is_file()}
    if not here:
        raise UsageError(f"--sheet {folder}: none of its pictures is there, such as {next(iter(PLACES))}")
    rows = {name: row(subjects, folder / name, place) for name, place in here.items()}
    heads = [subject.name for subject in subjects]
    written = []
    for path, names in ((target, [name for name in here if here[name].free]), (everything, list(here))):
        if names:
            with whole_file(path) as temporary:
                sheet(heads, {name: rows[name] for name in names}).save(temporary, quality=QUALITY, subsampling="4:4:4")
            written.append(path)
    return written


def row(subjects: Sequence[Subject], path: Path, place: Place) -> list[Levels]:
    """The crop of one picture by each subject; whole pictures are enlarged, as a user's are."""
    case = Case("real", path.name, read_levels(path), None, file=path.read_bytes())
    cells = []
    for subject in subjects:
        made, scale = subject.make(case), subject.scale
        there = (slice(scale * place.top, scale * (place.top + HEIGHT)), slice(scale * place.left, None))
        cells.append(made[there][:, : scale * WIDTH])
    return cells


def sheet(heads: Sequence[str], rows: dict[str, list[Levels]]) -> Image.Image:
    """Names of subjects above, the name of a picture above its row."""
    size = next(iter(rows.values()))[0].shape[1]
    parts = [_line(*heads, width=size)]
    for name, cells in rows.items():
        parts.append(_line(name, *[""] * (len(heads) - 1), width=size))
        edges = ((0, GAP), (0, GAP), (0, 0))
        parts.append(np.concatenate([np.pad(cell, edges, constant_values=255) for cell in cells], axis=1))
    return Image.fromarray(np.concatenate(parts))


def _line(*words: str, width: int) -> Levels:
    text = np.concatenate([caption(word, width + GAP) for word in words], axis=1)
    return to_levels(255 * text)[..., None].repeat(3, axis=2)


PLACES: dict[str, Place] = {
    "palms_ricoh_dc3z.jpg": Place(60, 300, free=True),
    "house_fujifilm_ds7.jpg": Place(226, 172, free=True),
    "party_kodak_dc210.jpg": Place(281, 228, free=True),
    "dog_fujifilm_finepix40i.jpg": Place(285, 62, free=True),
    "counter_sony_d700.jpg": Place(455, 62, free=True),
    "skyline_sanyo_sr662.jpg": Place(70, 55, free=True),
    "jetski_fujifilm_dx5.jpg": Place(235, 116, free=True),
    "villa_sony_cybershot.jpg": Place(92, 120, free=True),
    "garden_olympus_e420.jpg": Place(105, 150, free=True),
    "church_nokia_3110c.jpg": Place(455, 430, free=True),
    "drawing_lineart.jpg": Place(100, 30, free=True),
    "oldphoto2.png": Place(52, 65),
    "oldphoto3.png": Place(96, 105),
    "oldphoto6.png": Place(150, 115),
    "painting.png": Place(85, 75),
    "Lincoln.png": Place(45, 45),
    "dped_crop00061.png": Place(70, 75),
    "meme_fbcnn2.jpg": Place(95, 75),
    "film_fbcnn4.jpg": Place(170, 50),
    "cartoon_0014.jpg": Place(60, 50),
}
