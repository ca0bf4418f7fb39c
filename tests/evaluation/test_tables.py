"""Forms of the same numbers: each with its protocol, each with the same values."""

import csv
import io
import json
import math
from dataclasses import replace

import pytest

from tests.evaluation.material import DISTANCE, comparison, over_quality
from wassr.evaluation.comparison import Comparison
from wassr.evaluation.cost import Cost
from wassr.evaluation.tables import csv_text, flat, markdown, plain, sentence, text

GOOD = [30.0, 31.5, 28.25, 33.0, 29.0, 30.5, 27.75, 32.0]
BETTER = [value + 0.3 + 0.02 * i for i, value in enumerate(GOOD)]


@pytest.fixture
def table() -> Comparison:
    plain_one = {"psnr_y": GOOD, "distance": [0.5] * 8}
    return comparison(**{"bicubic": plain_one, "compact-x4": {"psnr_y": BETTER, "distance": [0.25] * 8}})


def test_the_screen_has_means_intervals_tests_and_the_protocol(table: Comparison) -> None:
    shown = text(table)
    lines = shown.splitlines()
    assert lines[0] == "Set: 8 pictures, x4"
    assert "psnr_y (dB)" in lines[2]
    assert lines[3].split() == ["bicubic", "30.25", "0.5000"]
    assert lines[4].split()[0].startswith("[2")
    assert "psnr_y: compact-x4 is better by 0.37 dB (0.34 to 0.40, p 0.0078, 8 of 8 pictures)" in shown
    assert "distance: compact-x4 is better by 0.2500 (0.2500 to 0.2500, p 0.0078, 8 of 8 pictures)" in shown
    assert "differ most by psnr_y on: h.png, g.png, f.png" in shown
    assert "psnr_y (dB, higher is better, against the original): BT.601 studio Y, rounded; border = scale" in shown
    assert "distance (lower is better, against the original): a distance for tests" in shown
    assert "compact-x4: how compact-x4 works" in shown
    assert "x4; made for a test" in shown


def test_a_narrow_screen_gets_the_columns_in_blocks(table: Comparison) -> None:
    for width in (30, 40, 72):
        assert all(len(line) <= max(width, 30) for line in text(table, width).splitlines()), width
    assert text(table, 30).count("compact-x4  ") == 2
    assert text(table, 72).count("compact-x4  ") == 1


def test_every_form_shows_the_protocol(table: Comparison) -> None:
    for made in (text(table, 500), markdown(table), csv_text(table), json.dumps(flat(table))):
        for words in ("BT.601 studio Y, rounded; border = scale; 8 bit", "how compact-x4 works", "x4; made for a test"):
            assert words in made


def test_markdown(table: Comparison) -> None:
    lines = markdown(table).splitlines()
    assert lines[0] == "| model | set | pictures | psnr_y (dB) ↑ | distance ↓ |"
    assert lines[1] == "|---|---|---|---|---|"
    assert lines[2].startswith("| bicubic | Set | 8 | 30.25 [")
    assert {line.count("|") for line in lines[:4]} == {6}


def test_differences_in_json_have_the_sign_of_the_words(table: Comparison) -> None:
    found = flat(table)
    key = "differences.compact-x4.bicubic.Set.distance"
    assert found[f"{key}.words"] == "compact-x4 is better by 0.2500 (0.2500 to 0.2500, p 0.0078, 8 of 8 pictures)"
    assert [found[f"{key}.{part}"] for part in ("mean", "low", "high", "above", "below")] == [0.25, 0.25, 0.25, 8, 0]
    assert found[f"{key}.better"] == "lower"


def test_flat_keys(table: Comparison) -> None:
    cost = Cost(0.125, 210_000_000, "this machine")
    found = flat(replace(table, costs={"compact-x4": cost}, left_out=("x.png: broken",)))
    key = "results.compact-x4.Set.psnr_y"
    assert found[f"{key}.mean"] == pytest.approx(sum(BETTER) / 8, rel=1e-6)
    assert found[f"{key}.low"] < found[f"{key}.mean"] < found[f"{key}.high"]  # type: ignore[operator]
    assert (found[f"{key}.unit"], found[f"{key}.better"], found[f"{key}.reference"]) == ("dB", "higher", "high")
    assert found[f"{key}.pictures"] == {f"{chr(97 + i)}.png": pytest.approx(v) for i, v in enumerate(BETTER)}
    assert str(found[f"{key}.protocol"]).startswith("x4; made for a test; mean of 8 pictures; BT.601")
    assert "how compact-x4 works" in str(found[f"{key}.protocol"])
    pair = "differences.compact-x4.bicubic.Set.psnr_y"
    assert found[f"{pair}.mean"] == pytest.approx(0.37)
    assert found[f"{pair}.p"] == pytest.approx(2 / 2**8)
    assert found[f"{pair}.widest"] == ["h.png", "g.png", "f.png"]
    assert str(found[f"{pair}.words"]).startswith("compact-x4 is better")
    assert (found[f"{pair}.unit"], found[f"{pair}.better"]) == ("dB", "higher")
    assert found["cost.compact-x4.seconds_per_megapixel"] == 0.125
    assert found["cost.compact-x4.memory_megabytes"] == 210
    assert found["left_out"] == ["x.png: broken"]
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert all(not isinstance(value, dict) or name.endswith(".pictures") for name, value in found.items())


def test_csv_has_a_line_for_each_model_picture_and_metric(table: Comparison) -> None:
    rows = list(csv.DictReader(io.StringIO(csv_text(table))))
    assert len(rows) == 2 * 8 * 2
    row = rows[-2]
    assert (row["model"], row["set"], row["picture"], row["metric"]) == ("compact-x4", "Set", "h.png", "psnr_y")
    assert float(row["value"]) == pytest.approx(BETTER[-1])
    assert row["protocol"].startswith("x4; made for a test; BT.601")


def test_costs_and_what_was_left_out_stand_below(table: Comparison) -> None:
    cost = Cost(0.12345, 210_000_000, "this machine, one thread")
    shown = text(replace(table, costs={"bicubic": cost}, left_out=("x.png: broken",)))
    assert "bicubic: how bicubic works; 0.123 s per megapixel, 210 MB" in shown
    assert "seconds and memory: this machine, one thread" in shown
    assert "left out for all models: x.png: broken" in shown


def test_a_against_a_says_no_difference() -> None:
    same = comparison(**{"a": {"psnr_y": GOOD}, "a (2)": {"psnr_y": GOOD}})
    assert sentence(same, "a (2)", "Set", "psnr_y") == "no difference: equal on all 8 pictures"
    assert "differ most" not in text(same)


def test_floats_as_json_can_hold_them() -> None:
    assert (plain(math.nan), plain(-math.inf), plain(1 / 3)) == (None, "-inf", 0.333333333)


def test_a_metric_that_says_nothing_and_a_single_picture() -> None:
    lone = comparison(a={"psnr_y": [30.0], "niqe": [math.nan]})
    assert "30.00 [one picture] | -  |" in markdown(lone)
    assert flat(lone)["results.a.Set.niqe.mean"] is None
    assert flat(lone)["results.a.Set.psnr_y.low"] is None
    assert str(flat(lone)["results.a.Set.psnr_y.protocol"]).count("mean of 1 picture;") == 1
    assert ",niqe,," in csv_text(lone)


def test_a_mean_of_fewer_pictures_says_so() -> None:
    some = comparison(a={"psnr_y": [30.0, 31.0, 32.0], "niqe": [5.0, math.nan, 6.0]})
    assert "Set: of its 3 pictures, means of niqe of 2: the rest are none for it (a)" in markdown(some)
    assert "mean of 2 pictures; " in str(flat(some)["results.a.Set.niqe.protocol"])
    assert "the rest are none" not in markdown(comparison(a={"psnr_y": [30.0, 31.0], "niqe": [5.0, 6.0]}))


