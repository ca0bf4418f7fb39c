"""The loop in real processes: killed anywhere, a run that is continued equals the unbroken one bit for bit."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.training.conftest import Make, repeatable, waves
from tests.training.test_board import events
from wassr.ground.errors import ModelError, SettingsError, TrainingError, WassrError
from wassr.ground.settings import dump_settings
from wassr.models.modelfile import load_weights, read_card
from wassr.pixels.formats import picture_from_array, write_picture
from wassr.training import loop, state
from wassr.training.loop import train
from wassr.training.recipe import Recipe
from wassr.training.runlog import read_log, series
from wassr.training.state import saved_states
from wassr.training.stopping import Stopped

pytestmark = pytest.mark.usefixtures("no_export")
KINDS = "penalty", "clip", "bfloat16"
SPAWN = multiprocessing.get_context("forkserver" if sys.platform != "win32" else "spawn")
SPAWN.set_forkserver_preload(["wassr.training.loop"])
MODULES = {"loop": loop, "state": state}


def silent(line: str) -> None:
    pass


def both_stages(recipe: Make, kind: str) -> Recipe:
    if kind == "bfloat16":
        return recipe(content={}, adversarial={}, precision="bfloat16", threads=2)
    if kind == "penalty":
        return recipe(content={"optimizer": {"kind": "muon", "momentum": 0.9}}, adversarial={})
    return recipe(
        content={"validate_every": 100},
        adversarial={
            "optimizer": {"kind": "rmsprop", "rate": 5e-5},
            "critic": {"network": "vgg", "arguments": {"width": 4}, "optimizer": {"kind": "rmsprop", "rate": 5e-5}},
            "adversarial": {"clip": 0.01, "weight": 1e-3, "critic_steps": 1, "burst_steps": 2, "burst_until": 1},
        },
        generator={"network": "srresnet", "arguments": {"blocks": 1, "width": 8, "head": 3, "tail": 3}, "base": "none"},
        data={"train": recipe(content={}).data.train, "candidates": 2},
    )


@pytest.fixture(scope="module")
def unbroken(recipe: Make, no_export: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of runs that nothing disturbed, by kind."""
    folders = {}
    for kind in KINDS:
        folders[kind] = tmp_path_factory.mktemp(kind) / "run"
        train(both_stages(recipe, kind), folders[kind], say=silent)
    return folders


def assert_equal(one: Path, other: Path) -> None:
    assert repeatable(one / "log.jsonl") == repeatable(other / "log.jsonl")
    names, others = ([path.name for path in sorted((f / "models").glob("*.safetensors"))] for f in (one, other))
    assert names == others
    for name in names:
        (mine, card), (theirs, other_card) = (load_weights(folder / "models" / name) for folder in (one, other))
        assert set(mine) == set(theirs)
        for key, value in mine.items():
            np.testing.assert_array_equal(value, theirs[key], err_msg=f"{name}: {key}")
        assert (card.steps, card.parent, card.losses) == (other_card.steps, other_card.parent, other_card.losses)
    # killed right after the last save, an older state may lie there still
    newest, others = ([p.stem for p in saved_states(f / "state")][-state.KEPT :] for f in (one, other))
    assert newest == others


def child(
    recipe: Recipe, folder: Path, module: str, name: str, moment: str, nth: int, stop_on_plateau: bool = False
) -> None:
    """Train, and be killed -9 before or after the nth call of a function."""
    original = getattr(MODULES[module], name)
    calls = 0

    def wrapped(*arguments: object, **named: object) -> object:
        nonlocal calls
        calls += 1
        if calls == nth and moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*arguments, **named)
        if calls == nth and moment == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(MODULES[module], name, wrapped)
    train(recipe, folder, say=silent, stop_on_plateau=stop_on_plateau)


