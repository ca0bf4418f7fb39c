"""What a person sees while a run goes on: a bar on a terminal, and lines with speed, time to the end and its limit."""

import shutil
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import TextIO

from wassr.training.recipe import Stage

FIRST_LINE = 20  # steps after which the limit of the run is told, whatever log_every says
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
        self.begin("", 0, Stage(steps=1))

    def say(self, line: str) -> None:
        """A sentence, on a line of its own."""
        self.clear()
        self._say(line)

    def begin(self, stage: str, step: int, spec: Stage) -> None:
        """A stage begins or continues at `step`."""
        self._stage, self._spec, self._begun = stage, spec, step
        self._step, self._seconds, self._batch = step, 0.0, 1
        self._first: int | None = None  # the first step costs more than others and is left out
        self._spent: dict[str, float] = {}  # seconds since then, by the keys of PARTS

    def step(self, step: int, seconds: float, spent: Mapping[str, float], batch: int) -> None:
        """`seconds` that the stage has counted so far, validations among them; `spent`: of this step, by parts."""
        if self._first is None:
            self._first = step
        else:
            for part, took in spent.items():
                self._spent[part] = self._spent.get(part, 0.0) + took
        self._step, self._seconds, self._batch = step, seconds, batch
        if self._bar and time.monotonic() - self._drawn >= BAR_SECONDS:
            self._drawn = time.monotonic()
            self._terminal.write(f"\r\x1b[K{self.bar(shutil.get_terminal_size().columns - 1)}")
            self._terminal.flush()
        if step - self._begun == FIRST_LINE:
            self.say(f"{self._stage} step {step}  {self._words()}")

    @contextmanager
    def aside(self, part: str) -> Iterator[None]:
        """A block beside the steps (validation, disk): a part of the run's time too."""
        began = time.perf_counter()
        yield
        if self._first is not None:
            self._spent[part] = self._spent.get(part, 0.0) + time.perf_counter() - began

    def bar(self, width: int) -> str:
        """One line of at most `width` characters."""
        share = self.share()
        filled = round(20 * share)
        marks = "#" * filled + "." * (20 - filled)
        return f"{self._stage} [{marks}] {share:.0%}  step {self._step}  {self._words(short=True)}"[:width]

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
        """Images a second, and the seconds of a step by parts (a penalty's and the features' without their way back).

        Means since the first step of this process; none before its second. They differ from run to run: of the log they
        are what a resume does not repeat.
        """
        steps, _ = self._since()
        parts = {f"speed/seconds_{part}": took / steps for part, took in self._spent.items() if steps and took}
        return {"speed/images_per_second": self._speed(), **parts} if steps else {}

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
        """What validation and meter measured: the few curves to begin with; the log has all."""
        words = "  ".join(f"{tag.split('/')[1]} {values[tag]:.4g}" for tag in SHOWN if tag in values)
        self.say(f"validated at step {step}: {words}")

    def _since(self) -> tuple[int, float]:
        """Steps since the first one of this process and their own seconds."""
        return (0, 0.0) if self._first is None else (self._step - self._first, self._whole(ASIDE))

    def _whole(self, without: Collection[str] = ()) -> float:
        """Seconds of all parts but some, since then."""
        return sum(took for part, took in self._spent.items() if part not in without)

    def _speed(self) -> float:
        done, took = self._since()
        return done * self._batch / took if took > 0 else 0.0

    def _words(self, short: bool = False) -> str:
        done, took = self._since()
        if not done or took <= 0:
            return "timing the first steps"
        each = "" if short else f"{took / done:.3g} s a step, "
        return f"{each}{self._speed():.1f} images/s, {self._left(took / done)} left, {self._limit(short)}"

    def _left(self, each: float) -> str:
        spec = self._spec
        if spec.minutes:  # in which all but the disk is counted
            left, counted = spec.minutes * 60 - self._seconds, self._whole(("disk",))
        else:
            left, counted = ((spec.steps or 0) - self._step) * each, self._whole(ASIDE)
        left *= self._whole() / max(counted, 1e-9)
        minutes, seconds = divmod(round(max(left, 0)), 60)
        return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"

    def _limit(self, short: bool) -> str:
        whole = self._whole()
        shares = sorted(((took / whole, part) for part, took in self._spent.items()), reverse=True)
        most, *others = [(f"{share:.0%}", part) for share, part in shares if share >= 0.005]
        rest = "" if short else "".join(f", {part} {share}" for share, part in others)
        return f"limited by {PARTS[most[1]]} ({most[0]}{rest})"


SHOWN = (
    "valid/psnr_y",
    "valid/lpips",
    "valid/lr_consistency",
    "critic/separation",
    "critic/wasserstein",
    "critic/ceiling",
    "critic/lag",
)
ASIDE = ("validation", "disk")
PARTS = {  # in words
    "data": "data",
    "teacher": "the teacher",
    "generator": "the generator",
    "features": "the feature network",
    "critic": "the critic",
    "penalty": "the critic's penalty",
    "validation": "validation",
    "disk": "the disk",
}
