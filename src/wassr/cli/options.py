"""Options that several commands have: one name, one help, one meaning."""

from pathlib import Path
from typing import Annotated

import typer

from wassr.ground.errors import UsageError

WHERE = "Model and engine"

Device = Annotated[
    str, typer.Option("-g", "--device", help="auto, cpu (-1), a GPU's number, mps.", rich_help_panel=WHERE)
]
Engine = Annotated[str, typer.Option(help="auto, openvino, onnxruntime, torch.", rich_help_panel=WHERE)]
Precision = Annotated[str, typer.Option(help="auto, float32, bfloat16.", rich_help_panel=WHERE)]
Threads = Annotated[int, typer.Option(min=0, help="0: all cores.", rich_help_panel=WHERE)]


# by kind of text, its suffixes, the usual one first; a table may be called as one likes that no other program minds
SUFFIXES = {
    "HTML": (".html", ".htm"),
    "JSON": (".json", ".txt", ""),
    "CSV": (".csv", ".txt", ""),
    "Markdown": (".md", ".markdown", ".txt", ""),
}


def file_option(option: str, path: Path, kind: str = "") -> None:
    """Raises UsageError, before anything is computed, where no file can be written.

    kind: a row of SUFFIXES; a name that says something else (a picture, a model) is likely a slip, and would be lost.
    """
    from wassr.ground.files import in_the_way, unwritable

    if path.is_dir():
        raise UsageError(f"{option} {path}: is a folder; name a file")
    if kind and path.suffix.lower() not in SUFFIXES[kind]:
        usual = path.with_suffix(SUFFIXES[kind][0])
        raise UsageError(f"{option} {path}: {kind} is written there; name it so, as in {usual}")
    blocked = in_the_way(path)
    if blocked is not None:
        raise UsageError(f"{option} {path}: {blocked} is a file, no folder; name another place")
    reason = unwritable(path)
    if reason:
        raise UsageError(f"{option} {path}: cannot be written: {reason}; name another place")
