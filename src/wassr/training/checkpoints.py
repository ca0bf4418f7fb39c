"""Model files of the validations worth keeping: the Pareto set over fidelity and perceptual distance, and the last."""

import re
from collections.abc import Iterator
from pathlib import Path

from wassr.training.course import Course, pareto
from wassr.training.verdict import offered


def checkpoint(models: Path, name: str, step: int) -> Path:
    """Where the averaged weights of a validation lie: models/NAME-step-N.safetensors, N of the whole run."""
    return models / f"{name}-step-{step}.safetensors"


def kept_steps(course: Course) -> set[int]:
    """Steps worth keeping: the Pareto set, that of the validations which the verdict offers, and the last."""
    whole, faultless = offered(course)
    kept = (*pareto(course.points), *whole, *faultless, course.points[-1])
    return {point.step for point in kept}


def prune(models: Path, name: str, course: Course) -> None:
    """Drop the checkpoints of this stage that another one beats, and those of steps that the run has not reached."""
    kept = kept_steps(course)
    for step, path in _files(models, re.escape(name)):
        if step not in kept:
            path.unlink(missing_ok=True)


def drop_newer(models: Path, step: int) -> None:
    """Drop the checkpoints of all stages after a step: the run went back to it."""
    for other, path in _files(models, ".+"):
        if other > step:
            path.unlink(missing_ok=True)


def _files(models: Path, name: str) -> Iterator[tuple[int, Path]]:
    for path in list(models.glob("*-step-*.safetensors")):
        found = re.fullmatch(rf"{name}-step-(\d+)\.safetensors", path.name)
        if found:
            yield int(found[1]), path