MOMENTS = [
    ("loop", "watch", "before", 1),  # before anything
    ("loop", "content_step", "after", 1),  # before the first save
    ("loop", "content_step", "after", 3),  # one step after a save, in the content stage
    ("state", "write_whole", "after", 3),  # the second state has tensors but no JSON yet
    ("loop", "save_state", "after", 3),  # at the end of the content stage, saved, not shipped
    ("loop", "hand_over", "after", 1),  # shipped
    ("loop", "adversarial_step", "before", 1),  # the adversarial stage has been watched once
    ("loop", "adversarial_step", "after", 2),  # before its first save
    ("loop", "adversarial_step", "after", 5),  # in the middle of it
    ("loop", "hand_over", "before", 2),  # all steps done, not shipped
]


QUICK = {("penalty", 2), ("penalty", 5), ("clip", 8)}  # the others run with the slow tests


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9")
@pytest.mark.parametrize(
    ("kind", "moment"),
    [
        pytest.param(
            kind,
            moment,
            marks=[] if (kind, i) in QUICK else pytest.mark.slow,
            id="-".join(map(str, (kind, *moment[1:]))),
        )
        for kind in KINDS
        for i, moment in enumerate(MOMENTS)
        if kind != "bfloat16" or i in {2, 5, 8}
    ],
)
def test_killed_and_continued_equals_unbroken(
    recipe: Make, unbroken: dict[str, Path], tmp_path: Path, kind: str, moment: tuple[str, str, str, int]
) -> None:
    whole, folder = both_stages(recipe, kind), tmp_path / "run"
    process = SPAWN.Process(target=child, args=(whole, folder, *moment))
    process.start()
    process.join(120)
    assert process.exitcode == -signal.SIGKILL
    train(whole, folder, say=silent)
    assert_equal(folder, unbroken[kind])
    assert not [path for path in folder.rglob(".*") if path.name != ".lock"]


def command(*arguments: str) -> list[str]:
    code = "import sys; from wassr.cli.main import main; sys.argv[0] = 'wassr'; sys.exit(main())"
    return [sys.executable, "-c", code, "train", *arguments]


