"""Optimisers and learning-rate schedules from their settings."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from wassr.training.descent import Optimizer, Schedule


class Muon(torch.optim.Optimizer):
    """Momentum, orthogonalised (Jordan 2024), for kernels; Adam for everything with one axis.

    A kernel (out, in, k, k) is treated as a matrix (out, in k k). Updates are scaled to the size of Adam's
    (Liu 2025: 0.2 sqrt(max(rows, columns))), so that rates of the Adam family carry over. Kernels of one shape are
    orthogonalised together: a network of equal layers costs a few batched products a step.
    """

    def __init__(
        self, params: Iterable[nn.Parameter], lr: float, momentum: float, betas: tuple[float, float], eps: float
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "betas": betas, "eps": eps})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        for group in self.param_groups:
            kernels: dict[tuple[int, int], list[tuple[Tensor, Tensor]]] = {}
            for p in group["params"]:
                if p.grad is None:
                    continue
                if _is_kernel(p):
                    direction = self._momentum(p, group["momentum"])
                    kernels.setdefault((direction.shape[0], direction.shape[1]), []).append((p, direction))
                else:
                    self._adam(p, group)
            for shape, pairs in kernels.items():
                moves = orthogonal(torch.stack([direction for _, direction in pairs]))
                for (p, _), move in zip(pairs, moves, strict=True):
                    p.add_(move.view(p.shape), alpha=-group["lr"] * 0.2 * math.sqrt(max(shape)))
        return closure() if closure else None

    def _momentum(self, p: Tensor, momentum: float) -> Tensor:
        """The Nesterov average of the gradient as a matrix."""
        assert p.grad is not None
        average: Tensor = self._kept(p, "momentum")
        average.lerp_(p.grad, 1 - momentum)
        return p.grad.lerp(average, momentum).reshape(p.shape[0], -1)

    def _kept(self, p: Tensor, name: str) -> Tensor:
        state = self.state[p]
        if name not in state:
            state[name] = torch.zeros_like(p)
        kept: Tensor = state[name]
        return kept

    def _adam(self, p: Tensor, group: dict[str, Any]) -> None:
        state, grad = self.state[p], p.grad
        assert grad is not None
        beta1, beta2 = group["betas"]
        step = state.setdefault("step", torch.zeros(()))
        step += 1
        first = self._kept(p, "exp_avg").lerp_(grad, 1 - beta1)
        second = self._kept(p, "exp_avg_sq").lerp_(grad.square(), 1 - beta2)
        root = (second / (1 - beta2 ** step.item())).sqrt().add_(group["eps"])
        p.addcdiv_(first, root, value=-group["lr"] / (1 - beta1 ** step.item()))


class TensorFlowRMSProp(torch.optim.Optimizer):
    """RMSProp as TensorFlow 1 has it: epsilon inside the root, the average of squares beginning at one.

    With torch's form (epsilon outside, zeros) the first steps are of the size of the rate whatever the gradient; here
    they are gradient times rate. p -= lr g / sqrt(v + eps), v = smoothing v + (1 - smoothing) g^2.
    """

    def __init__(self, params: Iterable[nn.Parameter], lr: float, smoothing: float, eps: float) -> None:
        super().__init__(params, {"lr": lr, "smoothing": smoothing, "eps": eps})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    square = self.state[p].setdefault("square_avg", torch.ones_like(p))
                    square.lerp_(p.grad.square(), 1 - group["smoothing"])
                    p.addcdiv_(p.grad, (square + group["eps"]).sqrt(), value=-group["lr"])
        return closure() if closure else None


def _is_kernel(p: Tensor) -> bool:
    return p.ndim >= 2 and min(p.shape[0], p[0].numel()) > 1


# Of a matrix of norm 1; what is smaller ends below a millionth. Momenta of weights that stand still shrink until they
# are denormal numbers, whose products are slow on CPUs: steps took twice their time (docs/lab-notes.md)
NOTHING = 1e-9


def orthogonal(matrices: Tensor, steps: int = 5) -> Tensor:
    """Newton-Schulz iteration towards U V^T of the singular value decomposition; singular values end near one.

    (..., rows, columns) to the same. Every polynomial is two fused products (Horner): sums of their own, each another
    pass over memory, took three times as long on a CPU.
    """
    a, b, c = 3.4445, -4.7750, 2.0315  # quintic of the Muon write-up
    x = matrices / (matrices.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    x = F.hardshrink(x, NOTHING)
    transposed = x.shape[-2] > x.shape[-1]
    x = (x.mT if transposed else x).reshape(-1, *sorted(x.shape[-2:]))
    for _ in range(steps):
        square = torch.bmm(x, x.mT)
        x = torch.baddbmm(x, torch.baddbmm(square, square, square, beta=b, alpha=c), x, beta=a)
    return (x.mT if transposed else x).reshape(matrices.shape)


def _adam(params: Iterable[nn.Parameter], o: Optimizer) -> torch.optim.Optimizer:
    return torch.optim.Adam(params, o.rate, o.betas, o.epsilon, o.weight_decay)


def _adamw(params: Iterable[nn.Parameter], o: Optimizer) -> torch.optim.Optimizer:
    return torch.optim.AdamW(params, o.rate, o.betas, o.epsilon, o.weight_decay)


def _rmsprop(params: Iterable[nn.Parameter], o: Optimizer) -> torch.optim.Optimizer:
    return torch.optim.RMSprop(params, o.rate, o.smoothing, o.epsilon, o.weight_decay, o.momentum)


def _tensorflow(params: Iterable[nn.Parameter], o: Optimizer) -> torch.optim.Optimizer:
    return TensorFlowRMSProp(params, o.rate, o.smoothing, o.epsilon)


def _sgd(params: Iterable[nn.Parameter], o: Optimizer) -> torch.optim.Optimizer:
    return torch.optim.SGD(params, o.rate, o.momentum, weight_decay=o.weight_decay)


def _muon(params: Iterable[nn.Parameter], o: Optimizer) -> torch.optim.Optimizer:
    return Muon(params, o.rate, o.momentum, o.betas, o.epsilon)


OPTIMIZERS: dict[str, Callable[[Iterable[nn.Parameter], Optimizer], torch.optim.Optimizer]] = {
    "adam": _adam,
    "adamw": _adamw,
    "rmsprop": _rmsprop,
    "rmsprop-tensorflow": _tensorflow,
    "sgd": _sgd,
    "muon": _muon,
}


def rate_factor(schedule: Schedule, step: int, progress: float) -> float:
    """Factor of the learning rate at generator step `step` of a stage of which the share `progress` (0..1) is done."""
    warm = min(1.0, (step + 1) / schedule.warmup_steps) if schedule.warmup_steps else 1.0
    if schedule.kind == "step":
        return warm * schedule.gamma ** sum(progress >= m for m in schedule.milestones)
    if schedule.kind == "cosine" and progress > schedule.flat:
        falling = min(1.0, (progress - schedule.flat) / max(1 - schedule.flat, 1e-9))
        return warm * (schedule.final + (1 - schedule.final) * 0.5 * (1 + math.cos(math.pi * falling)))
    return warm
