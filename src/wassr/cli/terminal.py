"""What a user sees on stderr while work goes on: sentences, and a bar on a terminal or else a line now and then."""

import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

LINE_EVERY = 5.0  # seconds between log lines


class Terminal:
    """A bar whose text is filled by `update`; without a terminal, or with `bar` off, there is none.

    columns: what stands after the bar, as rich writes it, of the fields given to `update`.
    """

    def __init__(self, columns: str, bar: bool = True) -> None:
        self._bar: Progress | None = None
        if bar and sys.stderr.isatty():
            shown = [TextColumn("{task.fields[file]}"), BarColumn(), TextColumn(columns)]
            self._bar = Progress(*shown, console=Console(stderr=True), transient=True)
        self._task = TaskID(0)
        self._last = time.monotonic()

    def __enter__(self) -> Self:
        self._last = time.monotonic()
        if self._bar is not None:
            self._task = self._bar.add_task("", total=1.0, file="", left="")
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def update(self, share: float, file: str, left: str, line: str) -> None:
        """How much is done, 0..1, at what; `line` says the same where there is no bar, every few seconds."""
        now = time.monotonic()
        if self._bar is not None:
            self._bar.update(self._task, completed=share, file=file, left=left)
        elif now - self._last >= LINE_EVERY:
            self._last = now
            self.say(line)

    def say(self, text: str) -> None:
        """A sentence for the user."""
        if self._bar is not None:
            self._bar.console.print(f"wassr: {text}", markup=False, highlight=False, soft_wrap=True)
        else:
            print(f"wassr: {text}", file=sys.stderr, flush=True)
