"""`wassr degrade`: parse, degrade, print, exit code."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wassr.cli.options import file_option
from wassr.ground.errors import PictureError, UsageError
from wassr.ground.files import at_home

MOST_SEED = 2**53 - 4  # what `data.dice` tells apart; a sheet takes three more

if TYPE_CHECKING:
    from wassr.data.chain import Step
    from wassr.data.filters import Levels
    from wassr.upscaling.inputs import Found, Job, Source

SHEET_PICTURES = 6


def degrade(
    inputs: Annotated[list[str], typer.Argument(metavar="DIR...", help="Folders, with all below them, or files.")],
    output: Annotated[str, typer.Option("-o", "--output", help="A folder for PNGs, or a file for one picture.")] = "",
    chain: Annotated[str, typer.Option(help="jpeg, web, blind, or a chain's YAML file.")] = "jpeg",
    scale: Annotated[int, typer.Option("-s", "--scale", min=1, max=8, help="The low side is 1/SCALE.")] = 4,
    seed: Annotated[int, typer.Option(min=0, max=MOST_SEED, help="Same seed and name, same bytes.")] = 0,
    preview: Annotated[Path | None, typer.Option(metavar="FILE.png", help="Write a contact sheet.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files.")] = False,
) -> None:
    """Make low-resolution pictures as a chain of degradations leaves them, or see on a sheet what it does."""
    from wassr.data.chain import find_chain
    from wassr.upscaling.inputs import STREAM, find_sources, nothing_found, refuse_inputs, refuse_taken

    if not output and preview is None:
        raise UsageError("-o is missing: name a folder; or --preview sheet.png to look first")
    if STREAM in (*inputs, output):
        raise UsageError("- is for pipes, which this command does not have: name files and folders")
    if preview is not None and preview.suffix.lower() != ".png":
        raise UsageError(f"--preview {preview}: the sheet is a PNG; name it so")
    if preview is not None:
        file_option("--preview", preview)
    steps = find_chain(chain).steps
    out = at_home(output)
    found = find_sources(inputs, recursive=True, leave_out=out if output and out.is_dir() else None)
    if not found.sources:
        raise UsageError(nothing_found(inputs, found, recursive=True))
    jobs = _jobs(found, output) if output else ()
    refuse_inputs(output, found, jobs)
    if preview is not None:
        refuse_taken("--preview", preview, found, jobs)
        if preview.exists() and not overwrite:
            raise UsageError(f"--preview {preview}: exists; --overwrite replaces it")
    told = _preview(preview, found.sources, steps, scale, seed) if preview is not None else frozenset()
    whole = _run(jobs, steps, scale, seed, overwrite, told) and not told
    raise typer.Exit(0 if whole else 1)


def _jobs(found: "Found", output: str) -> "tuple[Job, ...]":
    """Which picture becomes which PNG. Raises UsageError for an output that does not fit."""
    from wassr.upscaling.inputs import plan

    path = at_home(output)
    single = not found.many and not path.is_dir() and not output.endswith(("/", os.sep))
    if single and not found.sources[0].trouble and path.suffix.lower() != ".png":
        raise UsageError(
            f"-o {output}: results are PNGs; name it so, as in {path.stem}.png, or end a folder in a slash"
        )
    return plan(found, output, "png").jobs


def _run(
    jobs: "tuple[Job, ...]", steps: "tuple[Step, ...]", scale: int, seed: int, overwrite: bool, told: frozenset[str]
) -> bool:
    """Whether all were done; a bad one is told, if it is not `told` already, and does not stop the rest."""
    from wassr.cli.terminal import Terminal
    from wassr.data.degradations import degrade, whole_multiple
    from wassr.data.dice import dice_of_picture
    from wassr.pixels.formats import picture_from_array, write_picture
    from wassr.pixels.libraries import one_line

    done = 0
    with Terminal("{task.percentage:3.0f} %") as terminal:
        for number, job in enumerate(jobs):
            assert job.target is not None  # there is no stdout here
            terminal.update(number / len(jobs), job.source.name, "", f"{number} of {len(jobs)} done")
            try:
                if job.target.exists() and not overwrite and not job.trouble:
                    raise PictureError(job.target, "exists; --overwrite replaces it")
                high = whole_multiple(_read(job.source, job.trouble, scale), scale)
                low = degrade(high, steps, scale, dice_of_picture(seed, _key(job.source)))
                write_picture(picture_from_array(low.levels), job.target)
                done += 1
            except PictureError as error:
                if str(error) not in told:
                    terminal.say(str(error))
            except (OSError, ValueError, MemoryError) as error:  # a codec's limits: WebP ends at 16383 pixels
                terminal.say(f"{job.source.name}: cannot be degraded: {one_line(error)}")
        if jobs:
            failed = f", {len(jobs) - done} failed" if done < len(jobs) else ""
            terminal.say(f"{done} done{failed}")
    return done == len(jobs)


def _preview(
    file: Path, sources: "tuple[Source, ...]", steps: "tuple[Step, ...]", scale: int, seed: int
) -> frozenset[str]:
    """The sheet of some pictures, from the first to the last; gives what was told of those that cannot be read."""
    from wassr.cli.terminal import Terminal
    from wassr.data.contact_sheet import contact_sheet
    from wassr.pixels.formats import picture_from_array, write_picture

    count = min(SHEET_PICTURES, len(sources))
    wanted = [sources[i * len(sources) // count] for i in range(count)]
    pictures, told = [], []
    with Terminal("", bar=False) as terminal:
        for source in wanted:
            try:
                pictures.append((_key(source), _read(source, source.trouble, scale)))
            except PictureError as error:
                told.append(str(error))
                terminal.say(told[-1])
        if pictures:
            write_picture(picture_from_array(contact_sheet(pictures, steps, scale, seed)), file)
            terminal.say(f"wrote {file}")
    return frozenset(told)


def _read(source: "Source", trouble: str, scale: int) -> "Levels":
    from wassr.data.folders import read_levels

    assert source.path is not None
    if trouble:
        raise PictureError(source.name, trouble)
    levels = read_levels(source.path)
    if min(levels.shape[:2]) < scale:
        raise PictureError(source.name, f"has fewer than {scale} pixels a side: nothing of it would be left")
    return levels


def _key(source: "Source") -> str:
    """The name that the dice go by: the path below the folder that was named."""
    assert source.path is not None
    return (source.folder / source.path.name).as_posix()
