"""Runs that meet what would spoil them: they go back, change one thing, and end; or say why not."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.training.conftest import Make, not_deployed, repeatable
from wassr.data.stream import Batch, Key, Role
from wassr.models.build import build_generator
from wassr.models.modelfile import load_weights
from wassr.training import loop, make
from wassr.training.adversarial_loss import PRESETS
from wassr.training.batches import stream_of
from wassr.training.guard import Refused, loudness
from wassr.training.loop import train
from wassr.training.material import load_material
from wassr.training.recipe import Recipe
from wassr.training.runlog import read_log, series
from wassr.training.state import State, read_numbers, saved_states

CRITIC = "layers.1.bias"  # of the lean critic; under spectral norm biases stay plain
Spoil = Callable[[State, Any], None]


def spoiled(
    monkeypatch: pytest.MonkeyPatch, stage: str, spoil: Spoil, at: int = 3, always: bool = False
) -> list[tuple[int, int]]:
    """Let `spoil` act on state and batches before the step `at` of a stage (once, or always); the steps that ran."""
    name = f"{stage}_step"
    original, seen = getattr(loop, name), []

    def step(state: State, batches: Any, *rest: Any) -> Any:
        seen.append((state.step, batches.attempt))
        if state.step == at and (always or batches.attempt == 0):
            spoil(state, batches)
        return original(state, batches, *rest)

    monkeypatch.setattr(loop, name, step)
    return seen


def broken_crops(state: State, batches: Any) -> None:
    original = batches.teach
    batches.teach = lambda batch: Batch(batch.low, original(batch).high * float("nan"))


def infinite_crops(state: State, batches: Any) -> None:
    original = batches.teach
    batches.teach = lambda batch: Batch(batch.low * float("inf"), original(batch).high)


def one_infinite_crop(state: State, batches: Any) -> None:
    original = batches.teach

    def teach(batch: Batch) -> Batch:
        low = batch.low.clone()
        low[1, 0, 0, 0] = float("inf")
        return Batch(low, original(batch).high)

    batches.teach = teach


def poisoned_weight(state: State, batches: Any) -> None:
    with torch.no_grad():
        next(iter(state.generator.parameters()))[0, 0, 0, 0] = float("nan")


def poisoned_critic(state: State, batches: Any) -> None:
    with torch.no_grad():
        state.critic_and_optimizer()[0].get_parameter(CRITIC)[0] = float("inf")


def events(folder: Path) -> list[str]:
    return [entry.text or "" for entry in read_log(folder / "log.jsonl") if entry.tag == "guard"]


def whole(folder: Path, model: Path, steps: int) -> None:
    """The run ended, its weights are numbers, and its log tells each step once."""
    weights, _ = load_weights(model)
    assert all(bool(torch.from_numpy(w).isfinite().all()) for w in weights.values())
    counted = [step for step, _ in series(read_log(folder / "log.jsonl"), "norm/generator")]
    assert counted == list(range(1, steps + 1))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (broken_crops, "the loss term l1 is nan, the generator's crops "),
        (infinite_crops, "the generator's crops "),
        (one_infinite_crop, "the generator's crops "),
        (poisoned_weight, " on the way forward, at the generator's crops "),
    ],
)
def test_a_content_run_survives(
    recipe: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: Spoil, words: str
) -> None:
    train(recipe(content={}), tmp_path / "other", say=lambda line: None)
    usual = dict(series(read_log(tmp_path / "other" / "log.jsonl"), "rate/generator"))
    seen = spoiled(monkeypatch, "content", spoil)
    said: list[str] = []
    model = train(recipe(content={}), tmp_path / "run", say=said.append)
    assert seen == [(0, 0), (1, 0), (2, 0), (3, 0), (2, 0), (3, 1), (4, 0), (5, 0)]  # back to the state of step 2
    whole(tmp_path / "run", model, 6)
    (event,) = events(tmp_path / "run")
    assert event.startswith("step 4 refused: ")
    crops = crops_in_words(recipe(content={}), Key("generator", 3))
    assert words in event
    assert [crop in event for crop in crops] == [spoil is not one_infinite_crop, True]
    assert "back to step 2, learning rate x 0.5, other crops for step 4" in event
    assert "change 1 of 5" in event
    assert f"guard: {event}" in said
    rates = dict(series(read_log(tmp_path / "run" / "log.jsonl"), "rate/generator"))
    assert rates[2] == usual[2]
    assert rates[5] == pytest.approx(usual[5] / 2)


@pytest.mark.parametrize("preset", ["wgan-gp", *(pytest.param(p, marks=pytest.mark.slow) for p in PRESETS)])
@pytest.mark.parametrize(
    "spoil",
    [
        poisoned_critic,
        infinite_crops,
        *(pytest.param(s, marks=pytest.mark.slow) for s in (broken_crops, poisoned_weight)),
    ],
)
def test_an_adversarial_run_of_every_preset_survives(
    recipe: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, preset: str, spoil: Spoil
) -> None:
    one = PRESETS[preset].model_copy(update={"critic_steps": 1, "burst_steps": 0, "burst_until": 0})
    stage = {"adversarial": one.model_dump(), "start": "content", "steps": 5, "validate_every": 100}
    both = recipe(content={"steps": 1}, adversarial=stage)
    seen = spoiled(monkeypatch, "adversarial", spoil)
    model = train(both, tmp_path / "run", say=lambda line: None)
    assert seen == [(0, 0), (1, 0), (2, 0), (3, 0), (2, 0), (3, 1), (4, 0)]
    whole(tmp_path / "run", model, 6)
    (event,) = events(tmp_path / "run")
    role: Role = "critic" if spoil in (poisoned_critic, poisoned_weight) else "generator"
    crops = crops_in_words(both, Key(role, 3), stage="adversarial")
    assert f"the {role}'s crops " in event
    assert all(crop in event for crop in crops)


def crops_in_words(recipe: Recipe, key: Key, stage: str = "content") -> list[str]:
    """The place of each crop of a batch."""
    with stream_of(recipe, make.stage_of(recipe, stage), load_material(recipe, lambda line: None).pictures) as stream:
        return [f"x {place.left} y {place.top}" for place in stream.places(key)]


def test_what_was_seen_of_discarded_steps_is_gone(
    recipe: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused at step 5, after validations at 4 and 5 of which no state was saved: back at 3, neither ever was."""
    folder = tmp_path / "run"
    left: list[set[int]] = []

    def look(state: State, batches: Any) -> None:
        if state.step == 3 and state.caution.times:
            left.append({int(p.stem.rpartition("-")[2]) for p in folder.rglob("*step-*") if p.suffix != ".json"})

    seen = spoiled(monkeypatch, "content", broken_crops, at=5)
    spoiled(monkeypatch, "content", look, at=3, always=True)
    train(recipe(content={"validate_every": 1, "save_every": 3}), folder, say=lambda line: None)
    assert (5, 1) in seen
    assert max(left[0]) == 3


