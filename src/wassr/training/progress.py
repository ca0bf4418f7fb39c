"""What a person sees while a run goes on: a line every few seconds with speed, time to the end and what limits it."""

import time
from collections.abc import Callable

from wassr.training.recipe import Stage

EVERY_SECONDS = 10.0


class Progress:
    """Counts steps and says how they go. Nothing here shapes the run."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self._stage, self._spec = "", Stage(steps=1)
        self._shown = 0.0
        self._first: tuple[int, float] = (0, 0.0)
        self._step, self._seconds, self._waiting, self._speed = 0, 0.0, 0.0, 0.0

    def begin(self, stage: str, step: int, spec: Stage) -> None:
        self._stage, self._spec, self._first, self._waiting = stage, spec, (step, -1.0), 0.0

    def step(self, step: int, seconds: float, waiting: float, batch: int) -> None:
        """`seconds` of the stage so far, `waiting` of them for crops in this step."""
        if self._first[1] < 0:
            self._first, self._waiting = (step, seconds), 0.0
        self._step, self._seconds = step, seconds
        self._waiting += waiting
        done, took = step - self._first[0], seconds - self._first[1]
        self._speed = done * batch / took if took > 0 else 0.0

    def speeds(self) -> dict[str, float]:
        """Differs from run to run, so it is shown but kept out of the log that a resume must repeat."""
        return {"speed/images_per_second": self._speed}

    def show(self, values: dict[str, float]) -> None:
        """A line, at most every few seconds."""
        now = time.monotonic()
        if now - self._shown < EVERY_SECONDS:
            return
        self._shown = now
        terms = "  ".join(
            f"{tag.split('/')[1]} {value:.4g}" for tag, value in values.items() if tag.startswith("loss/")
        )
        extra = "  ".join(
            f"{name} {values[tag]:.3g}"
            for tag, name in (("critic/gap_training", "gap"), ("critic/ratio", "r"))
            if tag in values
        )
        speed = f"{self._speed:.1f} images/s, {self._left()}, {self._limit()}"
        self.say(f"{self._stage} step {self._step}  {terms}  {extra}  {speed}")

    def validated(self, step: int, values: dict[str, float]) -> None:
        words = "  ".join(f"{tag.split('/')[1]} {value:.4g}" for tag, value in values.items())
        self.say(f"validated at step {step}: {words}")

    def _left(self) -> str:
        if self._spec.minutes:
            left = self._spec.minutes * 60 - self._seconds
        else:
            done = self._step - self._first[0]
            each = (self._seconds - self._first[1]) / done if done else 0.0
            left = ((self._spec.steps or 0) - self._step) * each
        minutes, seconds = divmod(int(max(left, 0)), 60)
        return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d} left"

    def _limit(self) -> str:
        took = self._seconds - self._first[1]
        share = self._waiting / took if took > 0 else 0.0
        return f"limited by data ({share:.0%})" if share > 0.3 else f"limited by the networks (data {share:.0%})"
