"""One generator step of each stage, each on one screen. No logging, saving or scheduling here."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from wassr.data.stream import Batch, Role
from wassr.training.adversarial import Adversary, cosine, randomness, ratio
from wassr.training.guard import Norms, NotFinite, loudness
from wassr.training.losses import Content
from wassr.training.state import State

Batches = Callable[[Role, int], Batch]  # (role, sub-step) -> crops of this generator step


@dataclass(frozen=True)
class Measured:
    """What a step saw: tag -> value, the same tags in the log and in TensorBoard."""

    values: dict[str, float] = field(default_factory=dict)


def content_step(state: State, batch: Batches, content: Content, clip_norm: float | None) -> Measured:
    """Pull the generator towards the high-resolution crops."""
    crops = batch("generator", 0)
    made = state.generator(crops.low)
    loudness(made)
    terms = content(made, crops.wanted)
    norm = descend(state.optimizer, state.generator, total(terms), "content", clip_norm, state.norms)
    return Measured({**named("loss", terms), "norm/generator": norm})


def adversarial_step(
    state: State, batch: Batches, content: Content, adversary: Adversary, clip_norm: float | None
) -> Measured:
    """Train the critic for some steps, then the generator against content and critic.

    Both gradients are taken at the generator's output y, so their ratio and angle are known for nothing, and one
    backward pass through the generator serves both.
    """
    critic, critic_optimizer = state.critic_and_optimizer()
    for k in range(adversary.spec.critic_steps_at(state.step)):
        crops = batch("critic", k)
        fake = results(state.generator, crops.low)
        loudness(fake)
        source, turn = randomness(state.seed, state.step, k), adversary.spec.turn(state.step, k)
        judged = adversary.critic_loss(
            critic, crops.low, crops.high, fake, source, turn, strength=state.caution.penalty
        )
        critic_norm = descend(critic_optimizer, critic, total(judged.terms), "critic", None, state.norms)
        adversary.constrain(critic)

    crops = batch("generator", 0)
    fake = state.generator(crops.low)
    loudness(fake)
    y = fake.detach().requires_grad_(True)
    with frozen(critic), statistics_still(critic):
        terms = content(y, crops.wanted) | adversary.matching(critic, crops.low, crops.high, y)
        voice = total({"adversarial": adversary.generator_loss(critic, crops.low, crops.high, y)})
    (pull,) = torch.autograd.grad(total(terms), y)
    (push,) = torch.autograd.grad(voice, y)
    state.weight = adversary.weigh(state.weight, pull, push)
    weight = state.weight * adversary.spec.ramp_at(state.step)
    norm = descend_through(state.optimizer, state.generator, fake, pull + weight * push, clip_norm, state.norms)

    values = named("loss", {**terms, "adversarial": weight * voice, "critic": judged.terms["objective"]})
    if "penalty" in judged.terms:  # a lazy one is as many times as strong as it is rare
        values |= named("loss", {"penalty": judged.terms["penalty"] / adversary.spec.penalty_interval})
    values |= {"critic/gap_training": float(judged.gap), "critic/ratio": ratio(pull, weight * push)}
    values |= {"critic/cosine": cosine(pull, push), "critic/weight": weight}
    return Measured({**values, "norm/generator": norm, "norm/critic": critic_norm})


def results(generator: nn.Module, low: Tensor) -> Tensor:
    """What the generator makes in training, without a trace in it."""
    with torch.no_grad(), statistics_still(generator):
        made: Tensor = generator(low)
    return made


def descend(
    optimizer: torch.optim.Optimizer,
    network: nn.Module,
    loss: Tensor,
    what: str,
    clip_norm: float | None,
    norms: Norms,
) -> float:
    """One optimiser step down `loss`; returns the gradient norm before clipping. Raises Refused, applying nothing."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    return _apply(optimizer, network, what, clip_norm, norms)


def descend_through(
    optimizer: torch.optim.Optimizer,
    network: nn.Module,
    output: Tensor,
    gradient: Tensor,
    clip_norm: float | None,
    norms: Norms,
) -> float:
    """One optimiser step down a gradient that is given at the network's output. Raises as `descend`."""
    optimizer.zero_grad(set_to_none=True)
    output.backward(gradient)  # type: ignore[no-untyped-call]
    return _apply(optimizer, network, "generator", clip_norm, norms)


def total(terms: dict[str, Tensor]) -> Tensor:
    """The sum of weighted loss terms. Raises NotFinite that names the first term which is not finite."""
    for name, term in terms.items():
        if not torch.isfinite(term):
            raise NotFinite(f"the loss term {name} is {float(term.detach())}")
    return sum_of(terms)


def sum_of(terms: dict[str, Tensor]) -> Tensor:
    return torch.stack(list(terms.values())).sum()


def named(prefix: str, terms: dict[str, Tensor]) -> dict[str, float]:
    return {f"{prefix}/{name}": float(term.detach()) for name, term in terms.items()}


@contextmanager
def frozen(network: nn.Module) -> Iterator[None]:
    """No gradients for the network's parameters, so that the generator's step does not compute them."""
    wanted = [p for p in network.parameters() if p.requires_grad]
    for p in wanted:
        p.requires_grad_(False)
    try:
        yield
    finally:
        for p in wanted:
            p.requires_grad_(True)


@contextmanager
def statistics_still(network: nn.Module) -> Iterator[None]:
    """Batch statistics are used but the running ones stand still."""
    tracking = [
        m for m in network.modules() if isinstance(m, nn.BatchNorm2d | nn.BatchNorm1d) and m.track_running_stats
    ]
    for m in tracking:
        m.track_running_stats = False
    try:
        yield
    finally:
        for m in tracking:
            m.track_running_stats = True


def _apply(
    optimizer: torch.optim.Optimizer, network: nn.Module, what: str, clip_norm: float | None, norms: Norms
) -> float:
    parameters = [p for p in network.parameters() if p.grad is not None]
    size = nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
    if not torch.isfinite(size):
        layers = [(n, p.grad) for n, p in network.named_parameters() if p.grad is not None]
        # backwards, as the gradient went: all layers before the one where it broke have it too
        bad = next((n for n, grad in reversed(layers) if not grad.isfinite().all()), None)
        optimizer.zero_grad(set_to_none=True)
        where = f"first in layer {bad} on the way back" if bad else "its norm overflows"
        raise NotFinite(f"the {what} gradient is not finite, {where}")
    norms.judge(what, float(size))
    if clip_norm is not None:
        nn.utils.clip_grads_with_norm_(parameters, clip_norm, size)
    optimizer.step()
    return float(size)
