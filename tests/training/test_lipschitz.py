"""Penalties and clipping against closed forms."""

import pytest
import torch
from torch import Tensor, nn

from wassr.networks.critics import CRITICS
from wassr.training.lipschitz import CONSTRAINTS, PENALTIES, clip, clipped_parameters, gradient_norms, saturation
from wassr.training.recipe import AdversarialLoss


def pictures(count: int = 3, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    g = torch.Generator().manual_seed(seed)
    high, fake = (torch.rand(count, 3, 4, 4, generator=g, dtype=torch.float64) for _ in range(2))
    return high, fake, torch.rand(count, generator=g, dtype=torch.float64)


@pytest.mark.parametrize("norm", [0.0, 0.3, 1.0, 2.5])
@pytest.mark.parametrize("mix", [0.0, 0.5, 1.0])
def test_a_linear_critic_pays_its_norm_less_one_squared(norm: float, mix: float) -> None:
    high, fake, _ = pictures()
    w = torch.randn(3, 4, 4, dtype=torch.float64)
    w = w / w.norm() * norm
    penalty = PENALTIES["gradient"](lambda z: (w * z).sum((1, 2, 3)), high, fake, torch.full((3,), mix).double())
    assert float(penalty) == pytest.approx((norm - 1) ** 2, abs=5e-6)


def test_norm_is_per_sample_over_all_dimensions() -> None:
    high, _, _ = pictures()
    factors = torch.tensor([0.0, 2.0, 5.0], dtype=torch.float64)
    norms = gradient_norms(lambda z: factors * z.flatten(1).sum(1), high)
    assert norms.tolist() == pytest.approx([1e-6, 2 * 48**0.5, 5 * 48**0.5])


def test_a_quadratic_critic_has_the_norm_of_its_input() -> None:
    high, _, _ = pictures()
    norms = gradient_norms(lambda z: 0.5 * 3.0 * z.flatten(1).square().sum(1), high)
    assert torch.allclose(norms, 3.0 * high.flatten(1).norm(dim=1))
    a = torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
    gradient_norms(lambda z: 0.5 * a * z.flatten(1).square().sum(1), high).square().mean().backward()
    assert a.grad is not None  # R1 = a^2 E |x|^2, so dR1/da = 2 a E |x|^2
    assert float(a.grad) == pytest.approx(float(6 * high.flatten(1).square().sum(1).mean()))


def test_samples_lie_between_generated_and_real() -> None:
    high, fake, mix = pictures()
    seen: list[Tensor] = []

    def scores(z: Tensor) -> Tensor:
        seen.append(z.detach())
        return z.flatten(1).sum(1)

    PENALTIES["gradient"](scores, high, fake, mix)
    share = mix.view(-1, 1, 1, 1)
    assert torch.allclose(seen[0], share * high + (1 - share) * fake)


def test_gradient_of_the_penalty_in_float64() -> None:
    high, _, _ = pictures(2)

    def penalty(w: Tensor) -> Tensor:
        return (gradient_norms(lambda z: torch.tanh((z * w).flatten(1).sum(1)), high) - 1).square().mean()

    w = torch.randn(3, 4, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(penalty, (w,))


def test_a_critic_without_slope_gives_finite_numbers() -> None:
    high, fake, mix = (t.float() for t in pictures())
    critic = nn.Sequential(nn.Flatten(), nn.Linear(48, 1))
    nn.init.zeros_(critic[1].weight)
    penalty = PENALTIES["gradient"](lambda z: critic(z).flatten(), high, fake, mix)
    penalty.backward()
    assert float(penalty.detach()) == pytest.approx(1, abs=1e-5)
    assert all(p.grad is None or p.grad.isfinite().all() for p in critic.parameters())


@pytest.mark.parametrize("what", ["weights", "all"])
def test_clip_bounds_what_it_says_and_nothing_else(what: str) -> None:
    critic = CRITICS["vgg"](crop=32, width=8)
    before = {name: p.detach().clone() for name, p in critic.named_parameters()}
    CONSTRAINTS["clip"](critic, AdversarialLoss(clip=0.01, clip_what=what))  # type: ignore[arg-type]
    chosen = {id(p) for p in clipped_parameters(critic, what)}
    norms = {id(p) for m in critic.modules() if isinstance(m, nn.BatchNorm2d) for p in m.parameters()}
    assert norms
    assert chosen.isdisjoint(norms) == (what == "weights")
    for name, p in critic.named_parameters():
        if id(p) in chosen:
            assert torch.equal(p, before[name].clamp(-0.01, 0.01)), name
        else:
            assert torch.equal(p, before[name]), name
    assert len(chosen) == len(list(critic.parameters())) - (0 if what == "all" else len(norms))


def test_no_clip_without_a_bound() -> None:
    critic = CRITICS["lean"]()
    before = [p.detach().clone() for p in critic.parameters()]
    CONSTRAINTS["clip"](critic, AdversarialLoss(penalty="gradient", penalty_weight=10))
    assert all(torch.equal(a, b) for a, b in zip(before, critic.parameters(), strict=True))


def test_saturation_counts_values_at_the_bound() -> None:
    layer = nn.Linear(4, 1)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[0.01, -0.01, 0.002, 0.5]]))
        layer.bias.fill_(0.0)
    assert saturation(layer, 0.01, "weights") == pytest.approx(3 / 5)
    clip(layer, 0.01, "weights")
    assert saturation(layer, 0.01, "weights") == pytest.approx(3 / 5)
    nn.init.zeros_(layer.weight)
    assert saturation(layer, 0.01, "all") == 0
