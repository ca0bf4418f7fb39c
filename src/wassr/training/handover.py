"""The end of a stage: its model file, and the weights that the next stage begins from."""

from contextlib import suppress
from pathlib import Path

from wassr.ground.errors import ModelError, TrainingError
from wassr.models.build import load_network
from wassr.models.card import Card
from wassr.models.modelfile import Tensors, load_weights
from wassr.training import make
from wassr.training.checkpoints import checkpoint
from wassr.training.course import courses
from wassr.training.runlog import ENDED, read_log
from wassr.training.running import Run, keep_model, stage_model
from wassr.training.state import State
from wassr.training.verdict import judge


def hand_over(run: Run, state: State) -> Path:
    """Write the stage's model file. The average of a stage that its verdict ended becomes that of the advised step.

    What is taken follows from the log and the checkpoints alone, so that a run killed in between takes the same again.
    """
    path = stage_model(run, state)
    if state.ended:
        _take_advised(run, state, path)
    else:
        keep_model(run, state, path)
    run.progress.say(f"wrote {path}")
    return path


def _take_advised(run: Run, state: State, path: Path) -> None:
    course = courses(read_log(run.folder.log))[-1]
    verdict = judge(course)
    step = verdict.take["balanced"]
    words = "its last" if step == state.total else "where it began" if step == course.start.step else "not its last"
    told = f"{verdict.word}: takes step {step}, {words}"
    run.log.say(state.total, ENDED, told)
    run.progress.say(f"{state.stage} stage ended at step {state.total}, {told}")
    if step == course.start.step:  # no checkpoint was made of it
        state.average.load_state_dict(run.start.state_dict())
        keep_model(run, state, path, step, state.hours_before)
        return
    weights, card = _weights_of(run, state, path, step)
    load_network(state.average.network, weights, card)
    make.save_model(path, state.average, card.model_copy(update={"name": path.stem}))


def _weights_of(run: Run, state: State, path: Path, step: int) -> tuple[Tensors, Card]:
    """Of a step's checkpoint; of the stage's model where that was made of it before and the checkpoint is gone.

    Raises TrainingError where neither can be read: another step would not be what the run without a break takes.
    """
    try:
        return load_weights(checkpoint(run.folder.models, path.stem, step))
    except ModelError as error:
        with suppress(ModelError):
            weights, card = load_weights(path)
            if card.steps == step:
                return weights, card
        raise TrainingError(
            f"{error}; the verdict that ended the {state.stage} stage takes this step: put the file back, or train "
            f"anew in another folder (-o); wassr export {run.folder.path} --step N makes a model of a step that is kept"
        ) from error