def test_a_single_picture_has_no_interval_and_an_exact_copy_is_told_so() -> None:
    found = flat(comparison(bicubic={"psnr_y": [30.0]}, exact={"psnr_y": [math.inf]}))
    assert found["results.exact.Set.psnr_y.mean"] == "inf"
    for key in ("results.exact.Set.psnr_y", "differences.exact.bicubic.Set.psnr_y"):
        assert (found[f"{key}.low"], found[f"{key}.high"]) == (None, None)
    words = found["differences.exact.bicubic.Set.psnr_y.words"]
    assert words == "undecided: better without bound, being equal to the original; one picture cannot decide"


def test_where_less_is_better_undecided_differences_say_which_way() -> None:
    lone = comparison(bicubic={"distance": [0.1668]}, nearest={"distance": [0.2277]})
    assert "distance: undecided: worse by 0.0609; one picture cannot decide" in text(lone)
    assert flat(lone)["differences.nearest.bicubic.Set.distance.mean"] == pytest.approx(-0.0609)


@pytest.fixture
def saved() -> Comparison:
    values = {"clean": {"psnr_y": GOOD, "shy": [0.5] * 8}, "30": {"psnr_y": [v - 2 for v in GOOD], "shy": [0.2] * 8}}
    better = {"clean": {"psnr_y": BETTER, "shy": [0.4] * 8}, "30": {"psnr_y": [26.0] * 8, "shy": [0.1] * 8}}
    return over_quality({"bicubic": values, "m": better}, shy=replace(DISTANCE, unranked="it is fooled"))


def test_means_by_quality_on_the_screen_and_in_markdown(saved: Comparison) -> None:
    shown = text(saved)
    assert "Set/clean: 8 pictures, x4" in shown
    assert "Set/jpeg-30: 8 pictures, x4" in shown
    lines = shown.splitlines()
    at = lines.index("Set, psnr_y (dB) ↑ by JPEG quality")
    assert [line.split() for line in lines[at + 2 : at + 5]] == [
        ["clean", "30"],
        ["bicubic", "30.25", "28.25"],
        ["m", "30.62", "26.00"],
    ]
    made = markdown(saved)
    assert (
        "Set, psnr_y (dB) ↑ by JPEG quality:\n\n|  | clean | 30 |\n|---|---|---|\n| bicubic | 30.25 | 28.25 |\n" in made
    )
    assert "| m | Set/jpeg-30 | 8 | 26.00 [26.00, 26.00] | " in made


def test_differences_and_keys_at_each_quality(saved: Comparison) -> None:
    found = flat(saved)
    assert found["results.m.Set/jpeg-30.psnr_y.mean"] == 26
    assert "saved as JPEG of quality 30" in str(found["results.m.Set/jpeg-30.psnr_y.protocol"])
    assert "saved as JPEG" not in str(found["results.m.Set/clean.psnr_y.protocol"])
    assert found["differences.m.bicubic.Set/clean.psnr_y.mean"] == pytest.approx(0.37)
    assert found["differences.m.bicubic.Set/jpeg-30.psnr_y.mean"] == pytest.approx(-2.25)
    assert text(saved, 500).count("saved as JPEG of quality 30") == 1
    assert "Set/jpeg-30" in csv_text(saved)


def test_nobody_is_ranked_by_a_metric_that_is_fooled(saved: Comparison) -> None:
    shown, found = text(saved, 500), flat(saved)
    assert shown.count("shy: not ranked by; it is fooled") == 2
    assert "shy (not ranked by, against the original): a distance for tests; it is fooled" in shown
    assert "0.1000" in shown
    assert found["results.m.Set/clean.shy.better"] == "none"
    assert found["differences.m.bicubic.Set/clean.shy.words"] == "not ranked by; it is fooled"
    assert "| psnr_y (dB) ↑ | shy |" in markdown(saved)
