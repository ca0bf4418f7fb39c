"""Pillow's globals are set while we decode and come back afterwards, also with several threads inside."""

import os
import subprocess
import sys
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
    with strict_pillow(100):  # other threads must not meet a limit of a small picture's
        assert Image.MAX_IMAGE_PIXELS == 123
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


def test_what_others_do_to_the_filters_meanwhile_stays():
    before = list(warnings.filters)
    try:
        with strict_pillow(1000):
            warnings.filterwarnings("error", message="theirs")
        assert [one[0] for one in warnings.filters[: len(warnings.filters) - len(before)]] == ["error"]
        with strict_pillow(1000):
            warnings.resetwarnings()
        assert not warnings.filters
    finally:
        warnings.filters[:] = before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_process_is_told_that_libvips_would_hang():
    child = """
import os
from wassr.ground.errors import UsageError
from wassr.pixels.libraries import vips
vips()
if os.fork() == 0:
    try:
        vips()
    except UsageError as error:
        print(error, flush=True)
    os._exit(0)
os.wait()
vips()
"""
    done = subprocess.run([sys.executable, "-c", child], capture_output=True, text=True, check=True, timeout=60)
    assert "would hang here: start processes by spawn" in done.stdout
