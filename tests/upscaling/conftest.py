"""A tiny model and a picture, shared by the tests of this floor."""

from pathlib import Path

import pytest

from tests.upscaling.tiny import tiny_model


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("model") / "tiny-x4.onnx")
