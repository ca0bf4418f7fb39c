import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wassr.pixels.resize import resize
from wassr.upscaling.windows import needed, there_and_back, window


def planes(height: int, width: int, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(3).random((channels, height, width), dtype=np.float32)


@pytest.mark.parametrize(("height", "width"), [(120, 200), (30, 50), (7, 5), (37, 41), (1, 1), (30, 200)])
def test_the_whole_window_is_the_resize(height: int, width: int) -> None:
    low = planes(30, 50)
    expected = resize(np.ascontiguousarray(low.transpose(1, 2, 0)), height, width).transpose(2, 0, 1)
    assert np.abs(window(low, (height, width), (0, height), (0, width)) - expected).max() < 2e-6


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_any_window_is_cut_from_the_whole(data: st.DataObject) -> None:
    low = planes(data.draw(st.integers(1, 60)), data.draw(st.integers(1, 60)), 1)
    size = data.draw(st.integers(1, 150)), data.draw(st.integers(1, 150))
    spans = [sorted(data.draw(st.lists(st.integers(0, n), min_size=2, max_size=2, unique=True))) for n in size]
    rows, columns = (tuple(span) for span in spans)
    whole = window(low, size, (0, size[0]), (0, size[1]))
    part = window(low, size, rows, columns)
    assert np.abs(part - whole[:, rows[0] : rows[1], columns[0] : columns[1]]).max() < 2e-6
    first, end = needed(low.shape[1], size[0], *rows)
    band = window(low[:, first:end], size, rows, columns, first, low.shape[1])
    assert np.array_equal(band, part)


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize(("height", "width"), [(30, 50), (1, 7), (65, 3)])
def test_there_and_back_is_both_resizes(scale: int, height: int, width: int) -> None:
    low = planes(height, width)
    large = window(low, (scale * height, scale * width), (0, scale * height), (0, scale * width))
    expected = window(large, (height, width), (0, height), (0, width))
    assert np.abs(there_and_back(low, scale) - expected).max() < 1e-5
