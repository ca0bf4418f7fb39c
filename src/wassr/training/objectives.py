"""Objectives: from scores of real and generated pictures to losses. Scores c are (N,), without sigmoid, higher = real.

gap = E c_real - E c_fake. sp = softplus. All of them in one table: docs/training.md.
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import softplus


@dataclass(frozen=True)
class Objective:
    """A pair of pure functions on scores; both are minimised."""

    critic: Callable[[Tensor, Tensor], Tensor]  # (real, fake) -> loss of the critic
    generator: Callable[[Tensor], Tensor]  # (fake) -> loss of the generator
    formula: str
    at_equality: float  # the critic's loss when it cannot tell (constant zero scores)
    needs_lipschitz: bool  # the critic must be constrained for the loss to mean anything


def wasserstein_critic(real: Tensor, fake: Tensor) -> Tensor:
    """E c_fake - E c_real, i.e. minus the gap (Arjovsky 2017): no logarithm, no sigmoid."""
    return fake.mean() - real.mean()


def wasserstein_generator(fake: Tensor) -> Tensor:
    """-E c_fake. Defined up to a constant only: never read it as quality."""
    return -fake.mean()


def vanilla_critic(real: Tensor, fake: Tensor) -> Tensor:
    """E sp(-c_real) + E sp(c_fake): binary cross-entropy on logits (Goodfellow 2014)."""
    return softplus(-real).mean() + softplus(fake).mean()


def vanilla_generator(fake: Tensor) -> Tensor:
    """E sp(-c_fake): the non-saturating form, -log D of the SRGAN paper."""
    return softplus(-fake).mean()


OBJECTIVES: dict[str, Objective] = {
    "wasserstein": Objective(wasserstein_critic, wasserstein_generator, "E c_f - E c_r ; -E c_f", 0.0, True),
    "vanilla": Objective(vanilla_critic, vanilla_generator, "E sp(-c_r) + E sp(c_f) ; E sp(-c_f)", 1.3862943611, False),
}
