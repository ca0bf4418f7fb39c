"""The log of a run: one JSON object a line, append-only; and its reader, which survives a torn last line. No torch."""

import json
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wassr.ground.errors import TrainingError

ENDED = "ended"  # tag of the event that ends a stage before its time, with the step that is taken from it
GIVEN_UP = "given up"  # tag of the event that ends a run which the guard could not bring back


@dataclass(frozen=True)
class Entry:
    """A scalar, or an event in words (then `text` is set). `step` is the generator step of the whole run."""

    step: int
    tag: str
    value: float | None = None
    text: str | None = None


class RunLog:
    """Appends entries. `offset` is the length that a state remembers: what was written after it is cut on resume."""

    def __init__(self, path: Path, offset: int = 0) -> None:
        self.path = path
        size = path.stat().st_size if path.exists() else 0
        if size < offset:
            raise TrainingError(
                f"{path}: is shorter than the saved state says ({size} < {offset} bytes); the log was edited"
            )
        self._file = path.open("ab")
        self._file.truncate(offset)

    def write(self, step: int, values: dict[str, float]) -> None:
        """One line per scalar, non-finite ones as text so that the file stays valid JSON."""
        lines = [
            {"step": step, "tag": tag, "value": value}
            if math.isfinite(value)
            else {"step": step, "tag": tag, "text": str(value)}
            for tag, value in values.items()
        ]
        self._append(lines)

    def say(self, step: int, tag: str, text: str) -> None:
        """An event in words."""
        self._append([{"step": step, "tag": tag, "text": text}])

    def cut(self, offset: int) -> None:
        """Forget what was written after the length that a state remembers."""
        self._file.flush()
        self._file.truncate(offset)

    def flush(self) -> int:
        """Bring everything to disk and return the length."""
        self._file.flush()
        os.fsync(self._file.fileno())
        return self._file.seek(0, os.SEEK_END)

    def close(self) -> None:
        self._file.close()

    def _append(self, lines: list[dict[str, Any]]) -> None:
        self._file.seek(0, os.SEEK_END)
        for line in lines:
            self._file.write(json.dumps(line, separators=(",", ":")).encode() + b"\n")
        self._file.flush()


def read_log(path: Path) -> list[Entry]:
    """All whole lines of a log."""
    entries = []
    for line in path.read_bytes().split(b"\n")[:-1]:  # what follows the last newline is torn or empty
        data = json.loads(line)
        entries.append(Entry(data["step"], data["tag"], data.get("value"), data.get("text")))
    return entries


def series(entries: list[Entry], tag: str) -> list[tuple[int, float]]:
    """(step, value) of one curve."""
    return [(e.step, e.value) for e in entries if e.tag == tag and e.value is not None]
