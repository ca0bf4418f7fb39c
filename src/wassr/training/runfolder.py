"""A run's folder: the only thing that training leaves behind."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from wassr.ground.errors import TrainingError
from wassr.ground.files import write_whole
from wassr.ground.settings import differences, dump_settings, read_settings
from wassr.training.recipe import Recipe


@dataclass(frozen=True)
class RunFolder:
    """Where things lie in a run."""

    path: Path

    @property
    def recipe(self) -> Path:
        return self.path / "recipe.yaml"

    @property
    def state(self) -> Path:
        return self.path / "state"

    @property
    def log(self) -> Path:
        return self.path / "log.jsonl"

    @property
    def board(self) -> Path:
        return self.path / "tensorboard"

    @property
    def models(self) -> Path:
        return self.path / "models"


def open_run(path: Path, recipe: Recipe) -> RunFolder:
    """Make the folder, or continue in it if its recipe is the same.

    Raises TrainingError that lists the differences when the recipe has changed.
    """
    folder = RunFolder(path)
    if folder.recipe.exists():
        before = read_settings(folder.recipe, Recipe)
        changed = differences(before, recipe)
        if changed:
            raise TrainingError(
                f"{path}: this run has another recipe; choose another folder with -o. " + "; ".join(changed[:5])
            )
    elif path.exists() and any(path.iterdir()):
        raise TrainingError(f"{path}: is not empty and holds no run; choose another folder with -o")
    else:
        write_whole(folder.recipe, dump_settings(recipe))
    for part in (folder.state, folder.models):
        part.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def locked(folder: RunFolder) -> Iterator[None]:
    """Hold the folder, so that the same command given twice does not write into one run.

    The lock is the operating system's: it goes with the process, however that ends. Raises TrainingError when held.
    """
    handle = (folder.path / ".lock").open("w")
    try:
        if os.name == "posix":
            import fcntl

            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise TrainingError(f"{folder.path}: another process is training in this folder") from None
        yield
    finally:
        handle.close()
