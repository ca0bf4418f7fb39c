"""Everything that a training step changes, and nothing else; saved whole or not at all, never as pickle."""

import copy
import json
import re
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from wassr.ground.errors import TrainingError
from wassr.ground.files import write_whole
from wassr.models.build import Generator

KEPT = 2  # newest states on disk


@dataclass
class State:
    """Networks, average, optimisers, counters. `step` counts within the stage, `total` over the run."""

    stage: str
    seed: int
    generator: Generator
    average: Generator
    optimizer: torch.optim.Optimizer
    critic: nn.Module | None = None
    critic_optimizer: torch.optim.Optimizer | None = None
    step: int = 0
    total: int = 0
    seconds: float = 0.0  # of this stage
    hours_before: float = 0.0  # of earlier stages and of the model that training began from
    weight: float = 1.0  # of the adversarial loss

    def critic_and_optimizer(self) -> tuple[nn.Module, torch.optim.Optimizer]:
        """Both, where the stage has them."""
        assert self.critic is not None
        assert self.critic_optimizer is not None
        return self.critic, self.critic_optimizer

    def update_average(self, decay: float) -> None:
        """Move the weight average; young runs average over fewer steps."""
        decay = min(decay, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for mean, now in zip(self.average.parameters(), self.generator.parameters(), strict=True):
                mean.lerp_(now, 1 - decay)
            for kept, moved in zip(self.average.buffers(), self.generator.buffers(), strict=True):
                kept.copy_(moved)


def averaged(generator: Generator) -> Generator:
    """A copy for the weight average: float32, evaluation mode, no gradients."""
    average = copy.deepcopy(generator).eval().requires_grad_(False)
    average.in_bfloat16 = False
    return average


def save_state(state: State, folder: Path, log_length: int) -> Path:
    """Write step-N.safetensors, then step-N.json, which makes it valid; drop all but the newest states."""
    name = f"step-{state.total:09d}"
    tensors = {key: value.detach().contiguous() for key, value in _tensors(state).items()}
    write_whole(folder / f"{name}.safetensors", save(tensors))
    numbers = {
        "stage": state.stage,
        "seed": state.seed,
        "step": state.step,
        "total": state.total,
        "seconds": state.seconds,
        "hours_before": state.hours_before,
        "weight": state.weight,
        "log_length": log_length,
        "torch_threads": torch.get_num_threads(),
    }
    write_whole(folder / f"{name}.json", json.dumps(numbers, indent=1))
    for old in saved_states(folder)[:-KEPT]:
        old.unlink(missing_ok=True)  # the JSON first: without it the tensors are no state
        old.with_suffix(".safetensors").unlink(missing_ok=True)
    for orphan in folder.glob("step-*.safetensors"):
        if not orphan.with_suffix(".json").exists() and orphan.stem != name:
            orphan.unlink(missing_ok=True)
    return folder / f"{name}.json"


def saved_states(folder: Path) -> list[Path]:
    """The JSON files of all whole states, oldest first."""
    found = [path for path in folder.glob("step-*.json") if re.fullmatch(r"step-\d{9}", path.stem)]
    return sorted(path for path in found if path.with_suffix(".safetensors").exists())


def read_numbers(path: Path) -> dict[str, float | int | str]:
    """The JSON part of a state."""
    numbers: dict[str, float | int | str] = json.loads(path.read_text(encoding="utf-8"))
    return numbers


def restore(state: State, path: Path) -> int:
    """Load a saved state into freshly built networks of the same recipe; returns the log's length then.

    Raises TrainingError when the file is damaged or belongs to another recipe.
    """
    try:
        saved = load_file(path.with_suffix(".safetensors"))
    except (SafetensorError, OSError) as error:
        raise TrainingError(f"{path.with_suffix('.safetensors')}: cannot be read: {error}") from None
    try:
        _restore_tensors(state, saved)
    except (KeyError, RuntimeError) as error:
        raise TrainingError(f"{path}: does not fit this recipe: {str(error).splitlines()[0]}") from None
    numbers = read_numbers(path)
    state.step, state.total = int(numbers["step"]), int(numbers["total"])
    state.seconds, state.hours_before = float(numbers["seconds"]), float(numbers["hours_before"])
    state.weight = float(numbers["weight"])
    return int(numbers["log_length"])


def _modules(state: State) -> dict[str, nn.Module]:
    found: dict[str, nn.Module] = {"generator": state.generator, "average": state.average}
    return found | ({"critic": state.critic} if state.critic is not None else {})


def _optimizers(state: State) -> dict[str, torch.optim.Optimizer]:
    found = {"optimizer": state.optimizer}
    return found | ({"critic_optimizer": state.critic_optimizer} if state.critic_optimizer is not None else {})


def _tensors(state: State) -> dict[str, Tensor]:
    tensors = {
        f"{name}.{key}": value for name, module in _modules(state).items() for key, value in module.state_dict().items()
    }
    for name, optimizer in _optimizers(state).items():
        for index, values in optimizer.state_dict()["state"].items():
            tensors |= {f"{name}.{index}.{key}": value for key, value in values.items() if isinstance(value, Tensor)}
    return tensors


def _restore_tensors(state: State, saved: dict[str, Tensor]) -> None:
    for name, module in _modules(state).items():
        module.load_state_dict({key: saved[f"{name}.{key}"] for key in module.state_dict()})
    for name, optimizer in _optimizers(state).items():
        inner: dict[int, dict[str, Tensor]] = {}
        for key, value in saved.items():
            owner, _, rest = key.partition(".")
            if owner == name:
                index, _, field = rest.partition(".")
                inner.setdefault(int(index), {})[field] = value
        optimizer.load_state_dict({"state": inner, "param_groups": optimizer.state_dict()["param_groups"]})
