"""Blur, resize and noise against theory: what a wave keeps, what a deviation is, where pixels lie."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from wassr.data.chain import Blur, Noise, Reduce, Resize
from wassr.data.filters import Frame, blur, filtered, gaussian, ideal, noise, reduce, resize, resized
from wassr.pixels.resize import shrink

FRAME = Frame((96, 128), (24, 32), (0, 0), lambda levels: shrink(levels, 4))


def wave(down: float, right: float, height: int = 128, width: int = 128) -> NDArray[np.uint8]:
    """A plane wave of 100 levels about 128; frequencies in cycles a pixel."""
    y, x = np.mgrid[:height, :width]
    tone = 128 + 100 * np.cos(2 * math.pi * (down * y + right * x))
    return np.repeat(tone.round().astype(np.uint8)[..., None], 3, axis=2)


def amplitude(levels: NDArray[np.uint8]) -> float:
    """Of a wave, without the border."""
    return float((levels[40:-40, 40:-40].astype(float) - 128).std() * math.sqrt(2))


@pytest.mark.parametrize("sigma", [0.5, 1.0, 2.0])
@pytest.mark.parametrize(("down", "right"), [(1 / 16, 0), (0, 1 / 8), (1 / 16, 1 / 16)])
def test_a_gaussian_keeps_of_a_wave_what_theory_says(sigma: float, down: float, right: float) -> None:
    made = filtered(wave(down, right), gaussian(sigma, sigma, 0.7))
    wanted = 100 * math.exp(-2 * (math.pi * sigma) ** 2 * (down**2 + right**2))
    assert amplitude(made) == pytest.approx(wanted, abs=0.75)  # rounding, the same in every period


def test_a_stretched_gaussian_blurs_along_its_direction() -> None:
    across_rows, along_rows = wave(1 / 8, 0), wave(0, 1 / 8)
    flat = gaussian(2.0, 0.1, 0.0)  # along the rows
    upright = gaussian(2.0, 0.1, math.pi / 2)
    for kept, gone, response in ((across_rows, along_rows, flat), (along_rows, across_rows, upright)):
        assert amplitude(filtered(kept, response)) > 98
        assert amplitude(filtered(gone, response)) < 35


def test_an_ideal_filter_cuts_above_its_frequency_and_rings_beside_an_edge() -> None:
    assert amplitude(filtered(wave(0, 1 / 8), ideal(0.3))) > 95
    assert amplitude(filtered(wave(0, 3 / 16), ideal(0.3))) < 5
    edge = np.full((64, 128, 3), 60, dtype=np.uint8)
    edge[:, 64:] = 180
    rings = filtered(edge, ideal(0.4))
    assert rings[32].max() > 185
    assert rings[32].min() < 55
    assert filtered(edge, gaussian(2, 2, 0)).max() == 180


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 255), st.integers(0, 1000))
def test_flat_pictures_stay_and_sizes_are_kept(height: int, width: int, level: int, seed: int) -> None:
    flat = np.full((height, width, 3), level, dtype=np.uint8)
    spec = Blur(shapes={"isotropic": 1, "anisotropic": 1, "sinc": 1}, sigma=(0.2, 3.0))
    made, words, _ = blur(flat, spec, np.random.default_rng(seed), FRAME)
    np.testing.assert_array_equal(made, flat)
    assert words


def test_a_blurred_border_is_mirrored() -> None:
    half = wave(1 / 20, 0, 60, 8)
    twice = np.concatenate([half[::-1], half])
    response = gaussian(1.5, 1.5, 0)
    np.testing.assert_array_equal(filtered(half, response)[:40], filtered(twice, response)[60:100])


@pytest.mark.parametrize("gray", [0.0, 1.0])
def test_gaussian_noise_has_the_deviation_that_was_asked(gray: float) -> None:
    flat = np.full((128, 128, 3), 120, dtype=np.uint8)
    spec = Noise(grains={"gaussian": 1}, sigma=(8, 8), gray=gray)
    made, words, _ = noise(flat, spec, np.random.default_rng(0), FRAME)
    added = made.astype(float) - 120
    assert added.std() == pytest.approx(8, rel=0.03)
    assert abs(added.mean()) < 0.3
    correlation = np.corrcoef(added[..., 0].ravel(), added[..., 1].ravel())[0, 1]
    assert (correlation > 0.999) if gray else (abs(correlation) < 0.05)
    assert words == ("gaussian 8.0 gray" if gray else "gaussian 8.0")


@pytest.mark.parametrize("gray", [0.0, 1.0])
@pytest.mark.parametrize("level", [16, 64, 240])
def test_poisson_noise_grows_with_the_root_of_the_level(gray: float, level: int) -> None:
    flat = np.full((128, 128, 3), level, dtype=np.uint8)
    spec = Noise(grains={"poisson": 1}, sigma=(4, 4), gray=gray)
    made, *_ = noise(flat, spec, np.random.default_rng(0), FRAME)
    assert made.std() == pytest.approx(math.hypot(4 * math.sqrt(level / 255), 0.29), rel=0.05)
    assert made.mean() == pytest.approx(level, abs=0.3)
    assert bool((made[..., 0] == made[..., 2]).all()) == bool(gray)


def test_sizes_are_multiples_of_the_low_side() -> None:
    made, words, _ = resize(wave(0, 1 / 16, 96, 128), Resize(size=(0.5, 0.5)), np.random.default_rng(0), FRAME)
    assert made.shape == (12, 16, 3)
    assert words.endswith("x0.50")


def centre(levels: NDArray[np.uint8]) -> tuple[float, float]:
    """Of mass, as shares of the sides."""
    light = levels[..., 0].astype(float)
    rows, columns = ((np.arange(side) + 0.5) / side for side in light.shape)
    return float(rows @ light.sum(1) / light.sum()), float(columns @ light.sum(0) / light.sum())


@pytest.mark.parametrize("kind", ["area", "bilinear", "bicubic"])
@pytest.mark.parametrize("size", [(17, 23), (96, 128), (130, 75)])
def test_a_resize_moves_nothing(kind: Any, size: tuple[int, int]) -> None:
    y, x = np.mgrid[:48, :64]
    spot = 255 * np.exp(-((y - 20.0) ** 2 + (x - 37.0) ** 2) / 60)
    levels = np.repeat(spot.round().astype(np.uint8)[..., None], 3, axis=2)
    assert centre(resized(levels, size, kind)) == pytest.approx(centre(levels), abs=4e-3)  # half a pixel is 3e-2


def test_the_benchmarks_reduction_is_only_for_the_untouched_size() -> None:
    high = np.random.default_rng(0).integers(0, 256, (96, 128, 3), dtype=np.uint8)
    made, words, _ = reduce(high, Reduce(), np.random.default_rng(0), FRAME)
    np.testing.assert_array_equal(made, shrink(high, 4))
    assert words == ""
    other, *_ = reduce(high[:48, :64], Reduce(), np.random.default_rng(0), FRAME)
    assert other.shape == (24, 32, 3)
    area, words, _ = reduce(high, Reduce(filters={"area": 1}), np.random.default_rng(0), FRAME)
    means = high.reshape(24, 4, 32, 4, 3).mean((1, 3))
    assert np.abs(area - means).max() <= 1
    assert words == "area"
