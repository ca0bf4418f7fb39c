"""What is evaluated: models by name or file, `bicubic` and `nearest`, and folders of results, all alike."""

import difflib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wassr.evaluation.results import Results, named
from wassr.evaluation.scoring import Case, Enlarge, bicubic, nearest
from wassr.evaluation.sets import DataSet
from wassr.ground.errors import ModelError, UsageError
from wassr.models.shelf import ModelFile, find
from wassr.pixels.formats import picture_from_array, read_picture, to_array
from wassr.upscaling.engines import Wish
from wassr.upscaling.upscaler import Upscaler

Levels = NDArray[np.uint8]

SCALE = 4  # of bicubic, nearest and results where no model says it


@dataclass(frozen=True)
class Subject:
    """Something that enlarges a case. how: what made the pictures, for the protocol; asked: the word that chose it;
    file: its model file, if it is one of wassr."""

    name: str
    scale: int
    how: str
    make: Callable[[Case], Levels]
    asked: str = ""
    file: ModelFile | None = None


def common_scale(models: Iterable[str], scale: int | None) -> int:
    """The scale of all models; `scale`, or 4, where none of them has one of its own.

    Raises UsageError for an unknown model and where scales differ: their numbers could not be compared.
    """
    scales = {name: find_model(name).card.scale for name in models if name not in PLAIN}
    chosen = scale or next(iter(scales.values()), SCALE)
    if any(own != chosen for own in scales.values()):
        each = ", ".join(f"{name} x{own}" for name, own in scales.items())
        raise UsageError(f"{f'--scale {scale}' if scale else 'one table, one scale'}: {each}; evaluate each by itself")
    return chosen


def find_model(name: str) -> ModelFile:
    """A model of the shelf or a file. Raises UsageError, with the nearest name, when there is none."""
    try:
        return find(name)
    except ModelError as error:  # a name that does not exist is wrong use
        if Path(name).is_dir():
            raise UsageError(f"{error}; a folder of pictures needs --data before it, each one") from error
        plain = difflib.get_close_matches(name.lower(), PLAIN, n=1, cutoff=0.7)
        raise UsageError(f"{name}: no such model; did you mean {plain[0]}?" if plain else str(error)) from error


def subject(name: str, scale: int, wish: Wish, say: Callable[[str], None] | None = None) -> Subject:
    """A model, ready to run; `wish` says how, `say` takes its sentences. Raises UsageError, ModelError, EngineError."""
    if name in PLAIN:
        enlarge = PLAIN[name](scale)
        return Subject(name, scale, HOW[name], lambda case: enlarge(case.low), name)
    file = find_model(name)
    upscaler = Upscaler(
        name, engine=wish.engine, device=wish.device, precision=wish.precision, threads=wish.threads, say=say
    )
    how = f"{upscaler.engine.name}, {upscaler.engine.precision}"

    def make(case: Case) -> Levels:
        # a file as it is, so that an upscaler learns of a JPEG all that it would learn of a user's
        given = picture_from_array(case.low) if case.file is None else read_picture(case.file, case.name)
        return to_array(upscaler.enlarge(given, name=case.name), np.uint8).astype(np.uint8, copy=False)

    return Subject(upscaler.card.name, upscaler.card.scale, how, make, name, file)


def results(text: str, sets: Sequence[DataSet], scale: int) -> Subject:
    """A folder of results as a subject; `text` is DIR or NAME=DIR. Raises UsageError when pictures are missing."""
    name, folder = named(text)
    return Subject(
        name, scale, f"pictures made by another program ({folder.name})", Results(folder, sets, scale).make, text
    )


def distinct(subjects: Iterable[Subject]) -> tuple[Subject, ...]:
    """The same with different names: the second NAME becomes `NAME (2)`, and its protocol says what was asked for."""
    taken: dict[str, int] = {}
    found = []
    for one in subjects:
        taken[one.name] = number = taken.get(one.name, 0) + 1
        again = replace(one, name=f"{one.name} ({number})", how=f"{one.asked}; {one.how}")
        found.append(one if number == 1 else again)
    return tuple(found)


def chosen(subjects: Sequence[Subject], against: str) -> Subject:
    """The subject that others are compared with: by name or by the word that chose it; the first where none is named.

    Raises UsageError with the names that there are.
    """
    found = next((one for one in subjects if against in ("", one.name, one.asked)), None)
    if found is None:
        raise UsageError(
            f"--against {against}: is not evaluated here; choose {', '.join(one.name for one in subjects)}"
        )
    return found


PLAIN: dict[str, Callable[[int], Enlarge]] = {"bicubic": bicubic, "nearest": nearest}
HOW = {"bicubic": "MATLAB's, 8 bit, rounded after each axis", "nearest": "every pixel repeated"}
