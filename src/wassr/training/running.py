"""What stays the same while a run goes on, and how far it is."""

from dataclasses import dataclass, field

from wassr.models.build import Generator
from wassr.training.board import Board
from wassr.training.material import Material
from wassr.training.progress import Progress
from wassr.training.recipe import Recipe, Stage
from wassr.training.recovery import Recovery
from wassr.training.runfolder import RunFolder
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
    reference: dict[str, Generator] = field(default_factory=dict)  # shown in sample grids: the start
    stop_on_plateau: bool = False
    told: str = ""  # word and flags of the last verdict


def share_done(spec: Stage, step: int, seconds: float) -> float:
    """How much of a stage is done, 0..1."""
    return step / spec.steps if spec.steps else seconds / 60 / (spec.minutes or 1)


def share(state: State, spec: Stage) -> float:
    """The same of a stage that goes on; one that ended before its time is done."""
    return 1.0 if state.ended else share_done(spec, state.step, state.seconds)
