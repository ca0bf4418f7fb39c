"""Folders of pictures of any format, as 8-bit RGB arrays in memory."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wassr.ground.errors import PictureError, TrainingError
from wassr.pixels.formats import READABLE, read_picture
from wassr.pixels.picture import to_array

Levels = NDArray[np.uint8]


@dataclass(frozen=True)
class Pictures:
    """Decoded pictures: names relative to their folder, pixels uint8 (H, W, 3)."""

    names: tuple[str, ...]
    pixels: tuple[Levels, ...]

    def __len__(self) -> int:
        return len(self.names)


def find_pictures(folders: Iterable[str | Path]) -> list[Path]:
    """All picture files below the folders, in one order everywhere. A folder may also be a single file.

    Raises TrainingError when a folder is missing or holds no picture.
    """
    found: list[Path] = []
    for folder in map(Path, folders):
        if not folder.exists():
            raise TrainingError(f"{folder}: no such folder of pictures")
        files = [folder] if folder.is_file() else sorted(path for path in folder.rglob("*") if path.is_file())
        pictures = [path for path in files if path.suffix.lower() in READABLE and not path.name.startswith(".")]
        if not pictures:
            raise TrainingError(f"{folder}: no pictures in it (known: {', '.join(sorted(READABLE))})")
        found += pictures
    return found


def load_pictures(paths: list[Path], smallest: int, gigabytes: float, workers: int = 2) -> Pictures:
    """Decode `paths` with threads, leaving out unreadable pictures and those with a side under `smallest` pixels.

    Raises TrainingError when nothing is left or when the pixels need more than `gigabytes` of memory.
    """
    pixels: list[Levels] = []
    names: list[str] = []
    total = 0
    with ThreadPoolExecutor(workers) as pool:
        for path, levels in zip(paths, pool.map(_levels_or_none, paths), strict=True):
            if levels is None or min(levels.shape[:2]) < smallest:
                continue
            total += levels.nbytes
            if total > gigabytes * 1e9:
                raise TrainingError(
                    f"{path.parent}: the decoded pictures need more than {gigabytes:g} GB; "
                    "raise data.cache_gigabytes or use fewer pictures"
                )
            pixels.append(levels)
            names.append(path.name)
    if not pixels:
        raise TrainingError(f"{paths[0].parent}: no readable picture of at least {smallest} x {smallest} pixels")
    return Pictures(tuple(names), tuple(pixels))


def split(paths: list[Path], every: int = 20) -> tuple[list[Path], list[Path]]:
    """Training and validation pictures where no validation folder is given: each `every`-th is held out."""
    if len(paths) < 2:
        raise TrainingError("one picture cannot be split: give data.valid a folder of its own")
    held = set(range(every // 2, len(paths), every)) or {len(paths) - 1}
    return [p for i, p in enumerate(paths) if i not in held], [paths[i] for i in sorted(held)]


def read_levels(path: Path) -> Levels:
    """One picture as uint8 (H, W, 3); gray is repeated, alpha dropped. Raises PictureError."""
    levels = to_array(read_picture(path), np.uint8)[..., :3]
    if levels.ndim == 2 or levels.shape[2] < 3:
        levels = np.repeat(levels.reshape(*levels.shape[:2], -1)[..., :1], 3, axis=2)
    return np.ascontiguousarray(levels)


def _levels_or_none(path: Path) -> Levels | None:
    try:
        return read_levels(path)
    except PictureError:
        return None  # one bad file does not stop a night's training; `load_pictures` says if nothing is left
