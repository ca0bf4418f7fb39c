"""What a stage leaves to the next one and to users, above all one that its verdict ended."""

import shutil
import signal
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.training.conftest import Make
from tests.training.test_loop import SPAWN, assert_equal, child, silent
from wassr.ground.errors import TrainingError
from wassr.models.modelfile import load_weights
from wassr.training import loop
from wassr.training.course import courses
from wassr.training.loop import train
from wassr.training.recipe import Recipe
from wassr.training.runlog import ENDED, read_log
from wassr.training.verdict import judge

pytestmark = pytest.mark.usefixtures("no_export")


def too_fast(recipe: Make) -> Recipe:
    """Rates at which the content stage gets worse from its start on, and the adversarial one after its first steps."""
    return recipe(
        content={"steps": 60, "validate_every": 2, "optimizer": {"rate": 1e-2}},
        adversarial={"steps": 40, "validate_every": 2, "optimizer": {"rate": 1e-3}},
    )


@pytest.fixture(scope="module")
def unbroken(recipe: Make, no_export: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A run whose stages both ended early, and what it said."""
    folder, said = tmp_path_factory.mktemp("early") / "run", list[str]()
    train(too_fast(recipe), folder, say=said.append, stop_on_plateau=True)
    return folder, said


def same_weights(one: Path, other: Path) -> bool:
    mine, theirs = load_weights(one)[0], load_weights(other)[0]
    return all(np.array_equal(value, theirs[key]) for key, value in mine.items())


def test_a_stage_that_its_verdict_ended_hands_on_the_advised_step(unbroken: tuple[Path, list[str]]) -> None:
    folder, said = unbroken
    content, adversarial = courses(read_log(folder / "log.jsonl"))
    assert content.points[-1].step < 60
    assert judge(content).take["balanced"] == 0
    assert adversarial.start.values["valid/psnr_y"] == content.start.values["valid/psnr_y"]
    step, last = judge(adversarial).take["balanced"], adversarial.points[-1].step
    assert adversarial.start.step < step < last < adversarial.start.step + 40  # or this run shows nothing
    models = folder / "models"
    assert same_weights(models / "tiny.safetensors", models / f"tiny-step-{step}.safetensors")
    assert not same_weights(models / "tiny.safetensors", models / f"tiny-step-{last}.safetensors")
    card = load_weights(models / "tiny.safetensors")[1]
    assert (card.name, card.steps, card.parent) == ("tiny", step, "tiny-content")
    assert load_weights(models / "tiny-content.safetensors")[1].steps == 0
    ends = [(entry.step, entry.text) for entry in read_log(folder / "log.jsonl") if entry.tag == ENDED]
    told = f"{judge(adversarial).word}: takes step {step}, not its last"
    assert ends == [
        (content.points[-1].step, f"{judge(content).word}: takes step 0, where it began"),
        (last, told),
    ]
    assert f"adversarial stage ended at step {last}, {told}" in said


def continued(unbroken: Path, folder: Path, *gone: str) -> Path:
    """A run killed while its last stage handed over, some of whose model files a person then deleted."""
    shutil.copytree(unbroken, folder)
    for name in ("tiny.onnx", *gone):
        (folder / "models" / name).unlink()
    return folder


def test_a_deleted_advised_checkpoint_is_named_with_the_way_out(
    recipe: Make, unbroken: tuple[Path, list[str]], tmp_path: Path
) -> None:
    step = load_weights(unbroken[0] / "models" / "tiny.safetensors")[1].steps
    name = f"tiny-step-{step}.safetensors"
    folder = continued(unbroken[0], tmp_path / "run", "tiny.safetensors", name)
    with pytest.raises(TrainingError) as caught:
        train(too_fast(recipe), folder, say=silent, stop_on_plateau=True)
    assert str(caught.value) == (
        f"{folder / 'models' / name}: cannot be read: No such file or directory; the verdict that ended the "
        "adversarial stage takes this step: put the file back, or train anew in another folder (-o); "
        f"wassr export {folder} --step N makes a model of a step that is kept"
    )
    shutil.copy(unbroken[0] / "models" / name, folder / "models" / name)
    train(too_fast(recipe), folder, say=silent, stop_on_plateau=True)
    assert_equal(unbroken[0], folder)


def test_a_deleted_advised_checkpoint_that_was_taken_already_is_not_missed(
    recipe: Make, unbroken: tuple[Path, list[str]], tmp_path: Path
) -> None:
    whole = unbroken[0] / "models" / "tiny.safetensors"
    step = load_weights(whole)[1].steps
    folder = continued(unbroken[0], tmp_path / "run", f"tiny-step-{step}.safetensors")
    train(too_fast(recipe), folder, say=silent, stop_on_plateau=True)
    assert same_weights(whole, folder / "models" / "tiny.safetensors")
    assert load_weights(folder / "models" / "tiny.safetensors")[1] == load_weights(whole)[1]


MOMENTS = [
    ("loop", "save_state", "after", 5),  # the content stage has ended, nothing is taken yet
    ("loop", "hand_over", "after", 1),  # taken
    ("loop", "adversarial_step", "before", 1),  # and validated anew
    ("loop", "hand_over", "after", 2),  # the log says what was taken, but no saved state knows it
]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="kill -9")
@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: "-".join(map(str, moment[1:])))
def test_killed_and_continued_takes_the_same(
    recipe: Make, unbroken: tuple[Path, list[str]], tmp_path: Path, moment: tuple[str, str, str, int]
) -> None:
    folder = tmp_path / "run"
    process = SPAWN.Process(target=child, args=(too_fast(recipe), folder, *moment, True))
    process.start()
    process.join(120)
    assert process.exitcode == -signal.SIGKILL
    train(too_fast(recipe), folder, say=silent, stop_on_plateau=True)
    assert_equal(unbroken[0], folder)


def test_what_is_beaten_is_dropped_once_a_state_is_saved(
    recipe: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until then the run may go back to where nothing had beaten it."""
    seen: list[list[str]] = []
    watch = loop.watch

    def watched(*arguments: object) -> None:
        watch(*arguments)  # type: ignore[arg-type]
        seen.append(sorted(path.name for path in (tmp_path / "run" / "models").iterdir()))

    monkeypatch.setattr(loop, "watch", watched)
    train(recipe(content={"validate_every": 1, "save_every": 6}), tmp_path / "run", say=silent)
    assert seen[-1] == [f"tiny-step-{step}.safetensors" for step in range(1, 7)]
    assert len(list((tmp_path / "run" / "models").glob("tiny-step-*"))) < 6
