"""The command `wassr`. Commands import what they need inside their bodies, so that help and errors come at once."""

import errno
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from typer.core import TyperGroup

from wassr import __version__
from wassr.cli.degrade import degrade
from wassr.cli.evaluate import evaluate
from wassr.cli.export import export
from wassr.cli.models import models
from wassr.cli.report import report
from wassr.cli.train import recipes, train
from wassr.cli.upscale import upscale
from wassr.ground.errors import WassrError
from wassr.ground.files import TOO_LONG


class Commands(TyperGroup):
    """The commands; what is wrong with an option's value is told in our words."""

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]
        """As typer does, whose newer versions give the sentences of pydantic."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            from pydantic import ValidationError

            from wassr.ground.faults import fault

            if isinstance(error.__cause__, ValidationError):
                error.message = fault(error.__cause__.errors())
            raise


app = typer.Typer(
    name="wassr",
    cls=Commands,
    help="Enlarge photographs with small networks on a plain CPU, and train such networks.",
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command(no_args_is_help=True)(upscale)
app.command()(models)
app.command(no_args_is_help=True)(evaluate)
app.command(no_args_is_help=True)(train)
app.command()(recipes)
app.command(no_args_is_help=True)(report)
app.command(no_args_is_help=True)(export)
app.command(no_args_is_help=True)(degrade)


def main() -> int:
    """Run the command line: 0 all done, 1 some inputs failed, 2 wrong use. A user's error is one line on stderr."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # names of files need not be printable here
            stream.reconfigure(errors="backslashreplace")
    try:
        with _terminated_like_ctrl_c():
            app()
    except WassrError as error:
        print(f"wassr: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:  # whoever first asks about a file meets it, in any command and option
        if error.errno != errno.ENAMETOOLONG:
            raise
        print(f"wassr: {error.filename}: {TOO_LONG}", file=sys.stderr)
        return 2
    return 0


@contextmanager
def _terminated_like_ctrl_c() -> Iterator[None]:
    """SIGTERM ends a command as Ctrl-C does, so that nothing half-done stays; where it is ignored, it stays ignored."""
    plain = signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    if not plain or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"wassr {__version__}")
        raise typer.Exit


@app.callback()
def _top(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass
