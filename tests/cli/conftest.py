"""The real command line, run as a process from a folder of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.upscaling.tiny import photo, tiny_model

Wassr = Callable[..., subprocess.CompletedProcess[bytes]]


def environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8", "COLUMNS": "100"}


def save(path: Path, height: int = 30, width: int = 40, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray((photo(height, width, seed=seed) * 255).astype(np.uint8)).save(path)
    return path


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("model") / "tiny-x4.onnx")


@pytest.fixture
def wassr(tmp_path: Path) -> Wassr:
    """Run `wassr ARGS` in the test's folder; gives the ended process."""

    def run(*args: object, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-m", "wassr", *map(str, args)]
        return subprocess.run(command, input=given, capture_output=True, cwd=tmp_path, env=environment(), check=False)

    return run
