"""One run for all tests of the report, and a copy of it for those that spoil it."""

import shutil
from pathlib import Path

import pytest

from tests.report.material import make_run
from wassr.report.reading import Reading, read_run


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("runs") / "good")


@pytest.fixture(scope="session")
def run(folder: Path) -> Reading:
    return read_run(folder)


@pytest.fixture
def mine(folder: Path, tmp_path: Path) -> Path:
    return shutil.copytree(folder, tmp_path / "mine")
