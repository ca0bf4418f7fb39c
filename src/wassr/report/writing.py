"""`wassr report` as one function."""

from collections.abc import Sequence
from pathlib import Path

from wassr.ground.errors import UsageError
from wassr.ground.files import write_whole
from wassr.report.compare import comparison
from wassr.report.page import page
from wassr.report.reading import read_run


def write_report(folders: Sequence[Path], file: Path | None = None) -> Path:
    """Write the page of a run, or of several compared; returns where: `file`, or RUN/report.html, or comparison.html
    beside the first run.

    Raises UsageError for folders that are no runs and for a file that cannot be written, TrainingError for a log
    without anything to tell.
    """
    runs = [read_run(folder) for folder in folders]
    target = file or (folders[0] / "report.html" if len(runs) == 1 else folders[0].resolve().parent / "comparison.html")
    if target.is_dir():
        raise UsageError(f"{target}: is a folder; name a file")
    made = page(runs[0]) if len(runs) == 1 else comparison(runs)
    try:
        write_whole(target, made)
    except OSError as error:
        raise UsageError(f"{target}: cannot be written ({error.strerror}); name another file with -o") from error
    return target
