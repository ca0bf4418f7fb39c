"""Pillow's globals are set while we decode and come back afterwards, also with several threads inside."""

import threading
import warnings

import pytest
from PIL import Image, ImageFile

from tests.pixels.samples import pil, saved
from wassr.ground.errors import PictureError
from wassr.pixels.formats import read_picture
from wassr.pixels.libraries import one_line, strict_pillow, vips


def test_globals_come_back(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 123)
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    filters = list(warnings.filters)
    with strict_pillow(1000):
        assert Image.MAX_IMAGE_PIXELS == 500
        assert not ImageFile.LOAD_TRUNCATED_IMAGES
        with strict_pillow(1000):
            pass
        assert not ImageFile.LOAD_TRUNCATED_IMAGES
    assert (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES) == (123, True)
    assert warnings.filters == filters


def test_truncated_files_are_errors_even_if_the_program_told_pillow_otherwise(monkeypatch):
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    with pytest.raises(PictureError):
        read_picture(saved(pil(3), "JPEG")[:-100])


def test_threads_read_at_once():
    data, results = saved(pil(3), "JPEG"), []

    def read() -> None:
        results.extend(read_picture(data).width for _ in range(30))

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [32] * 120
    assert not ImageFile.LOAD_TRUNCATED_IMAGES


def test_vips_is_loaded_once():
    assert vips() is vips()


@pytest.mark.parametrize(
    ("error", "text"),
    [(OSError("a\n b"), "a b"), (KeyError(), "KeyError"), (ValueError("x" * 500), "x" * 157 + "...")],
)
def test_one_line(error, text):
    assert one_line(error) == text
