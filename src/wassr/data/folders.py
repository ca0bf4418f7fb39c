"""Folders of pictures of any format, as 8-bit RGB arrays: in memory, mapped from files of pixels, or decoded anew."""

import math
import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np

from wassr.data.decoded import FileFacts, Levels, file_for, map_pixels, write_pixels
from wassr.ground.errors import CannotStart, PictureError
from wassr.ground.files import at_home
from wassr.ground.words import counted
from wassr.pixels.formats import READABLE, read_rgb
from wassr.pixels.picture import RgbLevels


@dataclass(frozen=True)
class Pictures:
    """Pictures to cut crops from: uint8 (H, W, 3), in memory as far as they fit.

    names: of the files; sizes: (height, width); cached: the pixels, the file that holds them decoded, or None where
    they are decoded anew; notes: sentences for the user about what was left out and what is slow.
    """

    names: tuple[str, ...]
    sizes: tuple[tuple[int, int], ...]
    cached: tuple[Levels | Path | None, ...]
    paths: tuple[Path, ...] = ()
    notes: tuple[str, ...] = field(default=(), compare=False)
    facts: tuple[FileFacts, ...] = ()

    def __len__(self) -> int:
        return len(self.names)

    def levels(self, index: int) -> Levels:
        """The pixels of one picture; not to be written to."""
        cached = self.cached[index]
        if isinstance(cached, Path):
            try:
                return _mapped(cached)
            except (OSError, ValueError):  # somebody has cleared the folder meanwhile: slower, not wrong
                return _decoded_again(self.paths[index])
        return _decoded_again(self.paths[index]) if cached is None else cached


@dataclass(frozen=True)
class _Read:
    """A picture as it was found. file: where its decoded pixels lie or may be put; kept: they do lie there."""

    levels: Levels
    facts: FileFacts
    file: Path | None
    kept: bool
    seconds: float


def in_memory(pixels: Iterable[Levels], names: Iterable[str] = ()) -> Pictures:
    """Pictures that are arrays already."""
    arrays = tuple(pixels)
    called = tuple(names) or tuple(f"picture {i}" for i in range(len(arrays)))
    return Pictures(called, tuple((p.shape[0], p.shape[1]) for p in arrays), arrays)


def find_pictures(folders: Iterable[str | Path]) -> list[Path]:
    """All picture files below the folders, in one order everywhere. A folder may also be a single file; ~ is home.

    Raises TrainingError when a folder is missing or holds no picture.
    """
    found: list[Path] = []
    for folder in map(at_home, folders):
        if not folder.exists():
            raise CannotStart(f"{folder}: no such folder of pictures")
        files = [folder] if folder.is_file() else sorted(path for path in folder.rglob("*") if path.is_file())
        pictures = [path for path in files if path.suffix.lower() in READABLE and not path.name.startswith(".")]
        if not pictures:
            raise CannotStart(f"{folder}: no pictures in it (known: {', '.join(sorted(READABLE))})")
        found += pictures
    return found


def load_pictures(
    paths: list[Path], smallest: int, gigabytes: float, workers: int = 2, folder: str | Path | None = None
) -> Pictures:
    """Decode `paths` with threads, leaving out unreadable pictures and those with a side under `smallest` pixels.

    The first ones that fit stay in memory, up to `gigabytes`. The others are kept as files of pixels in `folder`, where
    those of an earlier call are taken up again; without it, or where it cannot be written, they are decoded whenever a
    crop needs them. Raises TrainingError when nothing is left.
    """
    into = at_home(folder) if folder else None
    found = _Found(gigabytes, into)
    bad, small = 0, 0
    with ThreadPoolExecutor(workers) as pool:
        for first in range(0, len(paths), 8 * workers):  # in groups: no more than these wait decoded
            group = paths[first : first + 8 * workers]
            for path, read in zip(group, pool.map(lambda path: _read_or_none(path, into), group), strict=True):
                if read is None or min(read.levels.shape[:2]) < smallest:
                    bad, small = bad + (read is None), small + (read is not None)
                else:
                    found.add(path, read, pool)
            found.finish()
    if not found.paths:
        raise CannotStart(
            f"{paths[0].parent}: no readable picture of at least {smallest} x {smallest} pixels "
            f"({bad} unreadable, {small} smaller); take larger pictures or a smaller crop"
        )
    every = counted(len(paths), "picture")
    notes = [f"left out: {bad} of {every}, unreadable"] if bad else []
    notes += [f"left out: {small} of {every}, smaller than the crop of {smallest}"] if small else []
    notes += found.slow()
    names = tuple(path.name for path in found.paths)
    return Pictures(
        names, tuple(found.sizes), tuple(found.cached), tuple(found.paths), tuple(notes), tuple(found.facts)
    )


