"""From what is asked for to the comparison; wrong requests fail before any picture is read."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from tests.evaluation.material import levels, save
from tests.upscaling.tiny import tiny_card, tiny_model
from wassr.evaluation.page import page
from wassr.evaluation.request import Request, evaluate
from wassr.evaluation.scoring import nearest
from wassr.evaluation.sets import find_sets, read_case
from wassr.evaluation.tables import flat, text
from wassr.ground.errors import UsageError, WassrError


@pytest.fixture
def data(tmp_path: Path) -> str:
    for i in range(2):
        save(tmp_path / "Set" / f"{i}.png", levels(52, 60, seed=i))
    return str(tmp_path / "Set")


def test_models_and_results_of_others_stand_in_one_table(data: str, tmp_path: Path) -> None:
    (one,) = find_sets([data])
    for path in one.paths:
        save(tmp_path / "theirs" / f"{path.stem}_out.png", nearest(4)(read_case(one, path, 4).low))
    request = Request(("bicubic", "nearest"), (f"them={tmp_path / 'theirs'}",), (data,), against="them", cost=False)
    found = evaluate(request)
    table = found.comparison
    assert list(table.models) == ["bicubic", "nearest", "them"]
    assert table.others == ["bicubic", "nearest"]
    assert table.score("them", "Set") == table.score("nearest", "Set")
    same = table.paired("nearest", "Set", "psnr_y")
    assert same is not None
    assert same.p == 1.0
    assert table.costs == {}


def test_without_originals_and_with_costs(data: str) -> None:
    found = evaluate(Request(("nearest",), (), (data,), references=False, scale=2, metrics=("colour_drift_low",)))
    assert found.comparison.score("nearest", "Set").mean("colour_drift_low") == 0.0
    assert found.comparison.costs["nearest"].seconds > 0


def test_pictures_of_others_are_not_timed_as_the_model_they_are_called_by(data: str, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (one,) = find_sets([data])
    for path in one.paths:
        save(tmp_path / "nearest" / path.name, nearest(4)(read_case(one, path, 4).low))
    found = evaluate(Request(("nearest",), ("nearest",), (data,), metrics=("psnr_y",))).comparison
    assert len(found.models) == 2
    assert list(found.costs) == ["nearest"]


def test_inputs_saved_once_and_twice(data: str) -> None:
    once = Request(("bicubic",), (), (data,), metrics=("psnr_y", "niqe"), cost=False, jpeg="90,clean")
    found = evaluate(once)
    assert found.comparison.qualities == {"Set": {"clean": "Set/clean", "90": "Set/jpeg-90"}}
    assert [one.name for one in found.sets] == found.comparison.sets
    assert found.comparison.metrics["niqe"].unranked
    twice = evaluate(replace(once, double=True)).comparison
    means = [found.comparison.score("bicubic", "Set/jpeg-90").mean("psnr_y")]
    means.append(twice.score("bicubic", "Set/jpeg-90-double").mean("psnr_y"))
    assert found.comparison.score("bicubic", "Set/clean").mean("psnr_y") > means[0] > means[1]


def test_models_that_restore(data: str, tmp_path: Path) -> None:
    model = tiny_model(tmp_path / "tiny-x1.onnx", tiny_card(1).model_copy(update={"inputs": "compressed"}))
    said: list[str] = []
    request = Request(("bicubic", str(model)), (), (data,), cost=False, jpeg="clean,50")
    found = evaluate(request, say=said.append)
    table = found.comparison
    assert table.scale == 1
    assert any(line.startswith("lr_consistency is left out: at x1 ") for line in said)
    assert "lr_consistency" not in table.metrics
    assert table.score("bicubic", "Set/clean").mean("psnr_y") == math.inf  # the input itself
    assert 25 < table.score("bicubic", "Set/jpeg-50").mean("psnr_y") < 45
    assert math.isfinite(table.score("tiny-x1", "Set/clean").mean("psnr_y"))
    shown = text(table)
    assert "inputs are the originals, nothing is reduced; saved as JPEG of quality 50" in " ".join(shown.split())
    json.dumps(flat(table), allow_nan=False)
    made = page(table, found.subjects, found.sets)
    assert "pixels repeated" not in made


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (Request(data=("x",)), "name a model"),
        (Request(("bicubic",)), "--data is missing"),
        (Request(("bicubic",), data=("none",)), "--data none: no such folder"),
        (Request(("bicubic",), data=("none",), metrics=("psn",)), "no such metric; did you mean psnr"),
        (Request(("bicubci",), data=("none",)), "did you mean bicubic"),
        (Request(("bicubic",), data=("none",), jpeg="70,abc"), "--jpeg 70,abc: abc is no quality"),
        (Request(("bicubic",), data=("none",), jpeg=""), "--jpeg: names no quality"),
        (Request(("bicubic",), ("x",), ("none",), jpeg="70"), "--jpeg: pictures of --results were made from other"),
        (Request(("bicubic",), data=("none",), references=False, jpeg="70"), "with --no-reference there are none"),
        (Request(("bicubic",), data=("none",), double=True), "--double: saves as JPEG twice; say at which qualities"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_wrong_requests_are_one_line(request_: Request, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        evaluate(request_)
    assert "\n" not in str(caught.value)


def test_missing_results_are_told_before_anything_is_computed(data: str, tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    told: list[object] = []
    with pytest.raises(WassrError, match="no result of 0"):
        evaluate(Request(("bicubic",), (str(tmp_path / "theirs"),), (data,)), progress=lambda *x: told.append(x))
    assert told == []
