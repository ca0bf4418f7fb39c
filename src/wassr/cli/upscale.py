"""`wassr upscale`: parse, enlarge, print, exit code."""

import json
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wassr.cli.options import WHERE, Device, Engine, Precision, Threads, file_option
from wassr.ground.errors import ModelError, UsageError
from wassr.ground.files import at_home
from wassr.ground.words import counted

if TYPE_CHECKING:
    from wassr.cli.watching import Display
    from wassr.upscaling.batch import Options
    from wassr.upscaling.choice import Choice
    from wassr.upscaling.inputs import Plan

SIZE, FILES, SHOWN = "Size", "Files", "Output"


def upscale(
    inputs: Annotated[
        list[str] | None, typer.Argument(metavar="INPUT...", help="Files, folders, patterns; - is stdin.")
    ] = None,
    more: Annotated[list[str] | None, typer.Option("-i", metavar="INPUT", help="The same as INPUT.")] = None,
    output: Annotated[
        str,
        typer.Option(
            "-o", "--output", help="A file, or a folder (it exists, ends in /, or there are many); - is stdout."
        ),
    ] = "",
    model: Annotated[
        str,
        typer.Option(
            "-n",
            "--model",
            help="Name (wassr models) or file; else chosen for each picture. Of shipped models whose names differ in "
            "the scale alone (compact-x2, compact-x4), the one that fits the size is taken.",
            rich_help_panel=WHERE,
        ),
    ] = "",
    jpeg: Annotated[
        str,
        typer.Option(
            metavar="auto|off|QUALITY",
            help="Earlier compression: looked for, none, or saved at QUALITY (1 to 100).",
            rich_help_panel=WHERE,
        ),
    ] = "auto",
    strength: Annotated[
        float | None,
        typer.Option(
            metavar="0..1", help="0: as the faithful model it was trained from, 1: as itself.", rich_help_panel=WHERE
        ),
    ] = None,
    scale: Annotated[
        float | None, typer.Option("-s", "--scale", help="Any factor; 1 restores.", rich_help_panel=SIZE)
    ] = None,
    width: Annotated[int | None, typer.Option(help="Pixels.", rich_help_panel=SIZE)] = None,
    height: Annotated[
        int | None, typer.Option(help="Pixels; with --width: a box to fit into.", rich_help_panel=SIZE)
    ] = None,
    long_side: Annotated[int | None, typer.Option(help="Pixels.", rich_help_panel=SIZE)] = None,
    short_side: Annotated[int | None, typer.Option(help="Pixels.", rich_help_panel=SIZE)] = None,
    min_size: Annotated[
        str, typer.Option(help="At least, e.g. 3840x2160, in the picture's own orientation.", rich_help_panel=SIZE)
    ] = "",
    tile: Annotated[int, typer.Option("-t", "--tile", help="Side of a tile; 0 chooses.", rich_help_panel=WHERE)] = 0,
    device: Device = "auto",
    engine: Engine = "auto",
    precision: Precision = "auto",
    threads: Threads = 0,
    jobs: Annotated[
        str, typer.Option("-j", help="Accepted; pictures are taken one by one.", rich_help_panel=WHERE, hidden=True)
    ] = "",
    recursive: Annotated[bool, typer.Option("--recursive", help="Subfolders too.", rich_help_panel=FILES)] = False,
    skip_existing: Annotated[
        bool,
        typer.Option("--skip-existing", help="Skip what is made already by these settings.", rich_help_panel=FILES),
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files.", rich_help_panel=FILES)] = False,
    ext: Annotated[
        str, typer.Option("-f", "--ext", help="png, jpg, webp ...; auto keeps.", rich_help_panel=FILES)
    ] = "auto",
    quality: Annotated[
        int | None, typer.Option(min=1, max=100, help="Of JPEG, WebP, AVIF.", rich_help_panel=FILES)
    ] = None,
    suffix: Annotated[str, typer.Option(help="Added to names in a folder.", rich_help_panel=FILES)] = "",
    strip: Annotated[
        bool, typer.Option("--strip", help="Leave out EXIF, XMP, IPTC, DPI.", rich_help_panel=FILES)
    ] = False,
    contact_sheet: Annotated[
        bool, typer.Option("--contact-sheet", help="Five strengths side by side instead.", rich_help_panel=SHOWN)
    ] = False,
    invented: Annotated[
        str,
        typer.Option(metavar="PNG", help="Map (or folder) of what the input does not support.", rich_help_panel=SHOWN),
    ] = "",
    report: Annotated[Path | None, typer.Option(help="Write what was done as JSON.", rich_help_panel=SHOWN)] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Progress and results as JSON lines.", rich_help_panel=SHOWN)
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Time one tile; say size, seconds, memory, disk.", rich_help_panel=SHOWN)
    ] = False,
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", help="A line for every file.", rich_help_panel=SHOWN)
    ] = False,
) -> None:
    """Enlarge pictures: files, folders (--recursive), patterns, or - for stdin and stdout."""
    from wassr.upscaling.batch import Options
    from wassr.upscaling.choice import Choice, begins_compressed, offered
    from wassr.upscaling.compression import jpeg_wish
    from wassr.upscaling.inputs import find_sources, nothing_found, plan, refuse_taken, with_maps
    from wassr.upscaling.target import Target, parse_min_size
    from wassr.upscaling.upscaler import DEFAULT_MODEL, Upscaler

    wish = jpeg_wish(jpeg)
    of_one = strength is not None or contact_sheet or bool(invented)  # they are about one model and its content model
    names = (model,) if model else (DEFAULT_MODEL,) if of_one else offered(wish)
    _check_model(names[0], strength, compared=contact_sheet or bool(invented))
    if not output:
        raise UsageError("-o is missing: name a file, or a folder (ending in /)")
    if report is not None:
        file_option("--report", report, "JSON")
    _check_together(strength, contact_sheet, bool(invented), dry_run, report is not None)
    least = parse_min_size(min_size) if min_size else None
    target = Target(scale, width, height, long_side, short_side, least)
    out_folder = at_home(output) if output != "-" and at_home(output).is_dir() else None
    found = find_sources([*(inputs or []), *(more or [])], recursive, out_folder)
    if not found.sources:
        raise UsageError(nothing_found([*(inputs or []), *(more or [])], found, recursive))
    planned = plan(found, output, ext, suffix)
    if invented:
        planned = with_maps(planned, found, invented)
    if report is not None:
        refuse_taken("--report", report, found, planned.jobs)
    extension = "" if ext == "auto" else "." + ext.lower().removeprefix(".")
    options = Options(
        target, extension, quality, strip, overwrite, skip_existing, sheet=contact_sheet, invented=bool(invented)
    )

    from wassr.cli.watching import Display

    display = Display(planned.jobs, as_json, to_stderr=output == "-", verbose=verbose)
    make = partial(
        Upscaler,
        engine=engine,
        device=device,
        precision=precision,
        threads=threads,
        tile=tile,
        strength=strength,
        jpeg=wish,
        say=display.say,
    )
    compressed_first = len(names) > 1 and begins_compressed(found.sources[0].head)
    choice = Choice(names, make, compressed_first=compressed_first, verbose=verbose)
    display.start(choice.first, found.passed_over)
    if dry_run:
        raise typer.Exit(_dry_run(planned, choice, options, display))
    raise typer.Exit(_run(planned, choice, options, display, report, found.passed_over))


