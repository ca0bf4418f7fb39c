"""`wassr export` by the real command line, on a run that the real command made."""

from pathlib import Path

import pytest

from tests.cli.conftest import Wassr, save
from tests.report.material import make_run
from wassr.models.shelf import find
from wassr.report.reading import read_run

SMALL = [
    "generator.arguments={channels: 8, blocks: 1}",
    "content.steps=8",
    "content.minutes=null",
    "content.validate_every=2",
    "content.batch=2",
    "content.crop=32",
    "content.optimizer.rate=1e-3",
]


@pytest.mark.slow
def test_the_command_that_the_report_names_makes_a_model(wassr: Wassr, tmp_path: Path) -> None:
    for seed in range(3):
        save(tmp_path / "pictures" / f"{seed}.png", 96, 80, seed)
    trained = wassr("train", "compact-x4", "data=pictures", *SMALL, "-o", "run")
    assert trained.returncode == 0, trained.stderr.decode()
    run = read_run(tmp_path / "run")
    assert run.verdict
    done = wassr("export", "run", "--wish", "balanced")
    assert done.returncode == 0, done.stderr.decode()
    told = done.stdout.decode().strip()
    assert told.startswith(f"wrote run/models/compact-x4-balanced.onnx, step {run.verdict.take['balanced']}\n  psnr_y ")
    step = wassr("export", "run", "--step", "8", "-o", "mine.onnx")
    assert step.returncode == 0, step.stderr.decode()
    assert {path.name for path in tmp_path.glob("mine.*")} == {"mine.onnx", "mine.safetensors"}
    card = find(tmp_path / "mine.onnx").card
    assert (card.name, card.steps) == ("mine", 8)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["absent"], "no such folder"),
        (["run", "--step", "7"], "keeps no model of step 7; take one of these: --step"),
        (["run", "--wish", "faithful", "--step", "500"], "give one of them"),
        (["run", "--wish", "sharp"], "faithful"),
        (["run", "--strength", "0"], "above 0 (the model that training began from), at most 1"),
        (["run", "--strength", "1.5"], "at most 1"),
        (["run", "-o", "model.pth"], "a model file ends in .onnx"),
    ],
)
def test_wrong_use_is_told(wassr: Wassr, tmp_path: Path, given: list[str], words: str) -> None:
    make_run(tmp_path / "run", until=1000)
    done = wassr("export", *given)
    assert done.returncode == 2
    assert words in done.stderr.decode()
    assert not list(tmp_path.rglob("*.onnx"))
