"""Optimisers and schedules."""

import math

import pytest
import torch
from torch import nn

from wassr.training.descent import Optimizer, Schedule
from wassr.training.optimizers import OPTIMIZERS, orthogonal, rate_factor


@pytest.mark.parametrize("shape", [(16, 144), (144, 16), (3, 24, 40), (2, 5, 9)])
def test_orthogonal_has_singular_values_near_one(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    matrix = torch.randn(shape)
    values = torch.linalg.svdvals(orthogonal(matrix))
    assert float(values.min()) > 0.6
    assert float(values.max()) < 1.3
    u, _, v = torch.linalg.svd(matrix, full_matrices=False)
    cosine = (orthogonal(matrix) * (u @ v)).sum() / (orthogonal(matrix).norm() * (u @ v).norm())
    assert float(cosine) > 0.95


def test_orthogonal_of_a_stack_equals_one_by_one_and_takes_zeros() -> None:
    torch.manual_seed(0)
    stack = torch.randn(4, 8, 24)
    assert torch.allclose(orthogonal(stack), torch.stack([orthogonal(m) for m in stack]), atol=1e-5)
    assert torch.equal(orthogonal(torch.zeros(3, 4)), torch.zeros(3, 4))


def test_orthogonal_takes_rows_that_all_but_vanished_for_none() -> None:
    torch.manual_seed(0)
    matrix = torch.randn(6, 20)
    without = matrix.clone()
    without[2] = 0
    matrix[2] = 1e-39  # a denormal number
    assert torch.equal(orthogonal(matrix), orthogonal(without))
    matrix[2] = 1e-12 * torch.randn(20)
    assert torch.allclose(orthogonal(matrix), orthogonal(without), atol=1e-6)


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_every_kind_builds_and_reduces_a_toy_loss(kind: str) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 3, 3, padding=1))
    rate = {"sgd": 0.1, "rmsprop": 3e-3, "rmsprop-tensorflow": 0.3}.get(kind, 1e-2)
    settings = Optimizer(kind=kind, rate=rate, momentum=0.9 if kind in {"sgd", "muon"} else 0.0)  # type: ignore[arg-type]
    optimizer = OPTIMIZERS[kind](network.parameters(), settings)
    x = torch.rand(4, 3, 8, 8)
    losses = []
    for _ in range(40):
        optimizer.zero_grad()
        loss = (network(x) - x.flip(1)).square().mean()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]


def test_tensorflows_rmsprop_begins_gently() -> None:
    """Its average of squares begins at one: the first step is rate g / sqrt(0.9 + 0.1 g^2), torch's rate sqrt(10)."""
    moved = {}
    for kind in ("rmsprop", "rmsprop-tensorflow"):
        p = nn.Parameter(torch.tensor([1.0]))
        optimizer = OPTIMIZERS[kind]([p], Optimizer(kind=kind, rate=1e-4, smoothing=0.9, epsilon=1e-10))  # type: ignore[arg-type]
        p.grad = torch.tensor([1e-3])
        optimizer.step()
        moved[kind] = 1 - float(p.detach())
    assert moved["rmsprop-tensorflow"] == pytest.approx(1e-4 * 1e-3 / math.sqrt(0.9 + 1e-7), rel=0.2)  # float32
    assert moved["rmsprop"] == pytest.approx(1e-4 * math.sqrt(10), rel=0.01)
    p = nn.Parameter(torch.tensor([0.0]))
    optimizer = OPTIMIZERS["rmsprop-tensorflow"]([p], Optimizer(rate=0.5, smoothing=0.9, epsilon=1e-10))
    square, place = 1.0, 0.0
    for gradient in (2.0, -1.0, 0.5):
        p.grad = torch.tensor([gradient])
        optimizer.step()
        square = 0.9 * square + 0.1 * gradient**2
        place -= 0.5 * gradient / math.sqrt(square + 1e-10)
        assert float(p.detach()) == pytest.approx(place, rel=1e-5)


def test_settings_reach_the_optimisers() -> None:
    parameters = [nn.Parameter(torch.zeros(2, 2))]
    values = {"rate": 0.3, "betas": (0.1, 0.2), "smoothing": 0.4, "momentum": 0.5, "epsilon": 0.6, "weight_decay": 0.7}
    o = Optimizer.model_construct(None, **values)  # unchecked: no kind takes them all
    groups = {kind: OPTIMIZERS[kind](parameters, o).param_groups[0] for kind in OPTIMIZERS}
    assert all(group["lr"] == 0.3 for group in groups.values())
    for kind in ("adam", "adamw"):
        assert (groups[kind]["betas"], groups[kind]["eps"], groups[kind]["weight_decay"]) == ((0.1, 0.2), 0.6, 0.7)
    assert [groups["rmsprop"][k] for k in ("alpha", "momentum", "eps", "weight_decay")] == [0.4, 0.5, 0.6, 0.7]
    assert [groups["rmsprop-tensorflow"][k] for k in ("smoothing", "eps")] == [0.4, 0.6]
    assert [groups["sgd"][k] for k in ("momentum", "weight_decay")] == [0.5, 0.7]
    assert [groups["muon"][k] for k in ("momentum", "betas", "eps")] == [0.5, (0.1, 0.2), 0.6]


def test_muon_moves_vectors_as_adam_does() -> None:
    torch.manual_seed(0)
    start, gradients = torch.randn(5), torch.randn(3, 5)
    ends = []
    for kind in ("muon", "adam"):
        p = nn.Parameter(start.clone())
        optimizer = OPTIMIZERS[kind]([p], Optimizer(rate=0.1, betas=(0.9, 0.99)))
        for g in gradients:
            p.grad = g.clone()
            optimizer.step()
        ends.append(p.detach())
    assert torch.allclose(ends[0], ends[1], atol=1e-5)


def test_muons_step_has_the_size_of_adams() -> None:
    p = nn.Parameter(torch.zeros(16, 16, 3, 3))
    p.grad = torch.randn(16, 16, 3, 3)
    OPTIMIZERS["muon"]([p], Optimizer(rate=1.0)).step()
    assert float(p.detach().square().mean().sqrt()) == pytest.approx(0.2, rel=0.25)  # Adam's typical 0.2 to 0.4


def test_schedules_known_values() -> None:
    def at(progress: float, step: int = 999, **settings: object) -> float:
        return rate_factor(Schedule(**settings), step, progress)  # type: ignore[arg-type]

    assert [at(p, kind="constant") for p in (0, 0.5, 1)] == [1, 1, 1]
    assert [at(p, kind="cosine") for p in (0, 0.5, 1)] == pytest.approx([1, 0.5, 0])
    assert [at(p, kind="cosine", flat=0.5, final=0.1) for p in (0.5, 0.75, 1, 1.2)] == pytest.approx(
        [1, 0.55, 0.1, 0.1]
    )
    assert at(1.0, kind="cosine", flat=1.0) == 1
    steps = {"kind": "step", "milestones": (0.5, 0.75), "gamma": 0.1}
    assert [at(p, **steps) for p in (0.49, 0.5, 0.75, 1)] == pytest.approx([1, 0.1, 0.01, 0.01])
    assert [at(0, s, kind="constant", warmup_steps=4) for s in range(5)] == [0.25, 0.5, 0.75, 1, 1]
    assert at(0.25, 0, kind="cosine", warmup_steps=2) == pytest.approx(0.5 * 0.5 * (1 + math.cos(math.pi / 4)))
