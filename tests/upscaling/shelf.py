"""A shelf of tiny models under the names that `wassr upscale` chooses from, and pictures of known history."""

import io
from pathlib import Path

import pytest
from PIL import Image

from tests.pixels.samples import saved
from tests.upscaling.test_bins import original
from tests.upscaling.tiny import tiny_card, tiny_model
from wassr.models.card import Card
from wassr.models.shelf import find, shipped
from wassr.upscaling.choice import COMPRESSED_MODEL
from wassr.upscaling.upscaler import DEFAULT_MODEL


def joint_card(consistency: int = 1) -> Card:
    """Of a model for compressed inputs."""
    return tiny_card(consistency=consistency).model_copy(update={"name": COMPRESSED_MODEL, "inputs": "compressed"})


def put_on_shelf(folder: Path, monkeypatch: pytest.MonkeyPatch, joint: bool = True) -> None:
    """Make `folder` the shelf: with the default model, and the one for compressed inputs."""
    folder.mkdir(exist_ok=True)
    tiny_model(folder / f"{DEFAULT_MODEL}.onnx", tiny_card().model_copy(update={"name": DEFAULT_MODEL}))
    if joint:
        tiny_model(folder / f"{COMPRESSED_MODEL}.onnx", joint_card(), strength=0.6)
    for function in (shipped, find):
        monkeypatch.setattr(function, "__defaults__", (folder,))


def jpeg(height: int = 90, width: int = 106, **options: object) -> bytes:
    """A JPEG file, saved once: of quality 50 and 4:2:0 if not said otherwise."""
    return saved(original(height, width), "JPEG", **{"quality": 50, "subsampling": "4:2:0", **options})


def hidden_jpeg(height: int = 90, width: int = 106, quality: int = 50) -> bytes:
    """A PNG file that was such a JPEG before."""
    with Image.open(io.BytesIO(jpeg(height, width, quality=quality))) as opened:
        return saved(opened.convert("RGB"), "PNG")


def clean(height: int = 90, width: int = 106) -> bytes:
    """A PNG file of a photograph that was never compressed visibly."""
    return saved(original(height, width), "PNG")
