"""The way back after a refused step: last good state, other crops, one change, and the story in the log."""

from wassr.training.batches import StepBatches
from wassr.training.board import Board
from wassr.training.checkpoints import drop_newer
from wassr.training.guard import RETRIES, Refused, first_bad_layer
from wassr.training.progress import Progress
from wassr.training.runfolder import RunFolder
from wassr.training.runlog import GIVEN_UP, RunLog
from wassr.training.samples import drop_newer_strips
from wassr.training.state import Snapshot, State, put_back, read_numbers, restore, saved_states, snapshot


class Recovery:
    """Brings a run back. Its events stay in the log although what was measured after the saved state is cut.

    Checkpoints and samples of the discarded steps go, too.
    """

    def __init__(self, folder: RunFolder, log: RunLog, board: Board, progress: Progress) -> None:
        self.folder, self.states = folder, folder.state
        self.log, self.board, self.progress = log, board, progress
        self._first: Snapshot | None = None
        self._unsaved: list[tuple[int, str]] = []  # events since the last saved state

    def begin(self, state: State) -> None:
        """A stage begins, or goes on: remember its start as long as no state of it is saved."""
        saved = saved_states(self.states)
        on_disk = bool(saved) and read_numbers(saved[-1]).stage == state.stage
        self._first = None if on_disk else snapshot(state, self.log.flush())
        self._unsaved.clear()

    def saved(self) -> None:
        """A state was saved: the log up to here stays."""
        self._first = None
        self._unsaved.clear()

    def back(self, state: State, error: Refused, batches: StepBatches, has_penalty: bool) -> None:
        """Bring back the last good state, with more caution. Raises the error when the stage was refused too often."""
        refused, total = state.step, state.total + 1
        why = f"{error}{_where(state, batches)}"
        if state.caution.times >= RETRIES:
            saved = saved_states(self.states)
            good = f"the last good state is {saved[-1].stem}" if saved else "no state was saved yet"
            words = f"stopped at step {total}: {why}, after {RETRIES} changes"
            self.log.say(total, GIVEN_UP, words)
            raise type(error)(f"{words} (guard events in the log); {good}; begin anew with a lower learning rate")
        caution, change = state.caution.after(refused, has_penalty)
        numbers = put_back(state, self._first) if self._first else restore(state, saved_states(self.states)[-1])
        state.caution = caution
        self._unsaved.append(
            (
                total,
                f"step {total} refused: {why}; back to step {state.total}, {change}, other crops for step {total} "
                f"(stream key: step {refused}, attempt {batches.attempt}); change {caution.times} of {RETRIES}",
            )
        )
        self.log.cut(numbers.log_length)
        self.board.go_back(state.total)
        drop_newer(self.folder.models, state.total)
        drop_newer_strips(self.folder.samples, state.total)
        for step, text in self._unsaved:
            self.log.say(step, "guard", text)
        self.board.text(state.total, "guard", self._unsaved[-1][1])
        self.progress.say(f"guard: {self._unsaved[-1][1]}")


def _where(state: State, batches: StepBatches) -> str:
    """The crops that are not finite; or the layer, if one is not, and the crops that it met."""
    for role, batch in batches.latest.items():
        whole = batch.low.flatten(1).isfinite().all(1) & batch.high.flatten(1).isfinite().all(1)
        if not whole.all():
            return f", {batches.samples(role, (~whole).nonzero().flatten().tolist())} are not finite"
    if not batches.latest:
        return ""
    role, batch = list(batches.latest.items())[-1]
    bad = first_bad_layer(state.generator, batch.low)
    if bad is None and state.critic is not None:
        bad = first_bad_layer(state.critic, batch.high, batch.low)
        bad = f"{bad} of the critic" if bad else None
    return (f", first in {bad} on the way forward" if bad else "") + f", at {batches.samples(role)}"
