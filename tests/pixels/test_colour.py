"""Luma and chroma against the matrices of the standards."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from wassr.pixels.colour import luma, rgb_to_ycbcr, studio_luma, ycbcr_to_rgb

RNG = np.random.default_rng(0)
COLOURS = RNG.random((20, 30, 3)).astype(np.float32)


@given(st.floats(0, 1, width=32))
def test_gray_keeps_its_value_to_the_bit(value):
    gray = np.full((1, 1, 3), value, dtype=np.float32)
    assert luma(gray)[0, 0] == np.float32(value)
    planes = rgb_to_ycbcr(gray)
    assert planes.ravel().tolist() == [np.float32(value), 0, 0]
    assert np.array_equal(ycbcr_to_rgb(planes), gray)


def test_luma_is_full_range_bt601():
    expected = COLOURS.astype(np.float64) @ [0.299, 0.587, 0.114]
    assert np.abs(luma(COLOURS) - expected).max() < 1e-6
    assert luma(np.ones((1, 1, 3), dtype=np.float32)) == 1


def test_one_channel_is_its_own_luma():
    gray = COLOURS[..., :1]
    assert np.array_equal(luma(gray), gray[..., 0])


def test_chroma_goes_there_and_back():
    planes = rgb_to_ycbcr(COLOURS)
    assert np.abs(planes[..., 1:]).max() <= 0.5
    assert np.abs(ycbcr_to_rgb(planes) - COLOURS).max() < 1e-6


def test_equals_the_ycbcr_of_jpeg():
    pixels = (COLOURS * 255).round().astype(np.uint8)
    theirs = np.asarray(Image.fromarray(pixels).convert("YCbCr")).astype(float)
    ours = rgb_to_ycbcr(pixels.astype(np.float32) / 255) * 255 + [0, 128, 128]
    assert np.abs(ours - theirs).max() < 1.01


@pytest.mark.parametrize(
    ("colour", "level"),
    [((0, 0, 0), 16), ((1, 1, 1), 235), ((1, 0, 0), 81.481), ((0, 1, 0), 144.553), ((0, 0, 1), 40.966)],
)
def test_studio_luma_of_corners(colour, level):
    assert studio_luma(np.array([[colour]], dtype=np.float32))[0, 0] == pytest.approx(level, abs=1e-9)


def test_studio_luma_of_gray_equals_that_of_three_equal_channels():
    gray = COLOURS[..., :1]
    assert np.array_equal(studio_luma(gray), studio_luma(np.repeat(gray, 3, axis=2)))
