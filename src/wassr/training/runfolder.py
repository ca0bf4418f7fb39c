"""A run's folder: the only thing that training leaves behind."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from wassr.ground.errors import CannotStart, TrainingError, WassrError
from wassr.ground.files import TOO_LONG, in_the_way, remove_temporaries, write_whole
from wassr.ground.settings import differences, dump_settings, read_settings
from wassr.training.recipe import Recipe

# what a continued run may change: where pictures lie and who cuts them never changes a crop
OF_THE_MACHINE = ("data.cache_gigabytes", "data.cache_folder", "data.workers")
LOCK = ".lock"


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

    @property
    def samples(self) -> Path:
        return self.path / "samples"


def content_model(recipe: Recipe, folder: RunFolder) -> Path:
    """Where the content stage's model goes: the final name, or NAME-content when a second stage follows."""
    return folder.models / f"{recipe.name}{'-content' if recipe.adversarial else ''}.safetensors"


def final_model(recipe: Recipe, folder: RunFolder) -> Path:
    """Where the last stage's model goes."""
    return folder.models / f"{recipe.name}.safetensors"


@contextmanager
def open_run(path: Path, recipe: Recipe) -> Iterator[RunFolder]:
    """Make the folder, or continue in it if its recipe is the same; hold it against other processes meanwhile.

    Raises TrainingError: the folder is another's, in use, cannot be written (now or later in the block: a full disk),
    or its recipe has changed in more than OF_THE_MACHINE. A run that never saved a state has nothing to lose: all of
    it may change. One that is refused in the block before it has logged or saved anything leaves nothing behind: what
    was made here goes again.
    """
    folder = RunFolder(path)
    try:
        _refuse_foreign(folder)
        new = [part for part in (*reversed(path.parents), path, path / LOCK) if not part.exists()]
        path.mkdir(parents=True, exist_ok=True)
        with _locked(folder):
            inside = (folder.recipe, folder.state, folder.models, folder.samples)
            new += [part for part in inside if not part.exists()]
            try:
                _settle_recipe(folder, recipe)
                for part in (folder.path, folder.state, folder.models, folder.samples):
                    part.mkdir(parents=True, exist_ok=True)
                    remove_temporaries(part)  # of a process that was killed while it wrote
                yield folder
            except WassrError:
                if not folder.log.exists() and not any(folder.state.glob("*")):
                    _take_away(new)
                raise
    except OSError as error:
        where = error.filename or path
        if error.errno == errno.ENAMETOOLONG:
            raise CannotStart(f"{where}: {TOO_LONG}") from error
        raise TrainingError(
            f"{where}: {error.strerror or error}; what was saved before is whole: mend that or choose another folder "
            "with -o, then give the same command again"
        ) from error


def _refuse_foreign(folder: RunFolder) -> None:
    blocked = folder.path if folder.path.is_file() else in_the_way(folder.path)
    if blocked is not None:
        raise CannotStart(f"{folder.path}: {blocked} is a file, no folder; choose another place with -o")
    if not folder.path.exists() or folder.recipe.exists():
        return
    if any(not inside.name.startswith(".") for inside in folder.path.iterdir()):
        raise CannotStart(f"{folder.path}: is not empty and holds no run; choose another folder with -o")


def _take_away(new: list[Path]) -> None:
    """Remove files, and folders that are empty, from the last to the first."""
    for part in reversed(new):
        with suppress(OSError):  # another's file is in it by now; or Windows, which keeps files that are open
            if part.is_dir():
                part.rmdir()
            else:
                part.unlink()


def _settle_recipe(folder: RunFolder, recipe: Recipe) -> None:
    begun = any(folder.state.glob("step-*.json"))
    if folder.recipe.exists() and begun:
        different = differences(read_settings(folder.recipe, Recipe), recipe)
        changed = [line for line in different if line.partition(": ")[0] not in OF_THE_MACHINE]
        if changed:
            more = f" and {len(changed) - 5} more" if len(changed) > 5 else ""
            raise CannotStart(
                f"{folder.path}: this run has another recipe ({'; '.join(changed[:5])}{more}); "
                "give the recipe that it began with, or choose another folder with -o"
            )
        if different:
            write_whole(folder.recipe, dump_settings(recipe))
    else:
        write_whole(folder.recipe, dump_settings(recipe))


@contextmanager
def _locked(folder: RunFolder) -> Iterator[None]:
    """Hold the folder, so that the same command given twice does not write into one run.

    The lock is the operating system's: it goes with the process, however that ends. Raises TrainingError when held.
    """
    with (folder.path / LOCK).open("w") as handle:
        if os.name == "posix":
            import fcntl

            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise TrainingError(f"{folder.path}: another process is training in this folder") from None
        yield