def wait_for(happened: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not happened() and time.monotonic() < end:
        time.sleep(0.005)
    assert happened()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_the_real_command_killed_and_interrupted_and_finished(recipe: Make, tmp_path: Path) -> None:
    """kill -9, then Ctrl-C, then to the end: the same command three times."""
    whole = recipe(content={"steps": 40, "validate_every": 20}, adversarial={"steps": 20, "validate_every": 20})
    file, folder = tmp_path / "tiny.yaml", tmp_path / "run"
    file.write_text(dump_settings(whole), encoding="utf-8")
    typed = command(str(file), "content.optimizer.rate=0.0003", "-o", str(folder))

    def reached(step: int) -> bool:
        return any(int(path.stem[5:]) >= step for path in saved_states(folder / "state"))

    with subprocess.Popen(typed, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        wait_for(lambda: reached(10))
        process.send_signal(signal.SIGKILL)
    with subprocess.Popen(typed, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        wait_for(lambda: reached(42))
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "stopped and saved at step" in err
    assert "continuing the content stage at step" in out
    done = subprocess.run(typed, capture_output=True, text=True, check=True)
    assert f"wrote {folder / 'models' / 'tiny.safetensors'}" in done.stdout
    assert (folder / "models" / "tiny.onnx").stat().st_size > 1000
    changed = whole.model_copy(update={"content": _with_rate(whole, 0.0003)})
    train(changed, tmp_path / "unbroken", say=silent)
    assert_equal(folder, tmp_path / "unbroken")


def _with_rate(recipe: Recipe, rate: float) -> object:
    assert recipe.content
    return recipe.content.model_copy(update={"optimizer": recipe.content.optimizer.model_copy(update={"rate": rate})})


def test_the_log_tells_the_whole_story(unbroken: dict[str, Path]) -> None:
    entries = read_log(unbroken["penalty"] / "log.jsonl")
    tags = {entry.tag for entry in entries}
    measured = {tag for tag in tags if tag.partition("/")[0] not in ("bicubic", "stage", "verdict")}
    assert measured - {"valid/lpips"} == {  # which needs a judge's file
        *("loss/l1", "loss/adversarial", "loss/critic", "loss/penalty", "norm/generator", "norm/critic"),
        *("critic/gap_training", "critic/gap_heldout", "critic/separation", "critic/auc", "critic/lag"),
        *("critic/wasserstein", "critic/wasserstein_low", "critic/ceiling", "critic/zero_line"),
        *("critic/anchor_bicubic", "critic/anchor_start", "critic/slope", "critic/slope_largest"),
        *("critic/ratio", "critic/cosine", "critic/weight", *({"critic/memorising"} & tags)),
        *("valid/psnr_y", "valid/psnr_rgb", "valid/ssim_y", "valid/lr_consistency", "valid/high_band"),
        *("valid/checkerboard", "valid/colour_drift", "rate/generator", "rate/critic"),
        *("speed/images_per_second", "speed/seconds_data", "speed/seconds_generator", "speed/seconds_critic"),
        *("speed/seconds_penalty", "speed/seconds_validation", "speed/seconds_disk"),
    }
    guide = (Path(__file__).parents[2] / "docs" / "meter.md").read_text(encoding="utf-8")
    assert {tag for tag in measured if tag not in guide and not tag.startswith("loss/")} == set()
    assert [step for step, _ in series(entries, "loss/l1")] == list(range(1, 13))
    assert [step for step, _ in series(entries, "critic/ratio")] == list(range(7, 13))
    timed = [step for step, _ in series(entries, "speed/images_per_second")]
    assert timed == [*range(2, 7), *range(8, 13)]  # the first step of a stage is not timed
    assert [step for step, _ in series(entries, "valid/psnr_y")] == [0, 4, 6, 10, 12]  # none twice
    assert [step for step, _ in series(entries, "critic/separation")] == [6, 10, 12]
    clip = read_log(unbroken["clip"] / "log.jsonl")
    assert len(series(clip, "critic/saturation")) == 3


def test_tensorboard_has_the_same_names_steps_and_values(unbroken: dict[str, Path]) -> None:
    entries = read_log(unbroken["penalty"] / "log.jsonl")
    log = {(e.step, e.tag): e.value for e in entries if e.text is None}
    words = {(e.step, e.text) for e in entries if e.tag == "verdict"}
    found = [(e.step, value) for e in events(unbroken["penalty"] / "tensorboard") for value in e.summary.value]
    scalars = {
        (step, value.tag): value.simple_value for step, value in found if value.WhichOneof("value") == "simple_value"
    }
    told = {(step, v.tensor.string_val[0].decode()) for step, v in found if v.tag == "verdict/text_summary"}
    assert told == words
    assert set(scalars) == set(log)
    assert all(scalars[key] == pytest.approx(value, rel=1e-6) for key, value in log.items())
    pictures = {(step, value.tag): value.image for step, value in found if value.HasField("image")}
    assert {step for step, _ in pictures} == {0, 4, 6, 10, 12}
    assert (pictures[4, "samples/low_bicubic_now_high"].width) == 4 * 72
    assert (pictures[12, "samples/low_bicubic_start_now_high"].width) == 5 * 72


def test_the_models_know_where_they_come_from(unbroken: dict[str, Path]) -> None:
    models = unbroken["penalty"] / "models"
    content, final = read_card(models / "tiny-content.safetensors"), read_card(models / "tiny.safetensors")
    assert (content.steps, content.parent) == (6, None)
    assert (final.steps, final.parent) == (12, "tiny-content")
    assert final.data == "4 pictures, 0.0 megapixels; 1 held out"
    assert final.name == "tiny"


def test_a_finished_run_is_told_at_once(
    recipe: Make, unbroken: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "load_material", lambda *a, **b: pytest.fail("pictures were loaded"))
    said: list[str] = []
    before = (unbroken["penalty"] / "log.jsonl").read_bytes()
    model = train(both_stages(recipe, "penalty"), unbroken["penalty"], say=said.append)
    assert model == unbroken["penalty"] / "models" / "tiny.safetensors"
    assert len(said) == 1
    assert "finished already" in said[0]
    assert (unbroken["penalty"] / "log.jsonl").read_bytes() == before


def refused(recipe: Recipe, folder: Path, kind: type[WassrError] = TrainingError, start: str | None = None) -> str:
    with pytest.raises(kind) as caught:
        train(recipe, folder, start, say=silent)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_cannot_be_begun_is_one_line_and_the_mended_command_works(recipe: Make, tmp_path: Path) -> None:
    folder, good = tmp_path / "run", recipe(content={"steps": 1})
    assert "data=DIR" in refused(recipe(content={}, data={}), folder)
    assert "no such folder" in refused(recipe(content={}, data={"train": [str(tmp_path / "absent")]}), folder)
    (tmp_path / "empty").mkdir()
    assert "no pictures in it" in refused(recipe(content={}, data={"train": [str(tmp_path / "empty")]}), folder)
    for i in range(2):
        path = tmp_path / "small" / f"{i}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(waves(28, 40, i)).save(path)
    small = {"train": [str(path.parent)]}
    assert "at least 32 x 32 pixels" in refused(recipe(content={}, data=small), folder)
    assert "held-out" in refused(recipe(adversarial={}, content={}, data=small), folder)
    (tmp_path / "file").write_text("x")
    assert "is a file, no folder" in refused(good, tmp_path / "file" / "run")
    assert train(good, folder, say=silent).exists()


@pytest.mark.parametrize(
    ("changes", "start", "words"),
    [
        ({"data": {"train": ["/nowhere/pictures"]}}, None, "no such folder of pictures"),
        ({"data": {"train": []}}, None, "no pictures to train on"),
        ({}, "espcn-x4", "cannot start from espcn-x4"),
        ({"content": {"loss": {"feature": 1, "feature_weights": "absent.safetensors"}}}, None, "no such file"),
        ({"content": {"teacher": {"model": "compact-x2"}}}, None, "choose another teacher"),
    ],
)
def test_a_refused_run_leaves_no_folder(
    recipe: Make, tmp_path: Path, changes: dict[str, Any], start: str | None, words: str
) -> None:
    with pytest.raises(WassrError, match=words):
        train(recipe(**({"content": {}} | changes)), tmp_path / "runs" / "tiny", start, say=silent)
    assert list(tmp_path.iterdir()) == []


def test_a_changed_recipe_is_refused_with_the_difference(recipe: Make, tmp_path: Path) -> None:
    train(recipe(content={"steps": 1}), tmp_path / "run", say=silent)
    assert "content.steps: 1 -> 2" in refused(recipe(content={"steps": 2}), tmp_path / "run")


def test_fine_tuning_from_a_file(recipe: Make, unbroken: dict[str, Path], tmp_path: Path) -> None:
    mother = unbroken["penalty"] / "models" / "tiny-content.safetensors"
    child_recipe = recipe(content={"steps": 1, "optimizer": {"rate": 0.0}}, name="daughter")
    made = train(child_recipe, tmp_path / "run", str(mother), silent)
    (weights, card), (before, _) = load_weights(made), load_weights(mother)
    assert (card.name, card.parent) == ("daughter", "tiny-content")
    assert all(np.array_equal(weights[key], before[key]) for key in before)
    gan = recipe(adversarial={"start": str(mother), "steps": 1}, name="gan")
    assert read_card(train(gan, tmp_path / "gan", say=silent)).parent == "tiny-content"
    assert "tiny cannot start from tiny-content: recipe srresnet" in refused(
        both_stages(recipe, "clip"), tmp_path / "other", start=str(mother)
    )
    assert "absent: no such model" in refused(child_recipe, tmp_path / "third", ModelError, "absent")


def test_the_start_of_a_run_is_remembered(
    recipe: Make, unbroken: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mother = str(unbroken["penalty"] / "models" / "tiny-content.safetensors")
    whole, folder = recipe(content={"steps": 6}), tmp_path / "run"
    monkeypatch.setattr(loop, "content_step", _stopping_at(3, loop.content_step))
    with pytest.raises(Stopped):
        train(whole, folder, mother, silent)
    assert "this run began from" in refused(whole, folder, start="another")
    assert read_card(train(whole, folder, None, silent)).parent == "tiny-content"


def _stopping_at(nth: int, original: Callable[..., object]) -> Callable[..., object]:
    calls = 0

    def wrapped(*arguments: object) -> object:
        nonlocal calls
        calls += 1
        if calls == nth:
            signal.raise_signal(signal.SIGINT)
        return original(*arguments)

    return wrapped


@pytest.mark.parametrize("at", [1, 6, 7, 12])
def test_ctrl_c_saves_and_the_same_command_goes_on(
    recipe: Make, unbroken: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    whole, folder = both_stages(recipe, "penalty"), tmp_path / "run"
    stage, nth = ("content_step", at) if at <= 6 else ("adversarial_step", at - 6)
    with monkeypatch.context() as patch:
        patch.setattr(loop, stage, _stopping_at(nth, getattr(loop, stage)))
        with pytest.raises(Stopped, match=rf"stopped and saved at step {at}; the same command goes on"):
            train(whole, folder, say=silent)
    assert saved_states(folder / "state")[-1].stem == f"step-{at:09d}"
    train(whole, folder, say=silent)
    assert repeatable(folder / "log.jsonl") == repeatable(unbroken["penalty"] / "log.jsonl")


def test_a_run_on_saves_by_tensors_goes_on_as_if_unbroken(
    recipe: Make, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = {"train": [str(pictures)], "degradations": "jpeg", "jpeg": "tensor"}
    whole = recipe(content={"steps": 4}, data=data)
    train(whole, tmp_path / "unbroken", say=silent)
    with monkeypatch.context() as patch:
        patch.setattr(loop, "content_step", _stopping_at(3, loop.content_step))
        with pytest.raises(Stopped):
            train(whole, tmp_path / "broken", say=silent)
    train(whole, tmp_path / "broken", say=silent)
    assert repeatable(tmp_path / "broken" / "log.jsonl") == repeatable(tmp_path / "unbroken" / "log.jsonl")


def test_ctrl_c_while_pictures_are_loaded(recipe: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr(loop, "load_material", interrupted)
    with pytest.raises(Stopped, match="no state was saved yet"):
        train(recipe(content={}), tmp_path / "run", say=silent)


def test_a_full_disk_is_one_line_and_the_last_state_stays(
    recipe: Make, unbroken: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, folder = both_stages(recipe, "penalty"), tmp_path / "run"
    original, calls = state.write_whole, 0

    def write_whole(path: Path, content: bytes) -> None:
        nonlocal calls
        calls += 1
        if calls > 3:
            raise OSError(28, "No space left on device", str(path))
        original(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(state, "write_whole", write_whole)
        message = refused(whole, folder)
    assert "No space left on device" in message
    assert "same command again" in message
    assert [path.stem for path in saved_states(folder / "state")] == ["step-000000002"]
    train(whole, folder, say=silent)
    assert_equal(folder, unbroken["penalty"])


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="/proc is Linux's")
def test_memory_is_flat_over_a_thousand_steps(recipe: Make, tmp_path: Path) -> None:
    plan = recipe(
        content={"steps": 1},
        adversarial={
            "steps": 1000,
            "validate_every": 250,
            "save_every": 250,
            "optimizer": {"rate": 1e-5},
            "critic": {"network": "lean", "arguments": {"width": 8}, "optimizer": {"rate": 1e-4, "betas": [0.0, 0.9]}},
        },
    )
    script = f"""
import sys
from pathlib import Path
from wassr.training import loop
from wassr.training.shelf import find_recipe
sizes, save = [], loop.save_state
def noted(*arguments):
    line = next(l for l in Path("/proc/self/status").read_text().splitlines() if l.startswith("VmRSS"))
    sizes.append(int(line.split()[1]))
    return save(*arguments)
loop.save_state = noted
loop._deployed = lambda run, model: model
loop.train(find_recipe("{tmp_path / "tiny.yaml"}"), Path("{tmp_path / "run"}"), say=lambda line: None)
print(*sizes)
"""
    (tmp_path / "tiny.yaml").write_text(dump_settings(plan), encoding="utf-8")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    kilobytes = [int(word) for word in done.stdout.split()]
    assert len(kilobytes) == 5  # the content stage and four times 250 steps
    assert kilobytes[-1] - kilobytes[2] < 8_000  # from step 500 to step 1000


def test_threads_stay_those_that_the_run_began_with(recipe: Make, tmp_path: Path) -> None:
    from wassr.training.state import Numbers

    numbers = Numbers("content", 1, 1, 0, 0, 1, 0, 3, "", None)
    said: list[str] = []
    assert loop._threads(recipe(content={}, threads=0), numbers, said.append) == 3
    assert "3 threads, as this run began" in said[0]
    assert loop._threads(recipe(content={}, threads=2), numbers, said.append) == 2


def test_a_stage_by_the_clock_ends(recipe: Make, tmp_path: Path) -> None:
    whole = recipe(content={"steps": None, "minutes": 0.004})
    assert train(whole, tmp_path / "run", say=silent).exists()
    numbers = state.read_numbers(saved_states(tmp_path / "run" / "state")[-1])
    assert 0.24 <= numbers.seconds < 5
    said: list[str] = []
    train(whole, tmp_path / "run", say=said.append)
    assert "finished already" in said[0]


def test_validations_count_for_a_stage_by_the_clock(
    recipe: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = loop.watch

    def slowly(*given: object) -> None:
        watch(*given)  # type: ignore[arg-type]
        time.sleep(0.5)

    monkeypatch.setattr(loop, "watch", slowly)
    whole = recipe(content={"steps": None, "minutes": 0.05, "validate_every": 1})
    model = train(whole, tmp_path / "run", say=silent)
    assert 1 <= read_card(model).steps <= 6  # of a few milliseconds each
    log = read_log(tmp_path / "run" / "log.jsonl")
    assert series(log, "stage/share")[-1][1] >= 1  # the last validation is the end's


def test_luma_networks_train_too(recipe: Make, tmp_path: Path) -> None:
    whole = recipe(content={"steps": 2}, generator={"network": "espcn", "channels": "y"})
    card = read_card(train(whole, tmp_path / "run", say=silent))
    assert card.channels == "y"


def test_pictures_of_every_depth_and_colour_train(recipe: Make, pictures: Path, tmp_path: Path) -> None:
    folder = tmp_path / "all"
    folder.mkdir()
    deep = waves(64, 64, 1).astype(np.uint16) * 257
    write_picture(picture_from_array(deep), folder / "deep.png")
    for name, mode in (("gray.png", "L"), ("clear.png", "LA"), ("print.jpg", "CMYK")):
        Image.fromarray(waves(64, 64, 2)).convert(mode).save(folder / name)
    data = {"train": [str(folder)], "valid": [str(pictures)]}
    said: list[str] = []
    whole = recipe(content={"steps": 2}, data=data)
    assert read_card(train(whole, tmp_path / "run", say=said.append)).data.startswith("4 pictures")
    assert not [line for line in said if "left out" in line]


@pytest.mark.parametrize("workers", [0, 3])
def test_workers_do_not_change_a_run(recipe: Make, unbroken: dict[str, Path], tmp_path: Path, workers: int) -> None:
    whole = both_stages(recipe, "penalty")
    data = whole.data.model_copy(update={"workers": workers})
    train(whole.model_copy(update={"data": data}), tmp_path / "run", say=silent)
    assert_equal(tmp_path / "run", unbroken["penalty"])


def test_unknown_recipes_are_settings_errors() -> None:
    from wassr.training.shelf import find_recipe

    with pytest.raises(SettingsError):
        find_recipe("compact-x5-best")
