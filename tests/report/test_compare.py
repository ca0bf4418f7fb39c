"""Several runs on one page."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.report.material import make_log
from tests.report.test_page import checked
from wassr.ground.errors import UsageError
from wassr.report.compare import comparison
from wassr.report.reading import Reading, read_run


def test_verdicts_checkpoints_and_curves_side_by_side(run: Reading, mine: Path) -> None:
    other = read_run(mine)
    made = comparison([run, other])
    checked(made)
    assert run.verdict
    assert made.count(f"<strong>{run.verdict.word}</strong>") == 2
    for one in (run, other):
        for step in one.wishes():
            assert f"<td>{one.model(step)}</td>" in made
    assert "Perceptual distance: result" in made
    assert "good, mine" in made


def test_a_run_without_anything_does_not_spoil_the_page(run: Reading, tmp_path: Path) -> None:
    made = comparison([run, read_run(make_log(tmp_path / "new", {1: {"norm/other": 0.5}}))])
    checked(made)
    assert "<b>new</b> No validation has ended yet" in made
    assert "no curve in common" in made


def test_runs_on_other_inputs_are_told_apart_by_bicubic(run: Reading, mine: Path) -> None:
    other = read_run(mine)
    assert run.course is not None
    assert other.course is not None
    assert run.course.bicubic is not None
    same = replace(other.course, bicubic=run.course.bicubic)
    apart = replace(other.course, bicubic=run.course.bicubic - 0.8)
    for course, said in ((same, False), (apart, True)):
        made = comparison([run, replace(other, courses=(course,))])
        assert ("Not to be compared: bicubic stands at" in made) is said


def test_two_runs_of_one_name_are_refused(run: Reading) -> None:
    with pytest.raises(UsageError, match="two runs are called good"):
        comparison([run, replace(run)])
