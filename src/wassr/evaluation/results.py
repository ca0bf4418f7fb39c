"""Pictures made by another program, as a model among the others: each is matched to its original by its name.

A result belongs to the original whose stem it has, or whose stem it begins with before a mark or a scale: `bird.png`,
`bird_out.jpg`, `bird-x4.png`, `birdx4.png` all are `bird`. Names may be right and contents still shuffled: a result
that looks like another original is noticed by its reduction.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wassr.data.folders import read_levels
from wassr.evaluation.metrics import psnr
from wassr.evaluation.scoring import Case
from wassr.evaluation.sets import DataSet, pictures_in
from wassr.ground.errors import PictureError, UsageError
from wassr.ground.files import at_home
from wassr.pixels.resize import resize_rounded

Levels = NDArray[np.uint8]

THUMB = 32  # side of the reductions that tell whether two pictures show the same
UNLIKE = 20.0  # dB between thumbs: results of one picture, even bad ones, are nearer to it than that


def match(originals: Iterable[str], files: Iterable[Path], where: str) -> dict[str, Path]:
    """The file of each original, both by stem; an equal stem wins. Files of no original are left alone.

    Raises UsageError, naming the original, when there is no file for it or more than one, or two of its name.
    """
    count = Counter(originals)
    twice = next((stem for stem, times in count.items() if times > 1), None)
    if twice is not None:
        raise UsageError(
            f"--results {where}: two originals are called {twice}; rename one, so that each has its result"
        )
    stems = sorted(count, key=lambda stem: (-len(stem), stem))  # of `img` and `img_2`, `img_2_x4` belongs to the longer
    equal, longer = defaultdict[str, list[Path]](list), defaultdict[str, list[Path]](list)
    for file in files:
        owner = next((stem for stem in stems if _belongs(file.stem, stem)), None)
        if owner is not None:
            (equal if file.stem == owner else longer)[owner].append(file)
    found = {}
    for stem in stems:
        candidates = equal[stem] or longer[stem]
        if len(candidates) != 1:
            names = " and ".join(file.name for file in candidates[:3])
            trouble = f"{names} all may be it; leave one" if candidates else f"name it {stem}.png or {stem}_NAME.png"
            raise UsageError(f"--results {where}: {'which' if candidates else 'no'} result of {stem}: {trouble}")
        found[stem] = candidates[0]
    return found


class Results:
    """A folder of results, asked by case. A sub-folder with a set's name holds that set; otherwise all lie together.

    Raises UsageError at once when a folder is missing or a picture has no result or several.
    """

    def __init__(self, folder: Path, sets: Iterable[DataSet], scale: int) -> None:
        if not folder.is_dir():
            raise UsageError(f"--results {folder}: no such folder")
        self.scale = scale
        self._originals: dict[str, dict[str, Path]] = {}
        self._files: dict[tuple[str, str], Path] = {}
        for one in sets:
            place = folder / one.name if (folder / one.name).is_dir() else folder
            files = match((path.stem for path in one.paths), pictures_in(place), str(place))
            self._originals[one.name] = {path.name: path for path in one.paths}
            self._files.update({(one.name, path.name): files[path.stem] for path in one.paths})

    def make(self, case: Case) -> Levels:
        """The result for a case. Raises PictureError when it cannot be read, has another size or shows another one."""
        file = self._files[case.data, case.name]
        made = read_levels(file)
        height, width = case.low.shape[0] * self.scale, case.low.shape[1] * self.scale
        fits = made.shape[:2] == (height, width)
        likeness = _likeness(made, case.low)
        if not fits or likeness < UNLIKE:
            other = self._looks_like(made, case, likeness)
            if other:
                raise PictureError(
                    file,
                    f"shows {other}, not {case.name}: the pairing is shuffled; give each result its original's name",
                )
        if not fits:
            due = f"{self.scale} times the input" if case.high is None else f"cropped to a multiple of {self.scale}"
            raise PictureError(
                file, f"is {made.shape[1]}x{made.shape[0]} pixels where {case.name}, {due}, is {width}x{height}"
            )
        return made

    def _looks_like(self, made: Levels, case: Case, likeness: float) -> str:
        """The name of another original of the set that this looks like, or nothing."""
        others = {name: path for name, path in self._originals[case.data].items() if name != case.name}
        found = {name: _likeness(made, read_levels(path)) for name, path in others.items()}
        best = max(found, key=lambda name: found[name], default="")
        return best if best and found[best] >= max(UNLIKE, likeness) else ""


def _belongs(stem: str, original: str) -> bool:
    return re.fullmatch(rf"{re.escape(original)}((\W|_|x\d).*)?", stem) is not None


def _likeness(one: Levels, other: Levels) -> float:
    """PSNR in dB of two pictures of any sizes when both are reduced to one small square; noise and detail are gone."""
    a, b = (resize_rounded(picture, THUMB, THUMB).astype(np.float64) for picture in (one, other))
    return psnr(a, b)


def named(text: str) -> tuple[str, Path]:
    """`NAME=DIR` or `DIR` as it stands on a command line: a name for tables, and the folder."""
    name, mark, folder = text.partition("=")
    if not mark or Path(text).is_dir():
        name, folder = at_home(text).resolve().name, text
    if not name or not folder:
        raise UsageError(f"--results {text}: write DIR or NAME=DIR")
    return name, at_home(folder)
