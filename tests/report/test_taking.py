"""Which checkpoint is meant, and what it becomes."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.report.material import CONTENT, WHOLE, make_log
from wassr.ground.errors import UsageError
from wassr.report.reading import Reading, read_run
from wassr.report.taking import step_of, target_of, weights_of


def test_wishes_are_those_of_the_verdict_and_have_files(run: Reading) -> None:
    assert run.verdict
    for wish, step in run.verdict.take.items():
        assert step_of(run, wish) == step
        file = f"made-step-{step}.safetensors" if step < WHOLE else "made.safetensors"
        assert weights_of(run, step) == run.folder.models / file
    assert weights_of(run, CONTENT) == run.folder.models / "made-content.safetensors"


def test_the_start_of_a_second_stage_is_the_content_model_whatever_its_step(run: Reading) -> None:
    """A content stage that ended early hands on an older step than its last."""
    content = run.folder.models / "made-content.safetensors"
    models = {**run.models, content: run.models[content].model_copy(update={"steps": 1000})}
    assert weights_of(replace(run, models=models), CONTENT) == content


def test_what_is_not_kept_is_one_line_with_what_is(run: Reading, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=rf"no model of step 1; .*--step {CONTENT}, .*--step {WHOLE}$"):
        weights_of(run, 1)
    bare = replace(run, models={}, start="compact-x4")
    with pytest.raises(UsageError, match="beats its start, step 3000: take that, compact-x4"):
        weights_of(bare, CONTENT)
    with pytest.raises(UsageError, match="none is kept"):
        weights_of(bare, WHOLE)
    content = replace(run, courses=run.courses[:1], models={}, start="compact-x4")
    with pytest.raises(UsageError, match="beats its start, step 0: take that, compact-x4"):
        weights_of(content, 0)
    old = read_run(make_log(tmp_path, {0: {"loss/l1": 1.0}}))
    with pytest.raises(UsageError, match="no verdict yet"):
        step_of(old, "balanced")


def test_an_export_is_no_checkpoint(run: Reading) -> None:
    """Nor is a checkpoint a place to export to: the run goes on with it."""
    assert run.verdict
    step = run.verdict.take["balanced"]
    own = weights_of(run, step)
    for suffix in (".safetensors", ".onnx"):
        weaker = run.models[own].model_copy(update={"strength": 0.5})
        exported = run.folder.models / f"made-balanced{suffix}"
        run = replace(run, models={exported: weaker, **run.models})
    assert weights_of(run, step) == own
    for name in (own.name, "made.onnx", "made-content.safetensors"):
        with pytest.raises(UsageError, match="is a model of the run itself"):
            target_of(run, "balanced", run.folder.models / name)
    assert target_of(run, "balanced", Path("made.onnx")) == Path("made.safetensors")


def test_names(run: Reading) -> None:
    assert target_of(run, "faithful", None) == run.folder.models / "made-faithful.safetensors"
    assert target_of(run, "400", Path("a/b.onnx")) == Path("a/b.safetensors")
    with pytest.raises(UsageError, match=r"a model file ends in \.onnx"):
        target_of(run, "400", Path("a/b.png"))
