"""Sets of test pictures: which folders are one, which picture is in which, and each as a case to be enlarged."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from wassr.data.folders import read_levels
from wassr.evaluation.compressed import Saved, decoded, jpeg_file
from wassr.evaluation.scoring import Case, case_of
from wassr.ground.errors import PictureError, UsageError
from wassr.ground.files import at_home
from wassr.pixels.formats import READABLE


@dataclass(frozen=True)
class DataSet:
    """Pictures that are averaged over: originals, or the inputs themselves where there are no originals.

    saved: at which quality of JPEG models get them, where that was asked for.
    """

    name: str
    paths: tuple[Path, ...]
    saved: Saved | None = None


def find_sets(folders: Iterable[str | Path]) -> tuple[DataSet, ...]:
    """Each folder is a set, named by its last part; one without pictures is searched for sub-folders that have some.

    A single picture is a set of one. Raises UsageError when a folder is missing or holds no picture, and when two sets
    have one name.
    """
    found = [one for folder in folders for one in _sets(at_home(folder))]
    taken: dict[str, DataSet] = {}
    for one in found:
        if one.name in taken:
            places = f"{taken[one.name].paths[0].parent} and {one.paths[0].parent}"
            raise UsageError(f"--data: two sets are called {one.name} ({places}); rename a folder")
        taken[one.name] = one
    return tuple(found)


def at_qualities(sets: Iterable[DataSet], qualities: Sequence[Saved]) -> tuple[DataSet, ...]:
    """Each set once for every quality, named `SET/clean`, `SET/jpeg-70`."""
    return tuple(replace(one, name=f"{one.name}/{saved.word}", saved=saved) for one in sets for saved in qualities)


def read_case(one: DataSet, path: Path, scale: int, references: bool = True) -> Case:
    """One picture of a set. references: it is an original, to be reduced first; otherwise it is the input itself.

    Raises PictureError when it cannot be read or is too small.
    """
    levels = read_levels(path)
    try:
        case = case_of(one.name, path.name, levels, scale) if references else Case(one.name, path.name, levels, None)
    except PictureError as error:
        raise PictureError(path, error.reason) from error
    file = None if one.saved is None else jpeg_file(case.low, one.saved)
    return case if file is None else replace(case, low=decoded(file), file=file, clean=case.low)


def pictures_in(folder: Path) -> list[Path]:
    """The pictures directly in a folder, by name; hidden files are none."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.is_file() and path.suffix.lower() in READABLE and not path.name.startswith(".")
    )


def not_looked_into(folders: Iterable[Path | str], sets: Iterable[DataSet]) -> list[str]:
    """A line for each folder whose pictures, or some of them, lie deeper than its sets were looked for."""
    taken = {path.resolve() for one in sets for path in one.paths}
    lines = []
    for place in (place for place in map(at_home, folders) if place.is_dir()):
        deep = []
        for here, below, files in os.walk(place):  # goes by what it may not read, and never along links
            below[:] = sorted(name for name in below if not name.startswith("."))
            paths = (Path(here, name) for name in files if not name.startswith("."))
            if any(path.suffix.lower() in READABLE and path.resolve() not in taken for path in paths):
                deep.append(here)
        if deep:
            shown = ", ".join(deep[:3]) + (" ..." if len(deep) > 3 else "")
            lines.append(f"--data {place}: not looked into: {shown}; name them to have them as sets of their own")
    return lines


def _sets(folder: Path) -> list[DataSet]:
    if not folder.exists():
        raise UsageError(f"--data {folder}: no such folder")
    if folder.is_file():
        return [DataSet(folder.stem, (folder,))]
    direct = pictures_in(folder)
    if direct:
        return [DataSet(folder.resolve().name, tuple(direct))]
    below = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    found = [DataSet(path.name, tuple(pictures)) for path in below if (pictures := pictures_in(path))]
    if not found:
        raise UsageError(f"--data {folder}: no pictures in it or in its sub-folders ({', '.join(sorted(READABLE))})")
    return found
