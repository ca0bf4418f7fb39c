"""Picture, its conversions, its one rounding, and colour under transparency."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pixels.samples import deep, smooth
from wassr.ground.errors import PictureError
from wassr.pixels import picture as picture_module
from wassr.pixels.picture import (
    Picture,
    bleed_colour,
    eight_bits,
    picture_from_array,
    quantise,
    strips,
    to_array,
    to_floats,
)
from wassr.pixels.resize import resize


def test_eight_bits_are_those_that_the_floats_give():
    for kind in (np.uint8, np.uint16):
        levels = np.arange(np.iinfo(kind).max + 1, dtype=kind).reshape(-1, 16, 1)
        assert np.array_equal(eight_bits(levels), quantise(to_floats(levels), 8))


def test_sizes_and_gray():
    picture = picture_from_array(smooth(1))
    assert (picture.height, picture.width, picture.gray, picture.bits) == (24, 32, True, 8)
    assert not picture_from_array(deep(3)).gray


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("make", [smooth, deep])
def test_arrays_come_back_to_the_bit(make, channels):
    pixels = make(channels)
    picture = picture_from_array(pixels)
    assert (picture.alpha is not None) == (channels in (2, 4))
    back = to_array(picture, pixels.dtype)
    assert np.array_equal(back, pixels[..., 0] if channels == 1 else pixels)


@pytest.mark.parametrize("bits", [8, 16])
def test_every_level_survives_floats(bits):
    levels = np.arange(2**bits).astype(np.uint8 if bits == 8 else np.uint16)
    assert np.array_equal(quantise(to_floats(levels), bits), levels)


def test_quantise_rounds_half_up_and_clips():
    values = np.array([-1, 0.5 / 255, 1.4999 / 255, 127.5 / 255, 2], dtype=np.float32)
    assert quantise(values, 8).tolist() == [0, 1, 1, 128, 255]


def test_strips_join_to_the_whole(monkeypatch):
    monkeypatch.setattr(picture_module, "STRIP_PIXELS", 100)
    picture = picture_from_array(smooth(4))
    parts = list(strips(picture, 8))
    assert [top for top, _ in parts] == list(range(0, 24, 3))
    assert np.array_equal(np.concatenate([levels for _, levels in parts]), smooth(4))


def test_flattening_is_over_white():
    picture = Picture(np.zeros((1, 3, 3), np.float32), np.array([[0, 0.5, 1]], np.float32))
    ((_, levels),) = strips(picture, 8, flatten=True)
    assert levels[0].tolist() == [[255] * 3, [128] * 3, [0] * 3]


def test_floats_keep_their_values():
    values = np.random.default_rng(0).random((4, 5, 3)).astype(np.float32)
    picture = picture_from_array(values)
    assert picture.bits == 16
    assert np.array_equal(to_array(picture, np.float32), values)


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((3, 4, 5)), "shape"),
        (np.zeros(7), "shape"),
        (np.zeros((0, 4, 3)), "has no pixels"),
        (np.zeros((3, 4), np.int32), "int32"),
        (np.zeros((3, 4), bool), "bool"),
        (np.full((3, 4, 3), 255.0), "0..1"),
        (np.full((3, 4), np.nan), "finite"),
        (np.array([[0.5, np.inf]]), "finite"),
    ],
)
def test_bad_arrays_are_refused_by_name(array, words):
    with pytest.raises(PictureError, match="input 3") as caught:
        picture_from_array(array, "input 3")
    assert words in caught.value.reason


@pytest.mark.parametrize(
    "fields",
    [
        {"colour": np.zeros((2, 2), np.float32)},
        {"colour": np.zeros((2, 2, 4), np.float32)},
        {"colour": np.zeros((2, 2, 3), np.float32), "alpha": np.zeros((2, 3), np.float32)},
        {"colour": np.zeros((2, 2, 3), np.float32), "bits": 12},
    ],
)
def test_impossible_pictures_are_refused(fields):
    with pytest.raises(ValueError):
        Picture(**fields)


def test_to_array_refuses_other_types():
    with pytest.raises(ValueError, match="int64"):
        to_array(picture_from_array(smooth()), np.int64)


def disc(size: int = 40) -> np.ndarray:
    """Alpha of a disc with a soft edge."""
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    return np.clip(12.5 - np.hypot(x, y), 0, 1).astype(np.float32)


@pytest.mark.parametrize("background", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("shape", [0.0, 0.25, 1.0])
@pytest.mark.parametrize("scale", [2, 4])
def test_no_fringe_over_any_background(shape, background, scale):
    """A flat shape on transparent black (or white), enlarged by bicubic: every pixel lies between shape and ground."""
    alpha = disc()
    hidden = 0.0 if shape > 0.5 else 1.0  # the worst: the opposite of the shape
    colour = np.where(alpha[..., None] > 0, np.float32(shape), np.float32(hidden)).repeat(3, axis=2)
    size = 40 * scale
    wide_alpha = np.clip(resize(alpha, size, size), 0, 1)[..., None]

    def composite(planes: np.ndarray) -> np.ndarray:
        wide = np.clip(resize(planes, size, size), 0, 1)
        return wide * wide_alpha + background * (1 - wide_alpha)

    ideal = shape * wide_alpha + background * (1 - wide_alpha)
    assert np.abs(composite(bleed_colour(colour, alpha)) - ideal).max() < 1e-5
    assert np.abs(composite(colour) - ideal).max() > 0.02  # what it would be without


def test_bleeding_takes_the_nearest_colours_and_leaves_the_visible():
    colour = np.zeros((32, 32, 3), np.float32)
    colour[:, :4], colour[:, -4:] = (1, 0, 0), (0, 0, 1)
    alpha = np.zeros((32, 32), np.float32)
    alpha[:, :4] = alpha[:, -4:] = 1
    filled = bleed_colour(colour, alpha)
    assert np.array_equal(filled[alpha > 0], colour[alpha > 0])
    assert np.allclose(filled[:, 4:8], (1, 0, 0))
    assert np.allclose(filled[:, -8:-4], (0, 0, 1))


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**31))
def test_bleeding_invents_nothing(height, width, seed):
    rng = np.random.default_rng(seed)
    colour = rng.random((height, width, 1)).astype(np.float32)
    alpha = (rng.random((height, width)) > 0.7).astype(np.float32)
    filled = bleed_colour(colour, alpha)
    assert np.isfinite(filled).all()
    if alpha.any():
        seen = colour[alpha > 0]
        assert seen.min() - 1e-5 <= filled.min() <= filled.max() <= seen.max() + 1e-5
    else:
        assert np.array_equal(filled, colour)


def test_planes_are_float32_and_there():
    with pytest.raises(
        ValueError, match="colour must be an array of float32 in \\[0, 1\\], not uint8: see picture_from_array"
    ):
        Picture(np.full((8, 8, 3), 100, np.uint8))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="not list"):
        Picture([[[0.5]]])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="alpha must be"):
        Picture(np.zeros((8, 8, 3), np.float32), np.zeros((8, 8)))
    with pytest.raises(ValueError, match="no pixels"):
        Picture(np.zeros((0, 8, 3), np.float32))


def test_pictures_are_compared_as_things():
    one, other = (Picture(np.zeros((2, 2, 3), np.float32)) for _ in range(2))
    assert one != other
    assert other in [one, other]
    assert len({one, other}) == 2
