"""Options that commands share read the same in the help of each."""

import re
import subprocess
import sys

import pytest

from tests.cli.conftest import environment


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
