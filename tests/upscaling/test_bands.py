import numpy as np
import pytest

from wassr.pixels.resize import resize
from wassr.upscaling.bands import Consistent, NetworkRows, Planes, Resized, collect
from wassr.upscaling.tiling import Cut, grid

LOW = np.random.default_rng(0).random((3, 50, 40), dtype=np.float32)
HIGH = np.random.default_rng(1).random((3, 200, 160), dtype=np.float32)


def read(stage, step: int) -> np.ndarray:
    return np.concatenate([stage.rows(i, min(i + step, stage.height)) for i in range(0, stage.height, step)], axis=1)


@pytest.mark.parametrize("step", [1, 7, 64, 500])
def test_bands_of_any_height_give_the_same(step: int) -> None:
    def make(row: Cut, column: Cut) -> np.ndarray:
        return HIGH[:, 4 * row.core_start : 4 * row.core_stop, 4 * column.core_start : 4 * column.core_stop]

    def network() -> NetworkRows:
        return NetworkRows(grid(50, 40, 16, 3), 4, make)

    assert np.array_equal(read(network(), step), HIGH)
    whole = Consistent(Planes(HIGH), LOW).rows(0, 200)
    assert np.abs(read(Consistent(network(), LOW), step) - whole).max() < 1e-5
    twice = Consistent(Consistent(network(), LOW), LOW)
    smaller = Resized(twice, 133, 107)
    expected = Resized(Consistent(Consistent(Planes(HIGH), LOW), LOW), 133, 107).rows(0, 133)
    assert np.abs(read(smaller, step) - expected).max() < 1e-5


def test_back_projection_is_its_formula() -> None:
    high, low = HIGH.transpose(1, 2, 0), LOW.transpose(1, 2, 0)
    expected = high + resize(low - resize(high, 50, 40), 200, 160)
    assert np.abs(Consistent(Planes(HIGH), LOW).rows(0, 200).transpose(1, 2, 0) - expected).max() < 1e-5


def test_the_result_is_clipped_only_at_the_end() -> None:
    assert collect(Planes(3 * HIGH - 1)).max() == 1
    assert Planes(3 * HIGH - 1).rows(0, 9).max() > 1
