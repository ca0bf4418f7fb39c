"""What keeps a critic's slope in bounds: penalties on its gradient, and constraints on its weights."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from wassr.training.adversarial_loss import AdversarialLoss

Scores = Callable[[Tensor], Tensor]
Penalty = Callable[[Scores, Tensor, Tensor, torch.Generator], Tensor]  # (scores, high, fake, source of random numbers)

STEP = 1e-2  # of finite differences, of white: larger is biased by curvature, smaller drowns in rounding

NORMALISATIONS = (
    nn.BatchNorm1d,
    nn.BatchNorm2d,
    nn.BatchNorm3d,
    nn.InstanceNorm2d,
    nn.GroupNorm,
    nn.LayerNorm,
)


def two_sided(scores: Scores, high: Tensor, fake: Tensor, source: torch.Generator) -> Tensor:
    """E (|grad D(z)|_2 - 1)^2 on z between real and generated (WGAN-GP, Gulrajani 2017).

    The norm is taken per sample over all dimensions, never in half precision, with an epsilon inside the root (its
    slope at zero is infinite otherwise). high, fake: (N, C, H, W) float32; source places z, one number per sample.
    """
    return (gradient_norms(scores, between(high, fake, source)) - 1).square().mean()


def one_sided(scores: Scores, high: Tensor, fake: Tensor, source: torch.Generator) -> Tensor:
    """E max(0, |grad D(z)|_2 - 1)^2 (WGAN-LP, Petzka 2018): a critic may be flatter than one, not steeper."""
    return torch.relu(gradient_norms(scores, between(high, fake, source)) - 1).square().mean()


def r1(scores: Scores, high: Tensor, fake: Tensor, source: torch.Generator) -> Tensor:
    """E |grad D(x)|^2 on real pictures (Mescheder 2018); their gamma is twice the weight."""
    return gradient_norms(scores, high).square().mean()


def r2(scores: Scores, high: Tensor, fake: Tensor, source: torch.Generator) -> Tensor:
    """The same on generated pictures."""
    return gradient_norms(scores, fake).square().mean()


def r1_difference(scores: Scores, high: Tensor, fake: Tensor, source: torch.Generator) -> Tensor:
    """R1 without a second derivative: E ((D(x + s v) - D(x)) / s)^2, v normal, s = STEP; right in the mean for small s.

    One draw scatters by a factor of the root of two (Lin 2025, approximated R1). Scores must be float32: bf16 logits
    drown the difference.
    """
    return _differences(scores, high, source)


def r2_difference(scores: Scores, high: Tensor, fake: Tensor, source: torch.Generator) -> Tensor:
    """The same on generated pictures."""
    return _differences(scores, fake, source)


def both(one: Penalty, other: Penalty) -> Penalty:
    """The sum of two penalties."""
    return lambda scores, high, fake, source: one(scores, high, fake, source) + other(scores, high, fake, source)


def between(high: Tensor, fake: Tensor, source: torch.Generator) -> Tensor:
    """A point on the way from each generated picture (0) to its real one (1), drawn uniformly per sample."""
    mix = torch.rand(len(fake), generator=source, dtype=high.dtype).to(high.device)
    return torch.lerp(fake, high, mix.view(-1, 1, 1, 1))


def _differences(scores: Scores, picture: Tensor, source: torch.Generator) -> Tensor:
    noise = torch.randn(picture.shape, generator=source, dtype=picture.dtype).to(picture.device)
    # under spectral norm each call would turn the singular vectors on: two functions, whose difference is no slope
    with torch.autocast(picture.device.type, enabled=False), parametrize.cached():
        change = scores(picture + STEP * noise) - scores(picture)
    return (change / STEP).square().mean()


def gradient_norms(scores: Scores, picture: Tensor, create_graph: bool = True) -> Tensor:
    """|dD/dz|_2 of every sample, (N,)."""
    with torch.autocast(picture.device.type, enabled=False):
        z = picture.detach().requires_grad_(True)
        (gradient,) = torch.autograd.grad(scores(z).sum(), z, create_graph=create_graph)
    return (gradient.flatten(1).square().sum(1) + 1e-12).sqrt()


def clipped_parameters(critic: nn.Module, what: str) -> Iterator[nn.Parameter]:
    """The parameters that a clip bounds: `weights` are those of convolutions and dense layers with their biases,
    `all` is every parameter, scales of normalisation layers too (the 2018 code: its gradient collapses by that)."""
    for module in critic.modules():
        if what == "all" or not isinstance(module, NORMALISATIONS):
            yield from module.parameters(recurse=False)


@torch.no_grad()
def clip(critic: nn.Module, bound: float, what: str) -> None:
    """Clamp to [-bound, bound], in place (Arjovsky 2017), after every critic step so that the generator never meets a
    critic outside the box."""
    for parameter in clipped_parameters(critic, what):
        parameter.clamp_(-bound, bound)


@torch.no_grad()
def saturation(critic: nn.Module, bound: float, what: str) -> float:
    """Share of the clipped values that lie at the bound; above 0.9 the clip, not the distance, sets the curve."""
    at = total = 0
    for parameter in clipped_parameters(critic, what):
        at += int((parameter.abs() >= bound * (1 - 1e-6)).sum())
        total += parameter.numel()
    return at / max(total, 1)


@dataclass(frozen=True)
class Constraint:
    """build: once, on a new critic; after: on the critic after each of its steps. Each looks at its own setting."""

    build: Callable[[nn.Module, AdversarialLoss], None]
    after: Callable[[nn.Module, AdversarialLoss], None]


def nothing(critic: nn.Module, loss: AdversarialLoss) -> None:
    """What most constraints do at most times."""


def _clip(critic: nn.Module, loss: AdversarialLoss) -> None:
    if loss.clip is not None:
        clip(critic, loss.clip, loss.clip_what)


def _spectral(critic: nn.Module, loss: AdversarialLoss) -> None:
    """Every convolution and dense layer divided by an estimate of its largest singular value (Miyato 2018), which each
    training pass improves by one step of the power iteration."""
    if loss.spectral:
        for layer in [m for m in critic.modules() if isinstance(m, nn.Conv2d | nn.Linear)]:
            if not nn.utils.parametrize.is_parametrized(layer):  # some critics bring their own
                nn.utils.parametrizations.spectral_norm(layer)


PENALTIES: dict[str, Penalty] = {
    "gradient": two_sided,
    "gradient-one-sided": one_sided,
    "r1": r1,
    "r2": r2,
    "r1+r2": both(r1, r2),
    "r1-difference": r1_difference,
    "r2-difference": r2_difference,
    "r1+r2-difference": both(r1_difference, r2_difference),
}
CONSTRAINTS: dict[str, Constraint] = {
    "clip": Constraint(nothing, _clip),
    "spectral": Constraint(_spectral, nothing),
}
