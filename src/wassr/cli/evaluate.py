"""`wassr evaluate`: parse, compare models on pictures, print the table with its protocol, exit code."""

import json
import shutil
from pathlib import Path
from typing import Annotated

import typer

from wassr.cli.options import Device, Engine, Precision, Threads, file_option
from wassr.ground.errors import UsageError
from wassr.ground.files import at_home

WHAT, FILES = "What is computed", "Output"
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
    jpeg: Annotated[
        str | None,
        typer.Option(metavar="QUALITIES", help="Inputs saved as JPEG first, as in clean,90,70,50,30."),
    ] = None,
    double: Annotated[bool, typer.Option("--double", help="Of --jpeg: saved twice, on shifted blocks.")] = False,
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
    device: Device = "auto",
    engine: Engine = "auto",
    precision: Precision = "auto",
    threads: Threads = 0,
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
    from wassr.cli.terminal import Terminal
    from wassr.evaluation import request, tables
    from wassr.upscaling.engines import Wish

    to_screen = as_json == "-"
    wanted = _wanted(None if to_screen or not as_json else Path(as_json), csv, markdown, page)
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
        jpeg=jpeg,
        double=double,
        wish=Wish(engine, device, precision, threads),
    )
    with Terminal("{task.fields[left]}") as terminal:

        def progress(done: int, total: int, name: str) -> None:
            terminal.update(done / total, name, f"{done} of {total}", f"{done + 1} of {total}: {name}")

        found = request.evaluate(asked, progress, terminal.say)
    flat = json.dumps({"wassr": __version__, **tables.flat(found.comparison)}, indent=1, ensure_ascii=False)
    columns = min(WIDEST, max(NARROWEST, shutil.get_terminal_size((100, 24)).columns))
    print(flat if to_screen else tables.text(found.comparison, columns), flush=True)
    if "--json" in wanted:
        _write(wanted["--json"], flat + "\n")
    if "--csv" in wanted:
        _write(wanted["--csv"], tables.csv_text(found.comparison))
    if "--markdown" in wanted:
        _write(wanted["--markdown"], tables.markdown(found.comparison))
    if "--page" in wanted:
        from wassr.evaluation.page import page as html

        _write(wanted["--page"], html(found.comparison, found.subjects, found.sets, found.references))
    raise typer.Exit(1 if found.comparison.left_out else 0)


def _wanted(as_json: Path | None, csv: Path | None, markdown: Path | None, page: Path | None) -> dict[str, Path]:
    """Option -> the file that it asks for. Raises UsageError, before anything is computed, where it cannot have it."""
    files = {"--json": (as_json, "JSON"), "--csv": (csv, "CSV"), "--markdown": (markdown, "Markdown")}
    files["--page"] = (page, "HTML")
    wanted = {option: at_home(path) for option, (path, _) in files.items() if path is not None}
    for option, path in wanted.items():
        if str(path) == "-":
            raise UsageError(f"{option} -: only --json is written to the screen; name a file")
        file_option(option, path, files[option][1])
    if len({path.resolve() for path in wanted.values()}) < len(wanted):
        raise UsageError(f"{' and '.join(wanted)}: two of them name one file; name a file for each")
    return wanted


def _write(path: Path, content: str) -> None:
    from wassr.ground.files import write_whole

    try:
        write_whole(path, content)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror})") from error
