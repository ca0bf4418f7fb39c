from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wassr.upscaling.tiling import cuts, grid

SIZES = st.integers(1, 3000)
CORES = st.integers(1, 300)
RADII = st.integers(0, 50)


@given(SIZES, CORES, RADII)
def test_every_pixel_is_covered_exactly_once(size: int, core: int, radius: int) -> None:
    found = cuts(size, core, radius)
    assert found[0].core_start == 0
    assert found[-1].core_stop == size
    assert all(a.core_stop == b.core_start for a, b in pairwise(found))
    assert all(cut.core_start < cut.core_stop for cut in found)


@given(SIZES, CORES, RADII)
def test_every_core_has_its_context_or_the_border(size: int, core: int, radius: int) -> None:
    for cut in cuts(size, core, radius):
        assert 0 <= cut.start <= cut.core_start < cut.core_stop <= cut.stop <= size
        assert cut.start == 0 or cut.core_start - cut.start >= radius
        assert cut.stop == size or cut.stop - cut.core_stop >= radius


@given(SIZES, CORES, RADII)
def test_all_windows_have_one_length_within_the_limit(size: int, core: int, radius: int) -> None:
    lengths = {cut.stop - cut.start for cut in cuts(size, core, radius)}
    assert len(lengths) == 1
    assert lengths.pop() <= min(size, core + 2 * radius)


@given(st.integers(1, 200), st.integers(1, 200), st.integers(8, 64), st.integers(0, 9))
def test_the_grid_paints_the_picture_once(height: int, width: int, core: int, radius: int) -> None:
    painted = np.zeros((height, width), int)
    tiles = grid(height, width, core, radius)
    for row in tiles.rows:
        for column in tiles.columns:
            assert (row.stop - row.start, column.stop - column.start) == tiles.shape
            painted[row.core_start : row.core_stop, column.core_start : column.core_stop] += 1
    assert (painted == 1).all()
    assert tiles.count == len(tiles.rows) * len(tiles.columns)


def test_a_small_picture_is_one_tile_of_its_own_shape() -> None:
    assert grid(50, 282, 256, 13).shape == (50, 282)
    assert grid(50, 282, 256, 13).count == 1


def test_similar_sizes_share_a_shape() -> None:
    assert grid(700, 900, 256, 13).shape == grid(702, 905, 256, 13).shape


def test_a_core_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="core"):
        grid(10, 10, 0, 1)
