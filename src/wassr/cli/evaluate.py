"""`wassr evaluate`: parse, compare models on pictures, print the table with its protocol, exit code."""

import json
import shutil
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Annotated

import typer

from wassr.ground.errors import UsageError

if TYPE_CHECKING:
    from rich.progress import Progress

WHAT, WHERE, FILES = "What is computed", "Engine", "Output"
LINE_EVERY = 5.0  # seconds between log lines
NARROWEST, WIDEST = 72, 160  # columns of the table


def evaluate(
    models: Annotated[
        list[str] | None, typer.Argument(metavar="MODEL...", help="Names (wassr models), files, bicubic, nearest.")
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option("--data", metavar="DIR", help="Original pictures: a set, or a folder of sets; may be repeated."),
    ] = None,
    results: Annotated[
        list[str] | None,
        typer.Option("--results", metavar="[NAME=]DIR", help="Pictures made by another program; may be repeated."),
    ] = None,
    no_reference: Annotated[
        bool, typer.Option("--no-reference", help="The pictures are the inputs; there are no originals.")
    ] = False,
    against: Annotated[
        str, typer.Option(metavar="MODEL", help="The one that others are compared with; else the first.")
    ] = "",
    metric: Annotated[
        list[str] | None,
        typer.Option("--metric", metavar="NAME", help="May be repeated; else the usual ones.", rich_help_panel=WHAT),
    ] = None,
    judges: Annotated[
        Path | None, typer.Option(metavar="DIR", help="More perceptual judges.", rich_help_panel=WHAT)
    ] = None,
    scale: Annotated[
        int | None,
        typer.Option("-s", "--scale", min=1, help="Of bicubic, nearest, results; else 4.", rich_help_panel=WHAT),
    ] = None,
    cost: Annotated[
        bool, typer.Option("--cost/--no-cost", help="Seconds and memory of each model.", rich_help_panel=WHAT)
    ] = True,
    device: Annotated[
        str, typer.Option("-g", "--device", help="auto, cpu (-1), a GPU's number, mps.", rich_help_panel=WHERE)
    ] = "auto",
    engine: Annotated[str, typer.Option(help="auto, openvino, onnxruntime, torch.", rich_help_panel=WHERE)] = "auto",
    precision: Annotated[str, typer.Option(help="auto, float32, bfloat16.", rich_help_panel=WHERE)] = "auto",
    threads: Annotated[int, typer.Option(min=0, help="0: all cores.", rich_help_panel=WHERE)] = 0,
    as_json: Annotated[
        str, typer.Option("--json", metavar="FILE", help="One flat table of keys; - is stdout.", rich_help_panel=FILES)
    ] = "",
    csv: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A line for each picture.", rich_help_panel=FILES)
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The table, to be pasted.", rich_help_panel=FILES)
    ] = None,
    page: Annotated[
        Path | None, typer.Option(metavar="FILE", help="HTML: crops where models differ most.", rich_help_panel=FILES)
    ] = None,
) -> None:
    """Compare models on pictures: every number with its interval, every difference with a test, the protocol below."""
    from wassr import __version__
    from wassr.evaluation import request, tables
    from wassr.upscaling.engines import Wish

    for option, path in (("--json", as_json), ("--csv", csv), ("--markdown", markdown), ("--page", page)):
        if path and Path(path).is_dir():
            raise UsageError(f"{option} {path}: is a folder; name a file")
    asked = request.Request(
        models=tuple(models or ()),
        results=tuple(results or ()),
        data=tuple(data or ()),
        references=not no_reference,
        metrics=tuple(metric or ()),
        judges=judges,
        against=against,
        scale=scale,
        cost=cost,
        wish=Wish(engine, device, precision, threads),
    )
    with Display() as display:
        found = request.evaluate(asked, display.progress, display.say)
    flat = json.dumps({"wassr": __version__, **tables.flat(found.comparison)}, indent=1, ensure_ascii=False)
    columns = min(WIDEST, max(NARROWEST, shutil.get_terminal_size((100, 24)).columns))
    print(flat if as_json == "-" else tables.text(found.comparison, columns), flush=True)
    if as_json not in ("", "-"):
        _write(Path(as_json), flat + "\n")
    if csv is not None:
        _write(csv, tables.csv_text(found.comparison))
    if markdown is not None:
        _write(markdown, tables.markdown(found.comparison))
    if page is not None:
        from wassr.evaluation.page import page as html

        _write(page, html(found.comparison, found.subjects, found.sets, found.references))
    raise typer.Exit(1 if found.comparison.left_out else 0)


def _write(path: Path, content: str) -> None:
    from wassr.ground.files import write_whole

    try:
        write_whole(path, content)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror})") from error


class Display:
    """A bar on a terminal, else a line every few seconds; all on stderr."""

    def __init__(self) -> None:
        self._bar: Progress | None = None
        self._last = time.monotonic()

    def __enter__(self) -> "Display":
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
            from rich.progress import Progress as Bar

            columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()]
            self._bar = Bar(*columns, console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task("", total=None)
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def progress(self, done: int, total: int, name: str) -> None:
        """Before every picture."""
        now = time.monotonic()
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=total, description=name)
        elif now - self._last >= LINE_EVERY:
            self._last = now
            self.say(f"{done + 1} of {total}: {name}")

    def say(self, words: str) -> None:
        """A sentence for the user."""
        if self._bar is not None:
            self._bar.console.print(f"wassr: {words}", markup=False, highlight=False, soft_wrap=True)
        else:
            print(f"wassr: {words}", file=sys.stderr, flush=True)
