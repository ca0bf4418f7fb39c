"""What keeps a critic's slope in bounds: penalties on its gradient, and constraints on its weights."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from wassr.training.recipe import AdversarialLoss

Scores = Callable[[Tensor], Tensor]
Penalty = Callable[[Scores, Tensor, Tensor, Tensor], Tensor]

NORMALISATIONS = (
    nn.BatchNorm1d,
    nn.BatchNorm2d,
    nn.BatchNorm3d,
    nn.InstanceNorm2d,
    nn.GroupNorm,
    nn.LayerNorm,
)


def gradient_penalty(scores: Scores, high: Tensor, fake: Tensor, mix: Tensor) -> Tensor:
    """E (|grad D(z)|_2 - 1)^2 on z between real and generated (Gulrajani 2017), two-sided.

    The norm is taken per sample over all dimensions, never in half precision, with an epsilon inside the root (its
    slope at zero is infinite otherwise). high, fake: (N, C, H, W) float32; mix: (N,) in [0, 1], one per sample.
    """
    norms = gradient_norms(scores, torch.lerp(fake, high, mix.view(-1, 1, 1, 1)))
    return (norms - 1).square().mean()


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


def _clip(critic: nn.Module, loss: AdversarialLoss) -> None:
    if loss.clip is not None:
        clip(critic, loss.clip, loss.clip_what)


PENALTIES: dict[str, Penalty] = {"gradient": gradient_penalty}
CONSTRAINTS: dict[str, Callable[[nn.Module, AdversarialLoss], None]] = {"clip": _clip}
