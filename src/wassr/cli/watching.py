"""What a user sees of a running batch: a bar on a terminal, else a line every few seconds, or JSON lines."""

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from types import TracebackType
from typing import Any

from wassr.cli.terminal import Terminal
from wassr.upscaling.batch import Outcome, Result
from wassr.upscaling.inputs import Job
from wassr.upscaling.upscaler import Upscaler

JSON_EVERY = 0.2  # seconds between progress lines of one file


class Display:
    """Messages go to stderr; JSON lines to stdout, or to stderr where the picture itself goes to stdout."""

    def __init__(self, jobs: Sequence[Job], as_json: bool, to_stderr: bool, verbose: bool) -> None:
        self.jobs, self.as_json, self.verbose = jobs, as_json, verbose
        self.out = sys.stderr if to_stderr else sys.stdout
        self._weights = [_weight(job) for job in jobs]
        self._finished = 0.0  # weight of the jobs that are through
        self._total = sum(self._weights)
        self._begun = self._last = time.monotonic()
        self._terminal = Terminal("{task.percentage:3.0f} %{task.fields[left]}", bar=not as_json)

    def __enter__(self) -> "Display":
        self._begun = self._last = time.monotonic()
        self._terminal.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._terminal.__exit__(kind, error, trace)

    def start(self, upscaler: Upscaler, passed_over: int) -> None:
        """As JSON the engine, precision, threads and why, which `Choice` says in words; what is passed over."""
        engine = upscaler.engine
        if self.as_json:
            why = {"precision": engine.precision, "threads": engine.threads, "reason": engine.reason}
            self._json("start", model=upscaler.card.name, files=len(self.jobs), engine=engine.name, **why)
        if passed_over:
            self.say(f"passed over (no pictures by their names, or made by wassr): {passed_over}")

    def say(self, text: str) -> None:
        """A sentence for the user."""
        self._terminal.say(text)

    def tile(self, number: int, done: int, total: int) -> None:
        """After every tile."""
        share = (self._finished + self._weights[number] * done / total) / max(1e-9, self._total)
        elapsed = time.monotonic() - self._begun
        left = elapsed * (1 - share) / max(share, 1e-9)
        name = self.jobs[number].source.name
        if not self.as_json:
            line = f"{number + 1} of {len(self.jobs)}: {name}, {100 * share:.0f} % in all, {_clock(left)} left"
            self._terminal.update(share, name, f", {_clock(left)} left", line)
        elif done == total or time.monotonic() - self._last >= JSON_EVERY:
            self._last = time.monotonic()
            self._json(
                "progress", file=name, percent=round(100 * done / total, 1), total_percent=round(100 * share, 1),
                seconds_left=round(left, 1),
            )  # fmt: skip

    def result(self, number: int, result: Result) -> None:
        """After every picture. What was skipped or failed tells nothing about the time that the rest takes."""
        if result.state == "done":
            self._finished += self._weights[number]
        else:
            self._total -= self._weights[number]
        if self.as_json:
            self._json("result", **asdict(result))
        if result.state == "failed":
            self.say(f"{result.source}: {result.reason}")
        elif self.verbose and result.state == "skipped":
            self.say(f"{result.source}: skipped, {result.reason}")
        elif self.verbose:
            self.say(
                f"{result.source} -> {result.target}: {result.width} x {result.height}, {result.seconds:.2f} s"
                + (f", by {result.model}" if result.model else "")
            )

    def end(self, outcome: Outcome) -> None:
        """The last line."""
        counts = {state: outcome.count(state) for state in ("done", "skipped", "failed")}
        if self.as_json:
            seconds = round(outcome.seconds, 3)
            self._json("end", **counts, stopped=outcome.stopped, seconds=seconds, exit_code=outcome.exit_code)
        words = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
        missing = len(self.jobs) - len(outcome.results)
        self.say(
            (f"stopped; {missing} not reached; " if outcome.stopped else "")
            + f"{words or 'nothing done'} in {outcome.seconds:.1f} s"
        )

    def _json(self, event: str, **fields: Any) -> None:
        print(json.dumps({"event": event, **fields}), file=self.out, flush=True)


def _weight(job: Job) -> float:
    """Bytes of the source: nearest to its pixels that is known without opening it."""
    try:
        return float(job.source.path.stat().st_size) if job.source.path is not None else 1.0
    except OSError:
        return 0.0


def _clock(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    return (
        f"{whole // 60} min {whole % 60:02d} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    )
