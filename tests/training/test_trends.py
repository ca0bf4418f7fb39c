"""Trends of curves whose lines are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wassr.training.trends import detrended, trend

STEPS = [100 * i for i in range(6)]


def test_a_line_is_found_whole() -> None:
    found = trend(STEPS, [3 - 0.002 * step for step in STEPS])
    assert found.slope == pytest.approx(-0.002)
    assert found.change == pytest.approx(-1.0)
    assert found.noise == pytest.approx(0, abs=1e-12)
    assert found.falls
    assert not found.rises
    assert found.order == -1
    assert trend(STEPS, [1, 2, 3, 4, 6, 5]).order == pytest.approx(13 / 15)


def test_one_wild_point_does_not_turn_it() -> None:
    values = [3 - 0.002 * step for step in STEPS]
    values[2] = 90.0
    assert trend(STEPS, values).slope == pytest.approx(-0.002, rel=0.5)


@settings(max_examples=30, deadline=None)
@given(st.floats(-1, 1), st.floats(1e-3, 1e3), st.floats(-50, 50))
def test_scale_and_offset_go_through(slope: float, scale: float, offset: float) -> None:
    base = trend(STEPS, [slope * step for step in STEPS])
    moved = trend(STEPS, [scale * slope * step + offset for step in STEPS])
    assert moved.slope == pytest.approx(scale * base.slope, rel=1e-6, abs=1e-9)


def test_noise_alone_has_a_trend_about_as_often_as_promised() -> None:
    rng = np.random.default_rng(3)
    found = [trend(STEPS, list(rng.normal(0, 1, len(STEPS)))) for _ in range(200)]
    wrong = np.mean([one.rises or one.falls for one in found])
    assert wrong < 0.25  # six points: the interval is a little short, which `verdict` knows


def test_detrended_swings_stay() -> None:
    steps = [10 * i for i in range(12)]
    swing = [0.1 * (-1) ** i for i in range(12)]
    rest = detrended(steps, [5 - 0.01 * step + s for step, s in zip(steps, swing, strict=True)])
    assert float(np.std(rest)) == pytest.approx(0.1, rel=0.05)