def test_before_a_state_is_saved_the_beginning_is_the_last_good_one(
    recipe: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = spoiled(monkeypatch, "content", poisoned_weight, at=1)
    model = train(recipe(content={"save_every": 100}), tmp_path / "run", say=lambda line: None)
    assert seen == [(0, 0), (1, 0), (0, 0), (1, 1), (2, 0), (3, 0), (4, 0), (5, 0)]
    whole(tmp_path / "run", model, 6)


def test_the_second_time_the_penalty_grows(recipe: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = {"start": "content", "steps": 4, "validate_every": 100}

    def twice(state: State, batches: Any) -> None:
        if batches.attempt < 2:
            broken_crops(state, batches)

    spoiled(monkeypatch, "adversarial", twice, always=True)
    train(recipe(content={"steps": 1}, adversarial=stage), tmp_path / "run", say=lambda line: None)
    first, second = events(tmp_path / "run")
    assert "learning rate x 0.5" in first
    assert "penalty weight x 2" in second
    numbers = read_numbers(saved_states(tmp_path / "run" / "state")[-1])
    assert (numbers.caution.rate, numbers.caution.penalty, numbers.caution.skipped) == (0.5, 2.0, (3, 3))


def test_what_never_ends_is_given_up_with_all_that_was_tried(
    recipe: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = spoiled(monkeypatch, "content", broken_crops, always=True)
    with pytest.raises(Refused) as caught:
        train(recipe(content={}), tmp_path / "run", say=lambda line: None)
    message = str(caught.value)
    assert "stopped at step 4: the loss term l1 is nan" in message
    assert "after 5 changes" in message
    assert "the last good state is step-000000002" in message
    assert "\n" not in message
    assert len(events(tmp_path / "run")) == 5
    (end,) = (entry for entry in read_log(tmp_path / "run" / "log.jsonl") if entry.tag == "given up")
    assert end.step == 4
    assert (end.text or "").startswith("stopped at step 4: the loss term l1 is nan")
    assert [attempt for step, attempt in seen if step == 3] == [0, 1, 2, 3, 4, 5]
    assert read_numbers(saved_states(tmp_path / "run" / "state")[-1]).caution.times == 0  # the state before


def test_a_rate_of_one_ends_in_numbers_or_in_words(recipe: Make, tmp_path: Path) -> None:
    wild = recipe(content={"optimizer": {"rate": 1.0}, "steps": 60, "save_every": 10, "validate_every": 60})
    with suppress(Refused):  # it may be given up
        whole(tmp_path / "run", train(wild, tmp_path / "run", say=lambda line: None), 60)
    for path in saved_states(tmp_path / "run" / "state"):
        weights, _ = load_weights_of_state(path)
        assert all(bool(w.isfinite().all()) for w in weights.values())


QUICK = ("lsgan", "wgan-gp")


@pytest.mark.parametrize("preset", [*QUICK, *(pytest.param(p, marks=pytest.mark.slow) for p in PRESETS)])
def test_a_rate_of_one_against_a_critic_is_no_exported_wreck(
    recipe: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, preset: str
) -> None:
    one = PRESETS[preset].model_copy(update={"critic_steps": 1, "burst_steps": 0, "burst_until": 0})
    wild = {"kind": "adam", "rate": 1.0}
    critic = {"network": "lean", "arguments": {"width": 8}, "optimizer": wild}
    stage = {"adversarial": one.model_dump(), "critic": critic, "optimizer": wild, "steps": 3, "validate_every": 100}
    both = recipe(content={"steps": 1}, adversarial=stage)
    first = wildly(both, tmp_path / "run", monkeypatch)[0]
    assert "step 3 refused: " in first  # the second of the stage, where the first one's damage is seen
    assert "times as bright as white" in first


def test_a_wreck_of_the_last_step_is_no_model(recipe: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody sees results after it; so what is saved is judged before."""
    wild = recipe(content={"optimizer": {"rate": 1.0}, "steps": 1, "validate_every": 100})
    first = wildly(wild, tmp_path / "run", monkeypatch)[0]
    assert "step 1 refused: the generator's results are" in first


def wildly(recipe: Recipe, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The guard's events of a run that may be given up. All that it leaves makes pictures."""
    monkeypatch.setattr(loop, "deploy", not_deployed)
    with suppress(Refused):
        train(recipe, folder, say=lambda line: None)
    for path in (folder / "models").glob("*.safetensors"):
        weights, card = load_weights(path)
        loudness(build_generator(card, weights)(torch.rand(2, 3, 8, 8)))
    generator = make.new_generator(recipe)
    for path in saved_states(folder / "state"):
        kept, _ = load_weights_of_state(path)
        generator.load_state_dict({key.removeprefix("generator."): value for key, value in kept.items()})
        loudness(generator(torch.rand(2, 3, 8, 8)))
    return events(folder)


def load_weights_of_state(path: Path) -> tuple[dict[str, torch.Tensor], None]:
    from safetensors.torch import load_file

    return {k: v for k, v in load_file(path.with_suffix(".safetensors")).items() if k.startswith("generator.")}, None


def test_a_recovered_run_continues_to_the_same_bits(
    recipe: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped after the recovery, before the next state: the continuation meets the trouble again and does the same."""
    spoiled(monkeypatch, "content", poisoned_weight, at=4)
    long = {"steps": 8, "save_every": 3, "validate_every": 100}
    straight = train(recipe(content=long), tmp_path / "straight", say=lambda line: None)
    stepped, calls = loop._one_step, 0

    def one_step(*arguments: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 7:  # steps 0 to 4, refused, back at 3, and one more
            raise KeyboardInterrupt
        stepped(*arguments)

    monkeypatch.setattr(loop, "_one_step", one_step)
    with pytest.raises(loop.Stopped):
        train(recipe(content=long), tmp_path / "broken", say=lambda line: None)
    monkeypatch.setattr(loop, "_one_step", stepped)
    again = train(recipe(content=long), tmp_path / "broken", say=lambda line: None)
    one, other = load_weights(straight)[0], load_weights(again)[0]
    assert all((one[key] == other[key]).all() for key in one)
    assert repeatable(tmp_path / "straight" / "log.jsonl") == repeatable(tmp_path / "broken" / "log.jsonl")
