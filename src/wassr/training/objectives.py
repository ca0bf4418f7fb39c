"""Objectives: from scores of real and generated pictures to losses. Scores c are (N,), without sigmoid, higher = real.

gap = E c_real - E c_fake. sp = softplus. All of them in one table: docs/training.md.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import relu, softplus


@dataclass(frozen=True)
class Objective:
    """A pair of pure functions on scores of real and generated pictures, (N,) each; both are minimised.

    at_equality: the critic's loss where it cannot tell, all scores being `equal_score`. needs_lipschitz: the critic
    must be constrained for the loss to mean anything. relative: the generator's loss looks at the real scores too.
    """

    critic: Callable[[Tensor, Tensor], Tensor]
    generator: Callable[[Tensor, Tensor], Tensor]
    formula: str
    at_equality: float
    equal_score: float = 0.0
    needs_lipschitz: bool = False
    relative: bool = False


def wasserstein_critic(real: Tensor, fake: Tensor) -> Tensor:
    """E c_fake - E c_real, i.e. minus the gap (Arjovsky 2017): no logarithm, no sigmoid."""
    return fake.mean() - real.mean()


def raise_scores(real: Tensor, fake: Tensor) -> Tensor:
    """-E c_fake, the generator's side of wasserstein and hinge. Defined up to a constant only: never read it as
    quality."""
    return -fake.mean()


def vanilla_critic(real: Tensor, fake: Tensor) -> Tensor:
    """E sp(-c_real) + E sp(c_fake): binary cross-entropy on logits (Goodfellow 2014)."""
    return softplus(-real).mean() + softplus(fake).mean()


def vanilla_generator(real: Tensor, fake: Tensor) -> Tensor:
    """E sp(-c_fake): the non-saturating form, -log D of the SRGAN paper."""
    return softplus(-fake).mean()


def least_squares_critic(real: Tensor, fake: Tensor) -> Tensor:
    """1/2 E (c_real - 1)^2 + 1/2 E c_fake^2 (Mao 2017)."""
    return ((real - 1).square().mean() + fake.square().mean()) / 2


def least_squares_generator(real: Tensor, fake: Tensor) -> Tensor:
    """1/2 E (c_fake - 1)^2."""
    return (fake - 1).square().mean() / 2


def hinge_critic(real: Tensor, fake: Tensor) -> Tensor:
    """E max(0, 1 - c_real) + E max(0, 1 + c_fake) (Lim 2017, Miyato 2018). No distance."""
    return relu(1 - real).mean() + relu(1 + fake).mean()


def average_critic(real: Tensor, fake: Tensor) -> Tensor:
    """1/2 [E sp(-(c_real - E c_fake)) + E sp(c_fake - E c_real)]: relativistic average (Jolicoeur-Martineau 2018).

    Halved, as the code of ESRGAN has it.
    """
    return (softplus(-(real - fake.mean())).mean() + softplus(fake - real.mean()).mean()) / 2


def average_generator(real: Tensor, fake: Tensor) -> Tensor:
    """The same with real and generated exchanged."""
    return average_critic(fake, real)


def pairing_critic(real: Tensor, fake: Tensor) -> Tensor:
    """E sp(-(c_real - c_fake)) over pairs (relativistic pairing, Jolicoeur-Martineau 2018; R3GAN, Huang 2024)."""
    return softplus(-(real - fake)).mean()


def pairing_generator(real: Tensor, fake: Tensor) -> Tensor:
    """The same with real and generated exchanged."""
    return pairing_critic(fake, real)


LN2 = math.log(2)
OBJECTIVES: dict[str, Objective] = {
    "wasserstein": Objective(
        wasserstein_critic, raise_scores, "E c_f - E c_r ; -E c_f", at_equality=0.0, needs_lipschitz=True
    ),
    "vanilla": Objective(vanilla_critic, vanilla_generator, "E sp(-c_r) + E sp(c_f) ; E sp(-c_f)", at_equality=2 * LN2),
    "least-squares": Objective(
        least_squares_critic,
        least_squares_generator,
        "1/2 E (c_r - 1)^2 + 1/2 E c_f^2 ; 1/2 E (c_f - 1)^2",
        at_equality=0.25,
        equal_score=0.5,
    ),
    "hinge": Objective(hinge_critic, raise_scores, "E max(0, 1 - c_r) + E max(0, 1 + c_f) ; -E c_f", at_equality=2.0),
    "relativistic-average": Objective(
        average_critic,
        average_generator,
        "1/2 [E sp(-(c_r - E c_f)) + E sp(c_f - E c_r)] ; r and f exchanged",
        at_equality=LN2,
        relative=True,
    ),
    "relativistic-pairing": Objective(
        pairing_critic, pairing_generator, "E sp(-(c_r - c_f)) ; r and f exchanged", at_equality=LN2, relative=True
    ),
}