class _Found:
    """The pictures of `load_pictures` so far."""

    def __init__(self, gigabytes: float, folder: Path | None) -> None:
        self.gigabytes, self.folder = gigabytes, folder
        self.paths: list[Path] = []
        self.sizes: list[tuple[int, int]] = []
        self.cached: list[Levels | Path | None] = []
        self.facts: list[FileFacts] = []
        self.in_memory = 0
        self.seconds = 0.0  # that decoding took those which fit nowhere
        self.trouble = ""  # why the folder takes no more
        self._writing: list[tuple[int, _Read, Future[None]]] = []

    def add(self, path: Path, read: _Read, pool: ThreadPoolExecutor) -> None:
        fits = self.in_memory + read.levels.nbytes <= self.gigabytes * 1e9
        self.paths.append(path)
        self.sizes.append((read.levels.shape[0], read.levels.shape[1]))
        self.facts.append(read.facts)
        if fits:
            self.in_memory += read.levels.nbytes
            self.cached.append(np.array(read.levels) if read.kept else read.levels)
        elif read.kept:
            self.cached.append(read.file)
        else:
            self.cached.append(None)
            if read.file is None or self.trouble:
                self.seconds += read.seconds
            else:
                writing = pool.submit(write_pixels, read.file, read.levels, read.facts)
                self._writing.append((len(self.cached) - 1, read, writing))

    def finish(self) -> None:
        """Wait for what is being written."""
        for index, read, writing in self._writing:
            try:
                writing.result()
                self.cached[index] = read.file
            except OSError as error:  # a full disk: what is there serves, the rest is decoded
                self.trouble = self.trouble or error.strerror or str(error)
                self.seconds += read.seconds
        self._writing = []

    def slow(self) -> list[str]:
        """The sentence about pictures that are decoded for each crop, if there are any."""
        slow = sum(cached is None for cached in self.cached)
        if not slow:
            return []
        size = sum(3 * height * width for height, width in self.sizes)
        on_disk = sum(isinstance(cached, Path) for cached in self.cached)
        fit = f"{len(self.cached) - slow - on_disk} of {len(self.cached)} pictures fit into data.cache_gigabytes: "
        fit += f"{self.gigabytes:g}"
        fit += f", {on_disk} into data.cache_folder: {self.folder} ({self.trouble})" if self.folder else ""
        cost = f"each crop from the others decodes a whole picture, {self.seconds / slow:.2g} s: slow"
        memory = f"data.cache_gigabytes={_rounded_up(size)} holds all in memory"
        rest = f"{_rounded_up(size - self.in_memory)} GB"
        disk = f"{rest} in a data.cache_folder keep" if self.folder else f"data.cache_folder=DIR keeps {rest} of them"
        return [f"{fit}; {cost}; {memory}, {disk} decoded on disk"]


def _rounded_up(size: int) -> str:
    """Gigabytes, with one decimal."""
    return f"{math.ceil(size / 1e8) / 10:g}"


def split(paths: list[Path], every: int = 20) -> tuple[list[Path], list[Path]]:
    """Training and validation pictures where no validation folder is given: each `every`-th is held out."""
    if len(paths) < 2:
        raise CannotStart("one picture cannot be split: give data.valid a folder of its own")
    held = set(range(every // 2, len(paths), every)) or {len(paths) - 1}
    return [p for i, p in enumerate(paths) if i not in held], [paths[i] for i in sorted(held)]


def read_levels(path: Path) -> Levels:
    """One picture as uint8 (H, W, 3); gray is repeated, alpha dropped. Raises PictureError."""
    return read_rgb(path).levels


def _read_or_none(path: Path, folder: Path | None) -> _Read | None:
    began = time.perf_counter()
    file = file_for(path, folder) if folder else None
    if file:
        try:
            return _Read(*map_pixels(file), file, True, 0.0)
        except (OSError, ValueError):  # not there, or torn: made anew
            pass
    try:
        picture = read_rgb(path)
    except PictureError:
        return None  # one bad file does not stop a night's training; `load_pictures` says if nothing is left
    seconds = time.perf_counter() - began
    levels = picture.levels
    mean = float(levels[::4, ::4].mean())  # a sixteenth of the pixels tells as much
    flat = bool(levels.min() == levels.max())
    facts = FileFacts(_format(path, picture), picture.bits, picture.gray, mean, flat)
    return _Read(levels, facts, file, False, seconds)


def _format(path: Path, picture: RgbLevels) -> str:
    """The format; WebP has two kinds, of which the plain form of the lossy one tells itself."""
    with path.open("rb") as file:
        return "lossy WEBP" if file.read(16)[8:] == b"WEBPVP8 " else picture.source_format


@lru_cache(maxsize=64)  # few: each holds a descriptor of its file
def _mapped(file: Path) -> Levels:
    return map_pixels(file)[0]


@lru_cache(maxsize=4)
def _decoded_again(path: Path) -> Levels:
    return read_levels(path)
