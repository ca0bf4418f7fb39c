"""Extras that a command needs: one line that says what to install instead of an ImportError."""

from importlib.util import find_spec

from wassr.ground.errors import UsageError


def needs_extra(extra: str, *modules: str) -> None:
    """Raise UsageError with the command to type when a module of the extra is missing."""
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        raise UsageError(f"this command needs {', '.join(missing)}; install the extra: pip install 'wassr[{extra}]'")
