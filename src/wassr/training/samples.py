"""Sample strips that a run keeps as PNG, RUN/samples/step-N.png, so that they are seen without TensorBoard. No torch.

A strip has a row for each picture and a column for each way to enlarge it. Which columns these are and how large the
cells of a row are stands in the file itself, as text under KEY.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo

from wassr.ground.errors import PictureError
from wassr.ground.files import whole_file
from wassr.training.checkpoints import kept_steps
from wassr.training.course import Course

KEY = "wassr strip"
SAMPLES, DIFFERENCES = "", "difference-"  # how the names of files begin

Levels = NDArray[np.uint8]


@dataclass(frozen=True)
class Strip:
    """levels (H, W, 3): rows of equal cells, padded on the right. cells: (height, width) in each row."""

    columns: tuple[str, ...]
    cells: tuple[tuple[int, int], ...]
    levels: Levels

    def cell(self, row: int, column: str) -> Levels:
        """One picture by one column, (h, w, 3)."""
        height, width = self.cells[row]
        top, left = sum(size[0] for size in self.cells[:row]), self.columns.index(column) * width
        return self.levels[top : top + height, left : left + width]


def strip_file(folder: Path, step: int, kind: str = SAMPLES) -> Path:
    """Where the strip of a validation lies: samples/step-N.png, N of the whole run."""
    return folder / f"{kind}step-{step}.png"


def write_strip(path: Path, strip: Strip) -> None:
    """Write a strip, all or nothing."""
    words = PngInfo()
    words.add_text(KEY, json.dumps({"columns": strip.columns, "cells": strip.cells}))
    with whole_file(path) as temporary:
        Image.fromarray(strip.levels).save(temporary, pnginfo=words)


def read_strip(path: Path) -> Strip:
    """A strip as it was written. Raises PictureError for any other file."""
    try:
        with Image.open(path) as image:
            said = json.loads(image.info[KEY])
            strip = Strip(tuple(said["columns"]), tuple((h, w) for h, w in said["cells"]), np.array(image))
    except (OSError, UnidentifiedImageError, KeyError, TypeError, ValueError) as error:
        raise PictureError(path, f"is no strip of samples ({type(error).__name__}); it can be deleted") from error
    width = max((len(strip.columns) * width for _, width in strip.cells), default=0)
    if strip.levels.shape != (sum(height for height, _ in strip.cells), width, 3):
        raise PictureError(path, "is no whole strip of samples; it can be deleted")
    return strip


def kept_strips(folder: Path, kind: str = SAMPLES) -> dict[int, Path]:
    """Step -> file, in the order of steps."""
    names = ((re.fullmatch(rf"{kind}step-(\d+)\.png", path.name), path) for path in folder.glob("*.png"))
    return dict(sorted((int(found[1]), path) for found, path in names if found))


def prune_strips(folder: Path, course: Course) -> None:
    """Drop those of this stage that are neither of a kept checkpoint nor the last, and those of steps not yet reached.

    A strip has about half a megabyte, and a long run validates hundreds of times.
    """
    first = course.start.step
    kept = kept_steps(course) | {first}
    for kind in (SAMPLES, DIFFERENCES):
        for step, path in kept_strips(folder, kind).items():
            if step > first and step not in kept:
                path.unlink(missing_ok=True)


def drop_newer_strips(folder: Path, step: int) -> None:
    """Drop all strips after a step: the run went back to it."""
    for kind in (SAMPLES, DIFFERENCES):
        for other, path in kept_strips(folder, kind).items():
            if other > step:
                path.unlink(missing_ok=True)
