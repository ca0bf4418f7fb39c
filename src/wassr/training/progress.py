"""What a person sees while a run goes on: a bar on a terminal, and lines with speed, time to the end and its limit."""

import shutil
import sys
import time
from collections.abc import Callable
from typing import TextIO

from wassr.training.recipe import Stage

LINE_SECONDS = 10.0  # between lines where there is no terminal
LINE_SECONDS_WITH_BAR = 60.0
BAR_SECONDS = 0.2


class Progress:
    """Counts steps and says how they go. Nothing here shapes the run.

    say: where lines go; terminal: where the bar is drawn, if it is one.
    """

    def __init__(self, say: Callable[[str], None], terminal: TextIO | None = None) -> None:
        self._say, self._terminal = say, terminal or sys.stderr
        self._bar = self._terminal.isatty()
        self._drawn = self._shown = float("-inf")
        self._stage, self._spec = "", Stage(steps=1)
        self._first: tuple[int, float] | None = None  # the first step costs more than others and is left out
        self._step, self._seconds, self._waiting, self._batch = 0, 0.0, 0.0, 1

    def say(self, line: str) -> None:
        """A sentence, on a line of its own."""
        self.clear()
        self._say(line)

    def begin(self, stage: str, step: int, spec: Stage) -> None:
        """A stage begins or continues at `step`."""
        self._stage, self._spec, self._first, self._step = stage, spec, None, step

    def step(self, step: int, seconds: float, waiting: float, batch: int) -> None:
        """`seconds` of the stage so far, `waiting` of them for crops in this step."""
        if self._first is None:
            self._first, self._waiting, waiting = (step, seconds), 0.0, 0.0
        self._step, self._seconds, self._batch = step, seconds, batch
        self._waiting += waiting
        if self._bar and time.monotonic() - self._drawn >= BAR_SECONDS:
            self._drawn = time.monotonic()
            self._terminal.write(f"\r\x1b[K{self.bar(shutil.get_terminal_size().columns - 1)}")
            self._terminal.flush()

    def bar(self, width: int) -> str:
        """One line of at most `width` characters."""
        share = self.share()
        filled = round(20 * share)
        marks = "#" * filled + "." * (20 - filled)
        return f"{self._stage} [{marks}] {share:.0%}  step {self._step}  {self._words()}"[:width]

    def clear(self) -> None:
        """Take the bar away, so that something else can be printed."""
        if self._bar and self._drawn > float("-inf"):
            self._drawn = float("-inf")
            self._terminal.write("\r\x1b[K")
            self._terminal.flush()

    def share(self) -> float:
        """How much of the stage is done, 0..1."""
        spec = self._spec
        return min(self._step / spec.steps if spec.steps else self._seconds / 60 / (spec.minutes or 1), 1.0)

    def speeds(self) -> dict[str, float]:
        """Differs from run to run, so it is shown but kept out of the log that a resume must repeat."""
        return {"speed/images_per_second": self._speed()}

    def show(self, values: dict[str, float]) -> None:
        """A line, at most every few seconds."""
        now = time.monotonic()
        if now - self._shown < (LINE_SECONDS_WITH_BAR if self._bar else LINE_SECONDS):
            return
        self._shown = now
        terms = [f"{tag.split('/')[1]} {value:.4g}" for tag, value in values.items() if tag.startswith("loss/")]
        names = (("critic/gap_training", "gap"), ("critic/ratio", "r"))
        terms += [f"{name} {values[tag]:.3g}" for tag, name in names if tag in values]
        self.say(f"{self._stage} step {self._step}  {'  '.join(terms)}  {self._words()}")

    def validated(self, step: int, values: dict[str, float]) -> None:
        """What validation and meter measured."""
        words = "  ".join(f"{tag.split('/')[1]} {value:.4g}" for tag, value in values.items())
        self.say(f"validated at step {step}: {words}")

    def _since(self) -> tuple[int, float]:
        """Steps and seconds since the first step of this process."""
        return (self._step - self._first[0], self._seconds - self._first[1]) if self._first else (0, 0.0)

    def _speed(self) -> float:
        done, took = self._since()
        return done * self._batch / took if took > 0 else 0.0

    def _words(self) -> str:
        done, took = self._since()
        if not done or took <= 0:
            return "timing the first steps"
        return f"{self._speed():.1f} images/s, {self._left(took / done)} left, {self._limit(took)}"

    def _left(self, each: float) -> str:
        spec = self._spec
        left = spec.minutes * 60 - self._seconds if spec.minutes else ((spec.steps or 0) - self._step) * each
        minutes, seconds = divmod(round(max(left, 0)), 60)
        return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"

    def _limit(self, took: float) -> str:
        share = self._waiting / took
        return f"limited by data ({share:.0%})" if share > 0.3 else f"limited by the networks (data {share:.0%})"
