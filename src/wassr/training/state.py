"""Everything that a training step changes, and nothing else; saved whole or not at all, never as pickle."""

import copy
import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from wassr.ground.errors import TrainingError
from wassr.ground.files import write_whole
from wassr.models.build import Generator
from wassr.training.guard import Caution, Norms

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
    ended: bool = False  # before its time, because the verdict advised it
    weight: float = 1.0  # of the adversarial loss
    start: str = ""  # model that the run was asked to begin from, if any
    parent: str | None = None  # name of the model that this stage began from
    caution: Caution = field(default_factory=Caution)  # what the guard changed in this stage
    norms: Norms = field(default_factory=Norms)  # gradient norms that the guard judges by

    @property
    def hours(self) -> float:
        """Training so far, with earlier stages and the model that it began from."""
        return self.hours_before + self.seconds / 3600

    def critic_and_optimizer(self) -> tuple[nn.Module, torch.optim.Optimizer]:
        """Both, where the stage has them."""
        assert self.critic is not None
        assert self.critic_optimizer is not None
        return self.critic, self.critic_optimizer

    def finite(self) -> bool:
        """Whether all weights are numbers, of a size whose square is one too."""
        parts = [self.generator, *([self.critic] if self.critic is not None else [])]
        # a norm is one pass over a tensor, isfinite five; asked once: every answer waits for the device
        return bool(nn.utils.get_total_norm([p.detach() for part in parts for p in part.parameters()]).isfinite())

    def update_average(self, decay: float) -> None:
        """Move the weight average; young runs average over fewer steps."""
        decay = min(decay, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for mean, now in zip(self.average.parameters(), self.generator.parameters(), strict=True):
                mean.lerp_(now, 1 - decay)
            for kept, moved in zip(self.average.buffers(), self.generator.buffers(), strict=True):
                kept.copy_(moved)


def averaged(generator: Generator) -> Generator:
    """A copy for the weight average: float32, evaluation mode, no gradients.

    Channels last whatever the generator's layout, because validation runs it so: a layout that changed at the first
    validation could round a resumed run differently.
    """
    average = copy.deepcopy(generator).eval().requires_grad_(False)
    average.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average.in_bfloat16 = False
    return average


def save_state(state: State, folder: Path, log_length: int) -> Path:
    """Write step-N.safetensors, then step-N.json, which makes it valid; drop all but the newest states."""
    name = f"step-{state.total:09d}"
    tensors = {key: value.detach().contiguous() for key, value in _tensors(state).items()}
    write_whole(folder / f"{name}.safetensors", save(tensors))
    write_whole(folder / f"{name}.json", json.dumps(asdict(numbers_of(state, log_length)), indent=1))
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


@dataclass(frozen=True)
class Numbers:
    """The JSON part of a saved state, as `save_state` writes it."""

    stage: str
    step: int
    total: int
    seconds: float
    hours_before: float
    weight: float
    log_length: int
    torch_threads: int
    start: str
    parent: str | None
    ended: bool = False
    caution: Caution = field(default_factory=Caution)
    norms: dict[str, list[float]] = field(default_factory=dict)
    precision: str = ""  # unknown: a state older than this field


def numbers_of(state: State, log_length: int) -> Numbers:
    """The JSON part of a state, now."""
    return Numbers(
        stage=state.stage,
        step=state.step,
        total=state.total,
        seconds=state.seconds,
        hours_before=state.hours_before,
        weight=state.weight,
        log_length=log_length,
        torch_threads=torch.get_num_threads(),
        start=state.start,
        parent=state.parent,
        ended=state.ended,
        caution=state.caution,
        norms={what: list(seen) for what, seen in state.norms.seen.items()},
        precision="bfloat16" if state.generator.in_bfloat16 else "float32",
    )


@dataclass(frozen=True)
class Snapshot:
    """A state in memory, for the time before the first one is saved."""

    numbers: Numbers
    tensors: dict[str, Tensor]


def snapshot(state: State, log_length: int) -> Snapshot:
    """A copy of all that a step changes."""
    return Snapshot(numbers_of(state, log_length), {key: value.clone() for key, value in _tensors(state).items()})


def put_back(state: State, kept: Snapshot) -> Numbers:
    """Make the state what it was; returns the JSON part."""
    _restore_tensors(state, {key: value.clone() for key, value in kept.tensors.items()})
    return _set_numbers(state, kept.numbers)


def read_numbers(path: Path) -> Numbers:
    """The JSON part of a state. Raises TrainingError when it is damaged."""
    try:
        n = json.loads(path.read_text(encoding="utf-8"))
        return Numbers(
            stage=str(n["stage"]),
            step=int(n["step"]),
            total=int(n["total"]),
            seconds=float(n["seconds"]),
            hours_before=float(n["hours_before"]),
            weight=float(n["weight"]),
            log_length=int(n["log_length"]),
            torch_threads=int(n["torch_threads"]),
            start=str(n.get("start", "")),
            parent=n.get("parent"),
            ended=bool(n.get("ended", False)),
            caution=_caution(n.get("caution", {})),
            norms={str(what): [float(v) for v in seen] for what, seen in n.get("norms", {}).items()},
            precision=str(n.get("precision", "")),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise TrainingError(f"{path}: damaged ({_first_line(error)}); {_way_out(path)}") from None


def restore(state: State, path: Path) -> Numbers:
    """Load a saved state into freshly built networks of the same recipe; returns the JSON part.

    Raises TrainingError when the file is damaged or belongs to another recipe.
    """
    numbers = read_numbers(path)
    tensors = path.with_suffix(".safetensors")
    try:
        _restore_tensors(state, load_file(tensors))
    except (SafetensorError, OSError) as error:
        raise TrainingError(f"{tensors}: damaged ({_first_line(error)}); {_way_out(path)}") from None
    except (LookupError, RuntimeError, ValueError) as error:
        raise TrainingError(f"{tensors}: does not fit this recipe ({_first_line(error)}); {_way_out(path)}") from None
    return _set_numbers(state, numbers)


def _set_numbers(state: State, numbers: Numbers) -> Numbers:
    state.step, state.total = numbers.step, numbers.total
    state.seconds, state.hours_before = numbers.seconds, numbers.hours_before
    state.weight, state.start, state.parent = numbers.weight, numbers.start, numbers.parent
    state.ended = numbers.ended
    state.caution, state.norms = numbers.caution, Norms({what: list(seen) for what, seen in numbers.norms.items()})
    return numbers


def _caution(saved: dict[str, Any]) -> Caution:
    return Caution(**{**saved, "skipped": tuple(saved.get("skipped", ()))})


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no details'}"


def _way_out(path: Path) -> str:
    before = [other.stem for other in saved_states(path.parent) if other.stem < path.stem]
    return f"delete {path.name} to go on from {before[-1]}" if before else "begin anew in another folder (-o)"


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
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        for number, values in inner.items():
            inner[number] = {field: _laid_out_like(parameters[number], value) for field, value in values.items()}
        optimizer.load_state_dict({"state": inner, "param_groups": optimizer.state_dict()["param_groups"]})


def _laid_out_like(parameter: Tensor, value: Tensor) -> Tensor:
    """The value in the parameter's memory layout, as the optimiser made it: another layout may round differently."""
    return torch.empty_like(parameter, dtype=value.dtype).copy_(value) if value.shape == parameter.shape else value
