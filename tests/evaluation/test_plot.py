"""Charts over JPEG quality: the right values at the right heights, sound markup."""

import math
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.evaluation.material import DISTANCE, comparison, over_quality
from tests.pages import checked
from wassr.evaluation.plot import BOTTOM, LEFT, RIGHT, TOP, charts, ticks

RANKED = over_quality(
    {
        "bicubic": {"clean": {"psnr_y": [26.0, 27.0]}, "70": {"psnr_y": [25.0, 26.0]}},
        "<i>&": {"clean": {"psnr_y": [28.0, 30.0]}, "70": {"psnr_y": [24.0, 25.0]}},
    }
)


def circles(made: str) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', made)]


def test_one_chart_for_each_metric_in_sound_markup() -> None:
    values = {quality: {"psnr_y": [30.0, 31.0], "distance": [0.1, 0.2]} for quality in ("clean", "90", "30")}
    made = charts(over_quality({"a": values, "b": values}))
    parser = checked(made)
    assert parser.seen.count("svg") == 2
    assert parser.seen.count("polyline") == 4
    assert parser.seen.count("circle") == 2 * 2 * 3
    assert re.findall(r'"middle">(clean|90|30)</text>', made) == ["clean", "90", "30"] * 2
    assert "<b>psnr_y</b> dB ↑" in made
    assert "<b>distance</b> ↓" in made


def test_nothing_without_qualities() -> None:
    assert charts(comparison(a={"psnr_y": [30.0, 31.0]})) == ""


def test_heights_follow_the_values() -> None:
    made = charts(RANKED)
    (clean, x0), (saved, x1), (best, x2), (worst, x3) = [(y, x) for x, y in circles(made)]
    assert TOP < best < clean < saved < worst < BOTTOM
    assert LEFT < x0 < x2 < x1 < x3 < RIGHT  # clean first, models beside each other
    # heights are linear: means are 26.5, 25.5, 29, 24.5
    assert (clean - best) / (saved - clean) == pytest.approx(2.5, abs=0.02)
    assert (worst - saved) / (saved - clean) == pytest.approx(1.0, abs=0.02)
    whiskers = re.findall(r'<line x1="([\d.]+)" x2="\1" y1="([\d.]+)" y2="([\d.]+)">', made)
    assert len(whiskers) == 4
    low, high = map(float, whiskers[2][1:])  # of values 28 and 30: both ends of the interval
    assert (low - best) / (clean - best) == pytest.approx(1 / 2.5, abs=0.02)
    assert (best - high) / (clean - best) == pytest.approx(1 / 2.5, abs=0.02)


def test_grid_lines_stand_at_their_values() -> None:
    made = charts(RANKED)
    lines = re.findall(r'y1="([\d.]+)" y2="[\d.]+"></line><text x="\d+" y="[\d.]+" text-anchor="end">([^<]+)<', made)
    at = {float(value): float(y) for y, value in lines}
    _, _, (_, best), (_, worst) = circles(made)
    scale = (worst - best) / (29 - 24.5)
    for value, y in at.items():
        assert y == pytest.approx(best + (29 - value) * scale, abs=0.2)
    assert len(at) > 2


def test_names_are_escaped_and_points_say_what_they_are() -> None:
    made = charts(RANKED)
    assert "<i>" not in made
    assert "<title>&lt;i&gt;&amp;, 70: 24.50 [24.00, 25.00]</title>" in made
    assert 'aria-label="psnr_y on Set by JPEG quality. bicubic, clean: 26.50 [26.00, 27.00]; ' in made


def test_one_picture_has_no_whisker_and_what_is_no_number_no_point() -> None:
    lone = charts(over_quality({"a": {"clean": {"psnr_y": [math.inf]}, "70": {"psnr_y": [30.0]}}}))
    assert len(circles(lone)) == 1
    assert "x1" not in lone.partition("<g ")[2]
    assert "nan" not in lone
    assert "inf" not in lone
    blind = charts(over_quality({"a": {"70": {"psnr_y": [math.nan]}}}))
    assert "<svg" not in blind
    assert "says nothing about these pictures" in blind


def test_more_models_than_colours_are_told_apart() -> None:
    values = {"clean": {"psnr_y": [30.0, 31.0]}, "70": {"psnr_y": [29.0, 30.0]}}
    made = charts(over_quality({f"m{i}": values for i in range(8)}))
    assert len(set(re.findall(r'<g class="([^"]+)"', made))) == 8
    assert all(LEFT < x < RIGHT for x, _ in circles(made))


def test_a_metric_that_ranks_nobody_says_so_and_has_no_arrow() -> None:
    shy = replace(DISTANCE, unranked="it can be fooled")
    made = charts(over_quality({"a": {"70": {"shy": [0.5, 0.6]}}}, shy=shy))
    assert "<b>shy</b> not ranked by; it can be fooled<" in made
    assert "↓" not in made


@given(low=st.floats(-1e6, 1e6), span=st.floats(1e-3, 1e6))
def test_ticks_are_few_round_and_inside(low: float, span: float) -> None:
    found = ticks(low, low + span)
    assert 2 <= len(found) <= 7
    assert all(low - 1e-6 * span <= value <= low + span * (1 + 1e-6) for value in found)
    step = found[1] - found[0]
    digit = step / 10 ** math.floor(math.log10(step) + 1e-6)
    assert any(digit == pytest.approx(due, rel=1e-3) for due in (1, 2, 5))


def test_ticks_of_a_known_range() -> None:
    assert ticks(24.2, 30.1) == [25, 26, 27, 28, 29, 30]
    assert ticks(0.18, 0.62) == pytest.approx([0.2, 0.3, 0.4, 0.5, 0.6])
