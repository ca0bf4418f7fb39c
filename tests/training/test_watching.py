"""What a validation leaves behind: checkpoints, verdicts, and an end before its time."""

from pathlib import Path

import pytest

from tests.training.conftest import Make
from wassr.models.modelfile import read_card
from wassr.training.course import courses, pareto
from wassr.training.loop import train
from wassr.training.runlog import read_log

pytestmark = pytest.mark.usefixtures("no_export")


def test_checkpoints_are_the_pareto_set_and_the_last(recipe: Make, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    train(recipe(content={}, adversarial={}), folder, say=lambda line: None)
    adversarial = courses(read_log(folder / "log.jsonl"))[-1]
    kept = {point.step for point in pareto(adversarial.points)} | {adversarial.points[-1].step}
    found = sorted(int(p.stem.rpartition("-")[2]) for p in (folder / "models").glob("tiny-step-*.safetensors"))
    assert found == sorted(kept - {adversarial.start.step})  # the start is the content model
    card = read_card(folder / "models" / f"tiny-step-{found[-1]}.safetensors")
    assert (card.name, card.steps, card.parent) == (f"tiny-step-{found[-1]}", found[-1], "tiny-content")


def test_stopping_on_a_plateau_ends_each_stage_and_stays_ended(
    recipe: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = recipe(content={"steps": 60, "validate_every": 2, "optimizer": {"rate": 0.0}}, adversarial={"steps": 4})
    model = train(plan, tmp_path / "run", stop_on_plateau=True)
    content, adversarial = courses(read_log(tmp_path / "run" / "log.jsonl"))
    assert content.points[-1].step == 10  # six validations of a network that does not move
    assert adversarial.points[-1].step == 14
    assert "verdict: plateau" in capsys.readouterr().out
    assert train(plan, tmp_path / "run", stop_on_plateau=True) == model
    assert "finished already" in capsys.readouterr().out