def _check_model(model: str, strength: float | None, compared: bool) -> None:
    """Raises UsageError where there is no such model or strength, or no model that it can be `compared` with."""
    from wassr.models.shelf import find
    from wassr.upscaling.strength import content_model, mixture

    try:
        file = find(model)
    except ModelError as error:  # a name that does not exist is wrong use, not a picture that failed
        raise UsageError(str(error)) from error
    if strength is not None:
        mixture(file, strength)
    if compared:
        content_model(file)


def _check_together(strength: float | None, contact_sheet: bool, invented: bool, dry_run: bool, report: bool) -> None:
    """Raises UsageError for options that exclude each other."""
    if contact_sheet and strength is not None:
        raise UsageError("--contact-sheet shows five strengths; leave --strength away")
    if contact_sheet and invented:
        raise UsageError("--invented is about one result; leave --contact-sheet away")
    if dry_run and report:
        raise UsageError("--dry-run prints what a result costs, with --json for programs; leave --report away")
    if dry_run and (contact_sheet or invented):
        raise UsageError("--dry-run says what a result costs; leave --contact-sheet and --invented away")


def _run(
    planned: "Plan", choice: "Choice", options: "Options", display: "Display", report: Path | None, passed_over: int
) -> int:
    from wassr import __version__
    from wassr.upscaling.batch import Watch, run_batch, write_report

    with display:
        outcome = run_batch(
            planned.jobs, choice, options, _ledger(planned, options), Watch(display.tile, display.result)
        )
    display.end(outcome)
    if report is not None:
        write_report(report, outcome, planned.jobs, choice, passed_over, __version__)
    return outcome.exit_code


def _ledger(planned: "Plan", options: "Options") -> Path | None:
    """Where the ledger of a run lies; a single file needs none."""
    return planned.folder if not planned.single or options.skip_existing else None


def _dry_run(planned: "Plan", choice: "Choice", options: "Options", display: "Display") -> int:
    from wassr.upscaling.batch import pending_of
    from wassr.upscaling.estimate import estimate

    estimates = []
    pending = pending_of(choice, options, _ledger(planned, options))
    for job in planned.jobs:
        found = estimate(job, choice, options, pending)
        estimates.append(found)
        if display.as_json:
            print(json.dumps({"event": "estimate", **asdict(found)}), file=display.out, flush=True)
        elif found.trouble:
            print(f"{found.source}: fails: {found.trouble}", file=display.out)
        elif found.done:
            print(f"{found.source} -> {found.target}: made before, is skipped", file=display.out)
        else:
            print(
                f"{found.source} -> {found.target}: {found.width} x {found.height}, {counted(found.tiles, 'tile')}, "
                f"{found.seconds:.1f} s, {found.memory / 1e6:.0f} MB memory, {found.disk / 1e6:.1f} MB disk",
                file=display.out,
            )
    good = [found for found in estimates if not found.trouble]
    if not display.as_json and len(estimates) > 1:
        seconds, disk = sum(found.seconds for found in good), sum(found.disk for found in good)
        memory, left = max((found.memory for found in good), default=0), sum(not found.done for found in good)
        print(
            f"together: {counted(left, 'picture')}, {seconds:.0f} s, {memory / 1e6:.0f} MB memory, "
            f"{disk / 1e6:.0f} MB disk",
            file=display.out,
        )
    sys.stdout.flush()
    return 0 if len(good) == len(estimates) else 1
