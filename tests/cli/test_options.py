"""Options that commands share read the same in the help of each."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import environment
from wassr.cli.options import SUFFIXES, file_option
from wassr.ground.errors import UsageError
from wassr.models.modelfile import DEPLOYMENT, WEIGHTS
from wassr.pixels.formats import READABLE


@pytest.mark.parametrize("command", ["upscale", "evaluate"])
def test_every_command_has_them(command: str) -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "wassr", command, "--help"],
        capture_output=True,
        text=True,
        env=environment(),
        check=True,
    ).stdout
    words = re.sub(r"[^\w-]+", " ", shown)
    for option in ("--device", "--engine", "--precision", "--threads"):
        assert option in words
    assert "auto openvino onnxruntime torch" in words


@pytest.mark.parametrize("kind", SUFFIXES)
def test_text_is_never_written_over_a_picture_or_a_model(kind: str, tmp_path: Path) -> None:
    for suffix in SUFFIXES[kind]:
        file_option("-o", tmp_path / f"a{suffix.upper()}", kind)
    others = {suffix for row in SUFFIXES.values() for suffix in row} - {*SUFFIXES[kind]}
    for suffix in (*READABLE, DEPLOYMENT, WEIGHTS, ".yaml", *others):
        with pytest.raises(
            UsageError, match=rf"-o .*: {kind} is written there; name it so, as in .*{SUFFIXES[kind][0]}"
        ):
            file_option("-o", tmp_path / f"a{suffix}", kind)
