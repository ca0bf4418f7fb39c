"""Pixels from Pillow in strips; what comes of every kind of file, test_reading tells."""

import numpy as np
import pytest
from PIL import Image

from tests.pixels.samples import WIDTH, smooth
from wassr.pixels import raster
from wassr.pixels.raster import is_gray, pillow_raster


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1"])
def test_pixels_of_more_than_one_strip(mode, monkeypatch):
    monkeypatch.setattr(raster, "STRIP", 5 * WIDTH + 1)
    image = Image.fromarray(smooth(4)).convert(mode)
    got = pillow_raster(image, "x").levels
    expected = np.asarray(image.convert({"P": "RGB", "1": "L"}.get(mode, mode)))
    assert np.array_equal(got, expected.reshape(got.shape))


def test_gray_has_three_equal_channels():
    assert is_gray(np.repeat(smooth(1), 3, axis=2))
    assert not is_gray(smooth(3))
