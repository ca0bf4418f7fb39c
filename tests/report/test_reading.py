"""A run folder as it is, and everything that can be wrong with one."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.report.material import CONTENT, WHOLE, make_log, make_run
from wassr.ground.errors import TrainingError, UsageError, WassrError
from wassr.report.reading import Reading, missing, read_run
from wassr.training.course import Point
from wassr.training.runlog import Entry
from wassr.training.verdict import judge


def test_what_a_whole_run_tells(run: Reading) -> None:
    assert (run.name, run.step, run.share, missing(run)) == ("good", WHOLE, 1.0, [])
    assert [course.stage for course in run.courses] == ["content", "adversarial"]
    assert run.verdict == judge(run.courses[-1])
    assert run.verdict
    assert sorted(step for step, wishes in run.wishes().items() for _ in wishes) == sorted(run.verdict.take.values())
    assert [said.step for said in run.said("guard")] == [4200]
    assert set(run.strips()) >= {CONTENT, WHOLE, *run.verdict.take.values()}


def test_the_model_of_a_step(run: Reading, mine: Path) -> None:
    assert run.model(WHOLE) == str(run.folder.models / "made.safetensors")
    assert run.model(CONTENT) == str(run.folder.models / "made-content.safetensors")
    assert run.verdict
    balanced = run.verdict.take["balanced"]
    assert run.model(balanced) == str(run.folder.models / f"made-step-{balanced}.safetensors")
    assert run.model(1) is None
    for path in (mine / "models").glob("made-content*"):
        path.unlink()
    assert read_run(mine).model(CONTENT) == "content"  # what the recipe says the stage started from
    (mine / "state").mkdir()
    (mine / "state" / "step-000000001.json").write_text('{"start": "compact-x4"}', encoding="utf-8")
    assert read_run(mine).model(CONTENT) == "compact-x4"


def refused(path: Path, kind: type[WassrError]) -> str:
    with pytest.raises(kind) as caught:
        read_run(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_what_is_no_run_is_one_line(tmp_path: Path) -> None:
    assert "no such folder" in refused(tmp_path / "absent", UsageError)
    assert "no log.jsonl" in refused(tmp_path, UsageError)
    log = tmp_path / "log.jsonl"
    log.touch()
    assert "is empty" in refused(tmp_path, TrainingError)
    log.write_text('{"step":1,"tag":"a","value":', encoding="utf-8")  # torn before its first newline
    assert "is empty" in refused(tmp_path, TrainingError)
    for bad in ("not json", "[]", "{}", '{"step":1}', "\xff"):
        log.write_text(f'{{"step":1,"tag":"loss/l1","value":1}}\n{bad}\n', encoding="utf-8")
        assert "line 2 is no entry" in refused(tmp_path, TrainingError)


def test_a_torn_last_line_is_passed_over(run: Reading, mine: Path) -> None:
    with (mine / "log.jsonl").open("ab") as log:
        log.write(b'{"step":9050,"tag":"loss/l')
    assert read_run(mine).entries == run.entries


def test_before_the_first_validation(tmp_path: Path) -> None:
    run = read_run(make_log(tmp_path, {1: {"loss/l1": 0.5}}))
    assert (run.course, run.verdict, run.share, run.stage) == (None, None, None, None)
    told = " ".join(missing(run))
    assert "older version" in told
    assert "No validation" in told
    assert "recipe.yaml" in told
    assert "No sample pictures" in told


def test_an_older_log_of_an_adversarial_stage_is_not_judged_by_fidelity_alone(tmp_path: Path) -> None:
    values = {step: {"valid/psnr_y": 27.0 - step / 1000, "critic/gap_heldout": 1.0} for step in range(0, 800, 100)}
    run = read_run(make_log(tmp_path, values))
    assert run.course
    assert (run.course.stage, run.verdict) == ("adversarial", None)
    assert "cannot be judged" in " ".join(missing(run))


def test_damaged_files_beside_the_log_are_told_and_passed_over(mine: Path) -> None:
    (mine / "models" / "made-step-1.safetensors").write_bytes(b"torn")
    (mine / "samples" / "step-9000.png").write_bytes(b"torn")
    (mine / "recipe.yaml").write_text("name: [", encoding="utf-8")
    run = read_run(mine)
    told = " ".join(missing(run))
    assert "made-step-1.safetensors" in told
    assert "recipe cannot be shown" in told
    assert WHOLE not in run.strips()
    assert len(run.strips()) > 1


def test_whether_an_older_run_is_over_is_told_by_its_deployment_form(run: Reading) -> None:
    assert run.over
    assert run.course
    points = tuple(Point(point.step, {"valid/psnr_y": 27.0}) for point in run.course.points)
    older = replace(run, courses=(replace(run.course, points=points),))
    assert not older.over
    (card,) = (card for path, card in run.models.items() if path.name == "made.safetensors")
    assert replace(older, models={Path("made.onnx"): card}).over
    assert not replace(run, courses=()).over


def test_a_stage_that_its_verdict_ended_is_over(run: Reading) -> None:
    assert run.course
    points = (*run.course.points[:-1], replace(run.course.points[-1], values={"valid/psnr_y": 27, "stage/share": 0.5}))
    half = replace(run, courses=(replace(run.course, points=points),))
    assert not half.over
    assert replace(half, courses=(replace(half.courses[0], ended=True),)).over


def test_a_run_under_way(tmp_path: Path) -> None:
    run = read_run(make_run(tmp_path / "half", until=6000))
    assert run.share == 0.5
    assert run.model(6000) == str(tmp_path / "half" / "models" / "made-step-6000.safetensors")
    later = replace(run, entries=(*run.entries, Entry(6600, "loss/l1", 0.5)))
    assert later.share == 0.6  # by the recipe's steps
    unknown = replace(later, recipe=None)
    assert unknown.share == pytest.approx(0.6)  # as fast as before
    assert unknown.course
    start = Point(CONTENT, {"valid/psnr_y": 27.0, "stage/share": 0.0})
    begun = replace(unknown, courses=(replace(unknown.course, points=(start,)),))
    assert begun.share is None
