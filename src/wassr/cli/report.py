"""`wassr report`: parse, write the page, print where it is."""

from pathlib import Path
from typing import Annotated

import typer

from wassr.cli.options import file_option


def report(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Run folders; several are compared.")],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE.html", help="Else RUN/report.html; comparison.html beside RUN."),
    ] = None,
) -> None:
    """Tell how a training run goes and what to do next: one HTML page that needs no network."""
    from wassr.report.writing import write_report

    if output is not None:
        file_option("-o", output, "HTML")

    print(f"wrote {write_report(runs, output)}")
