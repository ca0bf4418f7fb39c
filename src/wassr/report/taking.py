"""Which of a run's checkpoints becomes a model file, by wish or step, and how that is called. No torch."""

from pathlib import Path

from wassr.ground.errors import UsageError
from wassr.models.modelfile import DEPLOYMENT, WEIGHTS
from wassr.report.reading import Reading
from wassr.training.verdict import Wish


def step_of(run: Reading, wish: Wish) -> int:
    """The step that the verdict advises. Raises UsageError where it advises none."""
    if run.verdict is None:
        raise UsageError(f"{run.folder.path}: there is no verdict yet, so none can be advised; name one: {_kept(run)}")
    return run.verdict.take[wish]


def weights_of(run: Reading, step: int) -> Path:
    """The file of a step. Raises UsageError where the run keeps none, with what there is instead."""
    found = run.weights(step)
    if found:
        return found
    start = run.model(step)
    if start:
        raise UsageError(f"{run.folder.path}: nothing that it made beats its start, step {step}: take that, {start}")
    raise UsageError(f"{run.folder.path}: keeps no model of step {step}; take one of these: {_kept(run)}")


def target_of(run: Reading, word: str, output: Path | None) -> Path:
    """Where the weights go, the deployment form beside them: models/NAME-WORD of the run, or the file asked for."""
    if output is None:
        name = run.recipe.name if run.recipe else run.name
        return run.folder.models / f"{name}-{word}{WEIGHTS}"
    if output.suffix not in (WEIGHTS, DEPLOYMENT):
        raise UsageError(f"{output}: a model file ends in {DEPLOYMENT} (its weights, {WEIGHTS}, are written beside it)")
    if run.is_own(output):
        raise UsageError(f"{output}: is a model of the run itself, which goes on with it; name another file")
    return output.with_suffix(WEIGHTS)


def _kept(run: Reading) -> str:
    steps = sorted({card.steps for path, card in run.models.items() if path.suffix == WEIGHTS})
    return ", ".join(f"--step {step}" for step in steps) or "none is kept"
