"""Folders of pictures of any format, as 8-bit RGB arrays in memory."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wassr.ground.errors import CannotStart, PictureError
from wassr.pixels.formats import READABLE, read_picture
from wassr.pixels.picture import Picture, to_array

Levels = NDArray[np.uint8]


@dataclass(frozen=True)
class FileFacts:
    """What a file held before it became 8-bit RGB. mean: of its levels, 0..255; flat: one level in all pixels."""

    format: str
    bits: int
    gray: bool
    mean: float
    flat: bool


@dataclass(frozen=True)
class Pictures:
    """Pictures to cut crops from: uint8 (H, W, 3), in memory as far as they fit, decoded anew otherwise.

    names: of the files; sizes: (height, width); notes: sentences for the user about what was left out.
    """

    names: tuple[str, ...]
    sizes: tuple[tuple[int, int], ...]
    cached: tuple[Levels | None, ...]
    paths: tuple[Path, ...] = ()
    notes: tuple[str, ...] = field(default=(), compare=False)
    facts: tuple[FileFacts, ...] = ()

    def __len__(self) -> int:
        return len(self.names)

    def levels(self, index: int) -> Levels:
        """The pixels of one picture."""
        levels = self.cached[index]
        return _decoded_again(self.paths[index]) if levels is None else levels


def in_memory(pixels: Iterable[Levels], names: Iterable[str] = ()) -> Pictures:
    """Pictures that are arrays already."""
    arrays = tuple(pixels)
    called = tuple(names) or tuple(f"picture {i}" for i in range(len(arrays)))
    return Pictures(called, tuple((p.shape[0], p.shape[1]) for p in arrays), arrays)


def find_pictures(folders: Iterable[str | Path]) -> list[Path]:
    """All picture files below the folders, in one order everywhere. A folder may also be a single file.

    Raises TrainingError when a folder is missing or holds no picture.
    """
    found: list[Path] = []
    for folder in map(Path, folders):
        if not folder.exists():
            raise CannotStart(f"{folder}: no such folder of pictures")
        files = [folder] if folder.is_file() else sorted(path for path in folder.rglob("*") if path.is_file())
        pictures = [path for path in files if path.suffix.lower() in READABLE and not path.name.startswith(".")]
        if not pictures:
            raise CannotStart(f"{folder}: no pictures in it (known: {', '.join(sorted(READABLE))})")
        found += pictures
    return found


def load_pictures(paths: list[Path], smallest: int, gigabytes: float, workers: int = 2) -> Pictures:
    """Decode `paths` with threads, leaving out unreadable pictures and those with a side under `smallest` pixels.

    The first ones that fit stay in memory, up to `gigabytes`; the others are decoded whenever a crop needs them.
    Raises TrainingError when nothing is left.
    """
    names: list[str] = []
    sizes: list[tuple[int, int]] = []
    cached: list[Levels | None] = []
    kept: list[Path] = []
    facts: list[FileFacts] = []
    total, bad, small = 0, 0, 0
    with ThreadPoolExecutor(workers) as pool:
        for first in range(0, len(paths), 8 * workers):  # in groups: no more than these wait decoded
            group = paths[first : first + 8 * workers]
            for path, read in zip(group, pool.map(_read_or_none, group), strict=True):
                if read is None or min(read[0].shape[:2]) < smallest:
                    bad, small = bad + (read is None), small + (read is not None)
                    continue
                levels, fact = read
                fits = total + levels.nbytes <= gigabytes * 1e9
                total += levels.nbytes if fits else 0
                names.append(path.name)
                sizes.append((levels.shape[0], levels.shape[1]))
                cached.append(levels if fits else None)
                kept.append(path)
                facts.append(fact)
    if not kept:
        raise CannotStart(
            f"{paths[0].parent}: no readable picture of at least {smallest} x {smallest} pixels "
            f"({bad} unreadable, {small} smaller); take larger pictures or a smaller crop"
        )
    notes = [f"left out: {bad} of {in_words(len(paths))}, unreadable"] if bad else []
    notes += [f"left out: {small} of {in_words(len(paths))}, smaller than the crop of {smallest}"] if small else []
    if slow := sum(levels is None for levels in cached):
        limit = f"data.cache_gigabytes: {gigabytes:g}"
        notes.append(f"slow: {slow} of {in_words(len(kept))}, beyond {limit}, decoded for each crop")
    return Pictures(tuple(names), tuple(sizes), tuple(cached), tuple(kept), tuple(notes), tuple(facts))


def in_words(count: int) -> str:
    """`1 picture`, `2 pictures`."""
    return f"{count} picture{'s' if count != 1 else ''}"


def split(paths: list[Path], every: int = 20) -> tuple[list[Path], list[Path]]:
    """Training and validation pictures where no validation folder is given: each `every`-th is held out."""
    if len(paths) < 2:
        raise CannotStart("one picture cannot be split: give data.valid a folder of its own")
    held = set(range(every // 2, len(paths), every)) or {len(paths) - 1}
    return [p for i, p in enumerate(paths) if i not in held], [paths[i] for i in sorted(held)]


def read_levels(path: Path) -> Levels:
    """One picture as uint8 (H, W, 3); gray is repeated, alpha dropped. Raises PictureError."""
    return _levels(read_picture(path))


def _levels(picture: Picture) -> Levels:
    levels = to_array(picture, np.uint8)
    levels = levels.reshape(*levels.shape[:2], -1)  # gray may come without an axis of channels
    rgb = levels[..., :3] if levels.shape[2] >= 3 else np.repeat(levels[..., :1], 3, axis=2)
    return np.ascontiguousarray(rgb)


def _read_or_none(path: Path) -> tuple[Levels, FileFacts] | None:
    try:
        picture = read_picture(path)
    except PictureError:
        return None  # one bad file does not stop a night's training; `load_pictures` says if nothing is left
    levels = _levels(picture)
    mean = float(levels[::4, ::4].mean())  # a sixteenth of the pixels tells as much
    flat = bool(levels.min() == levels.max())
    return levels, FileFacts(_format(path, picture), picture.bits, picture.gray, mean, flat)


def _format(path: Path, picture: Picture) -> str:
    """The format; WebP has two kinds, of which the plain form of the lossy one tells itself."""
    with path.open("rb") as file:
        return "lossy WEBP" if file.read(16)[8:] == b"WEBPVP8 " else picture.source_format


@lru_cache(maxsize=4)
def _decoded_again(path: Path) -> Levels:
    return read_levels(path)
