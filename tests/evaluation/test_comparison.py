"""Several models on the same pictures."""

import math
from pathlib import Path

import numpy as np
import pytest

from tests.evaluation.material import comparison, levels, save
from wassr.evaluation.comparison import compare
from wassr.evaluation.compressed import Saved
from wassr.evaluation.metrics import METRICS
from wassr.evaluation.scoring import Case, Levels, bicubic, nearest, score_folder
from wassr.evaluation.sets import DataSet, at_qualities, find_sets
from wassr.evaluation.subjects import Subject
from wassr.ground.errors import PictureError

FEW = {name: METRICS[name] for name in ("psnr_y", "lr_consistency")}
BICUBIC = Subject("bicubic", 4, "rounded", lambda case: bicubic(4)(case.low))
NEAREST = Subject("nearest", 4, "repeated", lambda case: nearest(4)(case.low))


@pytest.fixture
def sets(tmp_path: Path) -> tuple[DataSet, ...]:
    for name, count in (("One", 2), ("Two", 3)):
        for i in range(count):
            save(tmp_path / "sets" / name / f"{i}.png", levels(50 + 4 * i, 61, seed=i))
    return find_sets([tmp_path / "sets"])


def test_every_model_on_every_set(sets: tuple[DataSet, ...]) -> None:
    seen = []
    found = compare([BICUBIC, NEAREST], sets, FEW, "bicubic", progress=lambda *told: seen.append(told))
    assert (found.sets, list(found.models), found.others) == (["One", "Two"], ["bicubic", "nearest"], ["nearest"])
    assert (list(found.metrics), found.scale, found.left_out) == (list(FEW), 4, ())
    by_folder = score_folder(bicubic(4), sets[1].paths[0].parent, 4, FEW)
    assert found.score("bicubic", "Two") == by_folder
    assert seen[0] == (0, 5, "One/0.png")
    assert seen[-1] == (4, 5, "Two/2.png")


def test_a_picture_that_one_model_cannot_do_is_left_out_for_all(sets: tuple[DataSet, ...]) -> None:
    def fails(case: Case) -> Levels:
        if case.name == "1.png":
            raise PictureError(case.name, "too hard")
        return bicubic(4)(case.low)

    said: list[str] = []
    found = compare([BICUBIC, Subject("weak", 4, "", fails)], sets, FEW, "bicubic", say=said.append)
    assert [row.picture for row in found.score("bicubic", "Two").pictures] == ["0.png", "2.png"]
    assert found.left_out == ("One/1.png: weak: too hard", "Two/1.png: weak: too hard")
    assert said == [f"left out: {line}" for line in found.left_out]


def test_a_broken_file_is_left_out_and_named(sets: tuple[DataSet, ...]) -> None:
    sets[0].paths[0].write_bytes(b"broken")
    found = compare([BICUBIC], sets, FEW, "bicubic")
    assert len(found.score("bicubic", "One").pictures) == 1
    assert len(found.left_out) == 1
    assert found.left_out[0].startswith(f"{sets[0].paths[0]}: ")


def test_every_set_at_every_quality(sets: tuple[DataSet, ...]) -> None:
    asked = at_qualities(sets, (Saved(None), Saved(20)))
    found = compare([BICUBIC, NEAREST], asked, FEW, "bicubic")
    assert found.sets == ["One/clean", "One/jpeg-20", "Two/clean", "Two/jpeg-20"]
    assert found.qualities == {
        "One": {"clean": "One/clean", "20": "One/jpeg-20"},
        "Two": {"clean": "Two/clean", "20": "Two/jpeg-20"},
    }
    plain = compare([BICUBIC, NEAREST], sets, FEW, "bicubic")
    assert plain.qualities == {}
    for model in plain.models:
        assert found.score(model, "Two/clean").pictures == plain.score(model, "Two").pictures
        assert found.score(model, "Two/jpeg-20").mean("psnr_y") < plain.score(model, "Two").mean("psnr_y") - 0.5
    pair = found.paired("nearest", "Two/jpeg-20", "psnr_y")
    assert pair is not None
    assert pair.count == 3


def test_a_broken_file_is_told_once_for_all_qualities(sets: tuple[DataSet, ...]) -> None:
    sets[0].paths[0].write_bytes(b"broken")
    said: list[str] = []
    found = compare([BICUBIC], at_qualities(sets, (Saved(None), Saved(20))), FEW, "bicubic", say=said.append)
    assert (len(found.left_out), len(said)) == (1, 1)
    assert [len(found.score("bicubic", name).pictures) for name in found.sets] == [1, 1, 3, 3]


def test_nothing_to_score_is_an_error_with_the_first_reason(sets: tuple[DataSet, ...]) -> None:
    small = Subject("small", 4, "", lambda case: case.low)
    with pytest.raises(PictureError, match=r"One, Two: no picture could be scored; One/0\.png: small: the result is"):
        compare([small], sets, FEW, "small")


def test_without_originals(sets: tuple[DataSet, ...]) -> None:
    found = compare([NEAREST], sets[:1], {"lr_consistency": FEW["lr_consistency"]}, "nearest", references=False)
    row = found.score("nearest", "One").pictures[0]
    assert (row.height, row.width) == (200, 244)
    assert "no originals" in found.score("nearest", "One").protocol("lr_consistency")


def test_pairs_and_the_widest_differences() -> None:
    found = comparison(a={"psnr_y": [30.0, 31.0, 32.0, math.nan]}, b={"psnr_y": [30.1, 31.0, 30.0, 28.0]})
    pair = found.paired("b", "Set", "psnr_y")
    assert pair is not None
    assert (pair.count, pair.above, pair.below) == (3, 1, 1)
    assert pair.difference == pytest.approx(-1.9 / 3)
    assert found.widest("b", "Set", "psnr_y") == ["c.png", "a.png"]
    blind = comparison(a={"niqe": [math.nan]}, b={"niqe": [3.0]})
    assert blind.paired("b", "Set", "niqe") is None
    assert blind.widest("b", "Set", "niqe") == []


def test_results_are_compared_pixel_by_pixel_with_the_same_case(sets: tuple[DataSet, ...]) -> None:
    cases: list[tuple[str, Case]] = []

    def spy(name: str) -> Subject:
        def make(case: Case) -> Levels:
            cases.append((name, case))
            return bicubic(4)(case.low)

        return Subject(name, 4, "", make)

    compare([spy("a"), spy("b")], sets[:1], FEW, "a")
    assert [name for name, _ in cases] == ["a", "b", "a", "b"]
    np.testing.assert_array_equal(cases[0][1].low, cases[1][1].low)
