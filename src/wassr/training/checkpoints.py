"""Model files of the validations worth keeping: the Pareto set over fidelity and perceptual distance, and the last."""

import re
from pathlib import Path

from wassr.training.course import Course, pareto


def checkpoint(models: Path, name: str, step: int) -> Path:
    """Where the averaged weights of a validation lie: models/NAME-step-N.safetensors, N of the whole run."""
    return models / f"{name}-step-{step}.safetensors"


def prune(models: Path, name: str, course: Course) -> None:
    """Drop the checkpoints of this stage that another one beats, and those of steps that the run has not reached."""
    last = course.points[-1].step
    kept = {point.step for point in pareto(course.points)} | {last}
    for path in models.glob(f"{name}-step-*.safetensors"):
        found = re.fullmatch(rf"{re.escape(name)}-step-(\d+)\.safetensors", path.name)
        if found and int(found[1]) not in kept:
            path.unlink(missing_ok=True)
