"""What stays the same while a run goes on, how far it is, and a model of where it stands."""

from dataclasses import dataclass
from pathlib import Path

from wassr.models.build import Generator
from wassr.training import make
from wassr.training.board import Board
from wassr.training.material import Material
from wassr.training.progress import Progress
from wassr.training.recipe import Recipe, Stage
from wassr.training.recovery import Recovery
from wassr.training.runfolder import RunFolder, content_model, final_model
from wassr.training.runlog import RunLog
from wassr.training.state import State
from wassr.training.stopping import Stop


@dataclass
class Run:
    """What stays the same while a run goes on."""

    recipe: Recipe
    folder: RunFolder
    material: Material
    progress: Progress
    log: RunLog
    board: Board
    stop: Stop
    recovery: Recovery
    start: Generator  # what the stage began from
    stop_on_plateau: bool = False
    known: bool = False  # the start, since the stage before ended with its validation
    told: str = ""  # word and flags of the last verdict


def stage_model(run: Run, state: State) -> Path:
    """Where the model of the stage goes."""
    return (final_model if state.stage == "adversarial" else content_model)(run.recipe, run.folder)


def keep_model(run: Run, state: State, path: Path, step: int | None = None, hours: float | None = None) -> None:
    """Write the average as a model file, with all that is known of it. step, hours: if not those of now."""
    made = (state.total, state.hours) if step is None or hours is None else (step, hours)
    card = make.model_card(run.recipe, state.stage, *made, run.material.words, state.parent, path.stem)
    make.save_model(path, state.average, card)


def share_done(spec: Stage, step: int, seconds: float) -> float:
    """How much of a stage is done, 0..1."""
    return step / spec.steps if spec.steps else seconds / 60 / (spec.minutes or 1)


def share(state: State, spec: Stage) -> float:
    """The same of a stage that goes on; one that ended before its time is done."""
    return 1.0 if state.ended else share_done(spec, state.step, state.seconds)
