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
    expected = np.asarray(image.convert({"P": "RGBA", "1": "L"}.get(mode, mode)))  # its palette has alpha
    assert np.array_equal(got, expected.reshape(got.shape))


def test_gray_has_three_equal_channels():
    assert is_gray(np.repeat(smooth(1), 3, axis=2))
    assert not is_gray(smooth(3))


def test_transparency_that_only_a_palette_knows():
    rgba = Image.fromarray(smooth(4))
    rgba.paste((255, 0, 0, 0), (0, 0, 8, 8))
    palette = rgba.quantize(8)
    assert "transparency" not in palette.info
    assert np.array_equal(pillow_raster(palette, "x").levels, np.asarray(palette.convert("RGBA")))


def test_a_transparent_level_of_sixteen_bits():
    levels = np.arange(WIDTH * 4, dtype=np.uint16).reshape(4, WIDTH) * 100
    image = Image.fromarray(levels)
    assert pillow_raster(image, "x").levels.shape[2] == 1
    image.info["transparency"] = 300
    got = pillow_raster(image, "x").levels
    assert np.array_equal(got[..., 0], levels)
    assert np.array_equal(got[..., 1] == 0, levels == 300)


def test_hue_saturation_value_is_a_way_to_write_rgb():
    image = Image.fromarray(smooth(3)).convert("HSV")
    assert np.array_equal(pillow_raster(image, "x").levels, np.asarray(image.convert("RGB")))
