"""High-band energy and the raster of upsampling, on pictures whose answers are known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from wassr.evaluation.texture import checkerboard, high_band_ratio
from wassr.pixels.resize import resize, shrink, to_levels

Levels = NDArray[np.uint8]


def noise(seed: int, size: int = 256) -> Levels:
    return np.random.default_rng(seed).integers(0, 256, (size, size, 3)).astype(np.uint8)


def enlarged(high: Levels, scale: int) -> Levels:
    return to_levels(resize(shrink(high, scale).astype(np.float32), *high.shape[:2], scale))


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_band_of_the_original_is_one_and_of_bicubic_near_zero(scale: int) -> None:
    high = noise(0, 252)
    assert high_band_ratio([(high, high)], scale) == 1
    assert high_band_ratio([(enlarged(high, scale), high)], scale) < 0.05


def test_half_the_contrast_is_a_quarter_of_the_energy() -> None:
    high = noise(1)
    half = (128 + (high.astype(float) - 128) / 2).astype(np.uint8)
    assert high_band_ratio([(half, high)], 4) == pytest.approx(0.25, rel=0.02)


def test_flat_originals_have_no_band() -> None:
    flat = np.full((64, 64, 3), 77, np.uint8)
    assert high_band_ratio([(flat, flat)], 4) == 0


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_white_error_has_no_raster_and_a_pattern_has(scale: int) -> None:
    high = noise(2) // 2 + 60
    rng = np.random.default_rng(5)
    white = np.clip(high + rng.normal(0, 4, high.shape), 0, 255).astype(np.uint8)
    assert checkerboard([(white, high)], scale) == pytest.approx(1.0, abs=0.8)  # power of a single bin is exponential
    y, x = np.mgrid[0:256, 0:256]
    tile = np.random.default_rng(6).normal(0, 2, (scale, scale))[y % scale, x % scale, None]
    assert checkerboard([(np.clip(white + tile, 0, 255).astype(np.uint8), high)], scale) > 10


@pytest.mark.parametrize("seed", range(4))
def test_level_and_upright_edges_are_no_raster(seed: int) -> None:
    """Houses, text: both axes of the spectrum are a ridge, and what lies beside it is no background of theirs."""
    rng = np.random.default_rng(seed)
    high = np.full((512, 512, 3), 128, np.uint8)
    made = high.copy()
    for top, left, height, width in rng.integers((0, 0, 5, 5), (480, 480, 90, 90), (150, 4)):
        made[top : top + height, left : left + width] = rng.integers(90, 166)
    assert checkerboard([(made, high)], 4) < 1.6
    y, x = np.mgrid[0:512, 0:512]
    tile = np.random.default_rng(6).normal(0, 4, (4, 4))[y % 4, x % 4, None]
    assert checkerboard([(np.clip(made + tile, 0, 255).astype(np.uint8), high)], 4) > 10


def test_no_error_no_raster() -> None:
    high = noise(3)
    assert checkerboard([(high, high)], 4) == 1
    small = noise(4, 64)  # smaller than a window
    assert checkerboard([(small, small)], 4) == 1
