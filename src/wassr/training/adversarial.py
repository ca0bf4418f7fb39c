"""AdversarialLoss at work: what the recipe says, as functions of critic and pictures."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized

from wassr.networks.critics import activations, per_picture
from wassr.training.adversarial_loss import AdversarialLoss
from wassr.training.clock import Part, uncounted
from wassr.training.descent import Optimizer
from wassr.training.lipschitz import CONSTRAINTS, NORMALISATIONS, PENALTIES
from wassr.training.objectives import OBJECTIVES

WEIGHT_BOUNDS = (1e-4, 1e4)
TIME_CONSTANT = 100  # steps in which the controller of the weight closes most of a deviation


@dataclass(frozen=True)
class Judged:
    """What the critic minimises, the sum of `terms` (objective; penalty, weighted, where there is one).

    gap: E c_real - E c_fake, positive when the critic tells them apart.
    """

    terms: dict[str, Tensor]
    gap: Tensor


@dataclass(frozen=True)
class Problem:
    """Something wrong with a combination, and what to do instead."""

    fatal: bool
    message: str


class Adversary:
    """The losses, penalty, constraint and weight of one AdversarialLoss.

    in_bfloat16: the critic's layers but the last run in bfloat16, except within penalties. part: counts the penalty's
    seconds.
    """

    def __init__(self, spec: AdversarialLoss, in_bfloat16: bool = False, part: Part = uncounted) -> None:
        self.spec, self.in_bfloat16, self.part = spec, in_bfloat16, part
        self.objective = OBJECTIVES[spec.objective]
        self.penalty = PENALTIES.get(spec.penalty)

    def critic_loss(
        self,
        critic: nn.Module,
        low: Tensor,
        high: Tensor,
        fake: Tensor,
        source: torch.Generator,
        turn: int = 0,
        strength: float = 1.0,
    ) -> Judged:
        """Objective plus penalty; `source` draws the penalty's samples.

        turn: critic steps taken before in this stage; a lazy penalty comes at every `penalty_interval`-th of them, as
        many times as strong. strength: a factor on the penalty (the guard's).
        """
        with self._precision(high):
            real_scores, fake_scores = critic(high, low), critic(fake, low)
        objective = self.objective.critic(real_scores, fake_scores)
        gap = (real_scores.mean() - fake_scores.mean()).detach()
        terms = {"objective": objective}
        every = self.spec.penalty_interval
        if self.penalty is not None and (turn + 1) % every == 0:
            with self.part("penalty"):
                penalty = self.penalty(lambda z: per_picture(critic(z, low)), high, fake, source)
            terms["penalty"] = self.spec.penalty_weight * strength * every * penalty
        return Judged(terms, gap)

    def generator_loss(self, critic: nn.Module, low: Tensor, high: Tensor, fake: Tensor) -> Tensor:
        """The critic's voice, unweighted. The critic looks at `high` only where the objective compares with it."""
        with self._precision(fake):
            made = critic(fake, low)
            real = made.new_zeros(())
            if self.objective.relative:
                with torch.no_grad():
                    real = critic(high, low)
        return self.objective.generator(real, made)

    def matching(self, critic: nn.Module, low: Tensor, high: Tensor, fake: Tensor) -> dict[str, Tensor]:
        """The weighted content term `matching`, if the spec has one.

        Mean absolute difference of the critic's features of generated and real pictures, averaged over its layers (Wang
        2018, pix2pixHD).
        """
        if not self.spec.matching:
            return {}
        with self._precision(fake):
            with torch.no_grad():
                wanted = activations(critic, high, low)
            found = activations(critic, fake, low)
        parts = [(a.float() - b.float()).abs().mean() for a, b in zip(found, wanted, strict=True)]
        return {"matching": self.spec.matching * torch.stack(parts).mean()}

    def _precision(self, picture: Tensor) -> torch.autocast:
        return torch.autocast(picture.device.type, torch.bfloat16, enabled=self.in_bfloat16)

    def build(self, critic: nn.Module) -> None:
        """Once, on a new critic: constraints that change its layers."""
        for constraint in CONSTRAINTS.values():
            constraint.build(critic, self.spec)

    def constrain(self, critic: nn.Module) -> None:
        """After every critic step."""
        for constraint in CONSTRAINTS.values():
            constraint.after(critic, self.spec)

    def first_weight(self) -> float:
        """The weight before the first step; 0 where a ratio is asked for: the first gradients set it."""
        return self.spec.weight if self.spec.weight is not None else 0.0

    def weigh(self, weight: float, pull: Tensor, push: Tensor) -> float:
        """The next weight: fixed; or set to the target ratio |weight push| / |pull| by the first step (a fresh critic's
        gradient may be a hundred times too large or too small) and moved slowly towards it by all others.
        """
        if self.spec.ratio is None:
            return weight
        now = ratio(pull, (weight or 1.0) * push)
        if now == 0 or not pull.any():  # a critic or content loss that says nothing gives nothing to steer by
            return weight
        if weight == 0:
            return min(max(self.spec.ratio / now, WEIGHT_BOUNDS[0]), WEIGHT_BOUNDS[1])
        factor = (self.spec.ratio / now) ** (3 / TIME_CONSTANT)
        factor = min(max(factor, 0.5), 2.0)
        return min(max(weight * factor, WEIGHT_BOUNDS[0]), WEIGHT_BOUNDS[1])


def ratio(pull: Tensor, push: Tensor) -> float:
    """r = |push| / |pull|, gradients at the generator's output."""
    return float(push.norm() / (pull.norm() + 1e-12))


def cosine(pull: Tensor, push: Tensor) -> float:
    """Cosine of the angle between the two gradients; 0 where one vanishes."""
    return float((pull * push).sum() / (pull.norm() * push.norm() + 1e-20))


def check(spec: AdversarialLoss, critic: nn.Module, optimizer: Optimizer) -> list[Problem]:
    """What does not go together, each with what to do instead. Impossible values are refused by the recipe itself."""
    found = []
    batch_norm = any(isinstance(m, nn.BatchNorm2d | nn.BatchNorm1d) for m in critic.modules())
    if batch_norm and spec.penalty != "none":
        found.append(
            Problem(
                True,
                "BatchNorm in the critic under a per-sample gradient penalty: set "
                "adversarial.critic.arguments.normalisation to layer or none",
            )
        )
    if any(isinstance(m, nn.Sigmoid) for m in list(critic.modules())[-2:]):
        found.append(Problem(True, "the critic ends in a sigmoid: every objective here takes raw scores; remove it"))
    momentum = optimizer.momentum > 0 or (optimizer.kind in {"adam", "adamw", "muon"} and optimizer.betas[0] > 0)
    if spec.clip is not None and momentum:
        found.append(
            Problem(False, "momentum with weight clipping is known to be unstable: use kind: rmsprop, momentum: 0")
        )
    if spec.clip is not None and any(is_parametrized(m) for m in critic.modules()):
        found.append(
            Problem(
                True,
                "clip bounds weights that the critic's own spectral norm divides again: set "
                "adversarial.critic.arguments.spectral: false, or clip: null",
            )
        )
    norm = any(isinstance(m, NORMALISATIONS) for m in critic.modules())
    if spec.clip is not None and spec.clip_what == "all" and norm:
        found.append(
            Problem(
                False,
                "clipping normalisation scales shrinks the critic's gradient a thousandfold: use clip_what: weights",
            )
        )
    if spec.spectral and norm:
        found.append(
            Problem(
                False,
                "a normalisation layer in a critic under spectral norm takes the bound away again: set "
                "adversarial.critic.arguments.normalisation to none",
            )
        )
    return found


def randomness(seed: int, step: int, sub: int) -> torch.Generator:
    """Random numbers for the penalty of one critic step, a pure function of the step."""
    return torch.Generator().manual_seed(((seed * 1_000_003 + step) * 101 + sub) & 0x7FFF_FFFF_FFFF_FFFF)
