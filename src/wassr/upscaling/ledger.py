"""What was made from what: one line of JSON per result in `.wassr.jsonl` in the output folder, only ever appended.

A line is written before its picture is renamed into place, and holds the picture's hash: a result counts as done when
the file is there, whole, and was made from this input by these settings. A torn last line is survived.
"""

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

NAME = ".wassr.jsonl"


@dataclass(frozen=True)
class Entry:
    """target: the result's path below the folder; settings, source, result: SHA-256 in hex."""

    target: str
    settings: str
    source: str
    result: str


class Ledger:
    """The entries of a folder; the last one of a target counts."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / NAME
        self._entries: dict[str, Entry] = {}
        self._torn = False
        if self.path.is_file():
            text = self.path.read_text(encoding="utf-8", errors="replace")
            self._torn = bool(text) and not text.endswith("\n")
            for line in text.splitlines():
                entry = _entry(line)
                if entry is not None:
                    self._entries[entry.target] = entry

    def made(self, target: Path, settings: str, source: str) -> bool:
        """Whether the target is there, unchanged since it was made from this source by these settings."""
        entry = self._entries.get(self._key(target))
        return entry is not None and (entry.settings, entry.source) == (settings, source) and self.ours(target)

    def ours(self, target: Path) -> bool:
        """Whether the file at `target` is one that wassr made and nobody changed since."""
        entry = self._entries.get(self._key(target))
        return entry is not None and target.is_file() and digest(target.read_bytes()) == entry.result

    def add(self, target: Path, settings: str, source: str, result: str) -> None:
        entry = Entry(self._key(target), settings, source, result)
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8", errors="backslashreplace") as out:
            out.write(("\n" if self._torn else "") + json.dumps(asdict(entry), ensure_ascii=False) + "\n")
            out.flush()
            os.fsync(out.fileno())
        self._torn = False
        self._entries[entry.target] = entry

    def _key(self, target: Path) -> str:
        return Path(os.path.relpath(target, self.folder)).as_posix()


def digest(content: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()


def _entry(line: str) -> Entry | None:
    try:
        found = json.loads(line)
        return Entry(*(str(found[key]) for key in ("target", "settings", "source", "result")))
    except (ValueError, KeyError, TypeError):
        return None  # torn by a kill, or not ours
