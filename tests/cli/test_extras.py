"""A missing extra is one line that says what to type."""

import pytest

from wassr.cli.extras import needs_extra
from wassr.ground.errors import UsageError


def test_what_is_there_is_not_asked_for() -> None:
    needs_extra("train", "json", "pathlib")


def test_what_is_missing_is_named_with_the_command() -> None:
    with pytest.raises(UsageError, match=r"needs no_such_module_a; install the extra: pip install 'wassr\[train\]'"):
        needs_extra("train", "json", "no_such_module_a")
