"""Saved states: equal after restore for every optimiser, whole or absent, two kept, damage told in one line."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from torch import Tensor

from tests.training.conftest import Make
from wassr.ground.errors import TrainingError
from wassr.ground.settings import dump_settings
from wassr.training import make
from wassr.training.adversarial import Adversary
from wassr.training.adversarial_loss import PRESETS
from wassr.training.losses import content_loss
from wassr.training.optimizers import OPTIMIZERS
from wassr.training.recipe import ContentLoss, Recipe
from wassr.training.state import State, averaged, read_numbers, restore, save_state, saved_states
from wassr.training.step import Batches, adversarial_step

SRRESNET = {"network": "srresnet", "arguments": {"blocks": 1, "width": 8, "head": 3, "tail": 3}, "base": "none"}


def begin(recipe: Recipe, stage: str = "adversarial") -> State:
    return make.new_state(recipe, stage, make.new_generator(recipe), 0.0, 0)


def go(state: State, recipe: Recipe, batches: Batches, steps: int) -> None:
    assert recipe.adversarial
    adversary, content = Adversary(recipe.adversarial.adversarial), content_loss(ContentLoss(l1=1), 4)
    for _ in range(steps):
        adversarial_step(state, batches, content, adversary, None)
        state.step, state.total = state.step + 1, state.total + 1
        state.seconds += 1.5
        state.update_average(0.9)


def everything(state: State) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}
    assert state.critic is not None
    assert state.critic_optimizer is not None
    for name, module in (("g", state.generator), ("a", state.average), ("c", state.critic)):
        found |= {f"{name}.{key}": value for key, value in module.state_dict().items()}
    for name, optimizer in (("o", state.optimizer), ("p", state.critic_optimizer)):
        for index, values in optimizer.state_dict()["state"].items():
            found |= {f"{name}.{index}.{k}": v for k, v in values.items() if isinstance(v, Tensor)}
    return found


@pytest.mark.parametrize("kind", OPTIMIZERS)
@pytest.mark.parametrize("channels_last", [True, False])
def test_a_restored_run_goes_on_bit_for_bit(
    recipe: Make, batches: Batches, tmp_path: Path, kind: str, channels_last: bool
) -> None:
    optimizer = {"kind": kind, "rate": 1e-3, "momentum": 0.9 if kind in {"sgd", "muon", "rmsprop"} else 0.0}
    whole = recipe(
        adversarial={
            "optimizer": optimizer,
            "critic": {"network": "vgg", "arguments": {"width": 4, "normalisation": "layer"}, "optimizer": optimizer},
            "start": "somewhere",
        },
        generator=SRRESNET,
        channels_last=channels_last,
    )
    state = begin(whole)
    go(state, whole, batches, 2)
    state.start, state.parent = "from-here", "mother"
    save_state(state, tmp_path, 123)
    again = begin(whole)
    numbers = restore(again, saved_states(tmp_path)[-1])
    assert numbers.log_length == 123
    assert (again.step, again.total, again.seconds, again.weight) == (2, 2, 3.0, state.weight)
    assert (again.start, again.parent) == ("from-here", "mother")
    for one in (state, again):
        go(one, whole, batches, 2)
    one, other = everything(state), everything(again)
    assert set(one) == set(other)
    for name, value in one.items():
        assert torch.equal(value, other[name]), name
        assert value.stride() == other[name].stride(), name


def small(recipe: Make) -> Recipe:
    return recipe(content={}, adversarial={})


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_goes_on_bit_for_bit(recipe: Make, batches: Batches, tmp_path: Path, preset: str) -> None:
    normalisation = "none" if PRESETS[preset].penalty != "none" or PRESETS[preset].spectral else "bn"
    critic = {"network": "vgg", "arguments": {"width": 4, "normalisation": normalisation}}
    whole = recipe(adversarial={"critic": critic, "start": "somewhere", "adversarial": preset}, generator=SRRESNET)
    state = begin(whole)
    go(state, whole, batches, 2)
    save_state(state, tmp_path, 0)
    again = begin(whole)
    restore(again, saved_states(tmp_path)[-1])
    for one in (state, again):
        go(one, whole, batches, 2)
    wanted, found = everything(state), everything(again)
    assert wanted.keys() == found.keys()
    for key, value in wanted.items():
        assert torch.equal(value, found[key]), key


def test_only_two_are_kept_and_halves_are_ignored(recipe: Make, tmp_path: Path) -> None:
    state = begin(small(recipe))
    for total in (2, 4, 6):
        state.total = total
        save_state(state, tmp_path, 0)
    assert [p.stem for p in saved_states(tmp_path)] == ["step-000000004", "step-000000006"]
    assert len(os.listdir(tmp_path)) == 4
    (tmp_path / "step-000000008.safetensors").write_bytes(b"killed before its JSON")
    (tmp_path / "step-000000003.json").write_text("{}")
    assert [p.stem for p in saved_states(tmp_path)] == ["step-000000004", "step-000000006"]
    state.total = 10
    save_state(state, tmp_path, 0)
    assert not (tmp_path / "step-000000008.safetensors").exists()


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("safetensors", None, "damaged"),
        ("safetensors", b"", "damaged"),
        ("json", b"{", "damaged"),
        ("json", b'{"stage": "content"}', "damaged"),
        ("json", b"\xff\xfe", "damaged"),
    ],
)
def test_damage_is_one_line_with_a_way_out(
    recipe: Make, tmp_path: Path, name: str, content: bytes | None, words: str
) -> None:
    whole = small(recipe)
    state = begin(whole)
    for total in (2, 4):
        state.total = total
        save_state(state, tmp_path, 0)
    path = tmp_path / f"step-000000004.{name}"
    path.write_bytes(path.read_bytes()[:-100] if content is None else content)
    with pytest.raises(TrainingError) as caught:
        restore(begin(whole), saved_states(tmp_path)[-1])
    message = str(caught.value)
    assert words in message
    assert "\n" not in message
    assert "delete step-000000004.json to go on from step-000000002" in message


def test_a_state_of_another_network_does_not_fit(recipe: Make, tmp_path: Path) -> None:
    save_state(begin(small(recipe)), tmp_path, 0)
    other = recipe(content={}, adversarial={}, generator=SRRESNET)
    with pytest.raises(TrainingError, match=r"does not fit this recipe .* begin anew in another folder"):
        restore(begin(other), saved_states(tmp_path)[-1])


def test_states_of_older_versions_lack_the_start(recipe: Make, tmp_path: Path) -> None:
    path = save_state(begin(small(recipe)), tmp_path, 7)
    lines = [line for line in path.read_text().splitlines() if '"start"' not in line and '"parent"' not in line]
    path.write_text("\n".join(lines))
    assert (read_numbers(path).start, read_numbers(path).parent) == ("", None)


def test_hours_sum_over_stages(recipe: Make) -> None:
    state = begin(small(recipe))
    state.hours_before, state.seconds = 2.0, 1800.0
    assert state.hours == 2.5


def test_the_average_follows_weights_and_copies_buffers(recipe: Make) -> None:
    whole = recipe(content={}, generator=SRRESNET, precision="bfloat16")
    state = begin(whole, "content")
    assert state.generator.in_bfloat16
    assert not state.average.in_bfloat16
    assert not any(p.requires_grad for p in state.average.parameters())
    start = [p.detach().clone() for p in state.average.parameters()]
    with torch.no_grad():
        for p in (*state.generator.parameters(), *state.generator.buffers()):
            p.add_(1)
    state.step = 10**6
    state.update_average(0.9)
    for p, q in zip(start, state.average.parameters(), strict=True):
        assert torch.allclose(q, p + 0.1, atol=1e-6)
    for b, c in zip(state.generator.buffers(), state.average.buffers(), strict=True):
        assert torch.equal(b, c)
    state.step = 0
    state.update_average(0.9)  # at the beginning the average is young: decay 1/10
    for p, q in zip(start, state.average.parameters(), strict=True):
        assert torch.allclose(q, p + 1 - 0.9 * 0.1, atol=1e-5)
    assert not averaged(state.generator).training


@pytest.mark.skipif(sys.platform == "win32", reason="stops a process by POSIX signals")
def test_kill_while_saving_leaves_a_whole_state(recipe: Make, tmp_path: Path) -> None:
    """A child saves step after step as fast as it can; it is stopped at many moments, and killed in the end."""
    whole = small(recipe)
    folder = tmp_path / "state"
    code = f"""
import sys, torch
from pathlib import Path
from wassr.ground.settings import load_settings
from wassr.training import make
from wassr.training.recipe import Recipe
from wassr.training.state import restore, save_state, saved_states
torch.set_num_threads(1)
recipe = load_settings(Path({str(tmp_path / "recipe.yaml")!r}).read_text(), Recipe, "recipe")
state = make.new_state(recipe, "adversarial", make.new_generator(recipe), 0.0, 0)
folder = Path({str(folder)!r})
for total in range(10**9):
    state.total = total
    save_state(state, folder, total)
    if total == 1:
        print("going", flush=True)
"""
    (tmp_path / "recipe.yaml").write_text(dump_settings(whole), encoding="utf-8")
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as child:
        assert child.stdout
        assert child.stdout.readline() == b"going\n"
        state = begin(whole)
        for moment in range(20):
            child.send_signal(signal.SIGSTOP)
            os.waitpid(child.pid, os.WUNTRACED)  # it stands still now, and this is what a kill would leave
            newest = saved_states(folder)[-1]
            assert restore(state, newest).log_length == state.total, moment
            child.send_signal(signal.SIGCONT)
            time.sleep(0.003 + 0.0007 * moment)
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert restore(state, saved_states(folder)[-1]).total > 2
