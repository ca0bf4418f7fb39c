"""The claims of critics whose answers are known."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from wassr.networks.critics import CRITICS
from wassr.training.adversarial import Adversary, randomness
from wassr.training.adversarial_loss import AdversarialLoss
from wassr.training.distance import Claims, claims, pooled_auc, separation, zero_line
from wassr.training.step import sum_of

SIDE = 8
N = 3 * SIDE**2


class Linear(nn.Module):
    """D(z) = w z."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)

    def forward(self, picture: Tensor, low: Tensor | None = None) -> Tensor:
        return (picture * self.weight).sum((1, 2, 3))


class Wide(nn.Module):
    """A critic with one hidden layer."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(N, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1))

    def forward(self, picture: Tensor, low: Tensor | None = None) -> Tensor:
        return self.layers(picture).flatten()


def noise(count: int, seed: int) -> Tensor:
    return 0.5 + 0.1 * torch.randn(count, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(seed))


def low_of(high: Tensor) -> Tensor:
    return high[:, :, ::4, ::4]


def measured(critic: nn.Module, shift: Tensor, seed: int = 99) -> Claims:
    high = noise(32, seed)
    return claims(critic, low_of(high), high, high - shift)


def trained(critic: nn.Module, loss: AdversarialLoss, shift: Tensor, steps: int, rate: float) -> None:
    """Against a generator whose results are shifted originals, real and generated crops drawn apart."""
    adversary = Adversary(loss)
    optimizer = torch.optim.Adam(critic.parameters(), rate, betas=(0.0, 0.9))
    for step in range(steps):
        high, other = noise(64, 2 * step), noise(64, 2 * step + 1)
        judged = adversary.critic_loss(critic, low_of(high), high, other - shift, randomness(0, step, 0))
        optimizer.zero_grad()
        sum_of(judged.terms).backward()
        optimizer.step()
        adversary.constrain(critic)


def test_linear_critic_along_the_shift_reads_the_distance_itself() -> None:
    shift = torch.linspace(-0.2, 0.4, N).view(3, SIDE, SIDE)
    found = measured(Linear(7 * shift), shift)
    true = 255 * float(shift.norm()) / math.sqrt(N)
    assert found.gap == pytest.approx(7 * float(shift.square().sum()), rel=1e-4)
    assert found.steepness == pytest.approx(7 * float(shift.norm()), rel=1e-4)
    for value in (found.wasserstein, found.wasserstein_low, found.ceiling):
        assert value == pytest.approx(true, rel=1e-4)


def test_a_constant_shift_is_told_in_grey_levels() -> None:
    found = measured(Linear(torch.ones(3, SIDE, SIDE)), torch.tensor(5 / 255))
    assert found.wasserstein == pytest.approx(5, rel=1e-3)


@pytest.mark.parametrize("penalty", ["gradient", "gradient-one-sided"])
def test_trained_critic_finds_the_shift(penalty: str) -> None:
    shift = torch.full((3, SIDE, SIDE), 0.1)
    loss = AdversarialLoss(penalty=penalty, penalty_weight=10)  # type: ignore[arg-type]
    torch.manual_seed(0)
    critic = Wide()
    before = measured(critic, shift).wasserstein
    trained(critic, loss, shift, 300, 2e-3)
    after = measured(critic, shift)
    assert after.wasserstein == pytest.approx(25.5, rel=0.1)
    assert before < 0.8 * 25.5
    assert after.wasserstein <= after.ceiling * 1.01
    assert after.wasserstein > after.zero_line


def test_clipped_linear_critic_reads_its_own_known_answer() -> None:
    """|w| <= c: w = c sign(shift), so gap = c |shift|_1, slope c sqrt n, and the estimate 255 |shift|_1 / n."""
    shift = torch.linspace(-0.1, 0.3, N).view(3, SIDE, SIDE)
    critic = Linear(torch.zeros(3, SIDE, SIDE))
    loss = AdversarialLoss(clip=0.01, clip_what="all")
    trained(critic, loss, shift, 150, 1e-3)
    found = measured(critic, shift)
    assert found.gap == pytest.approx(0.01 * float(shift.abs().sum()), rel=0.05)
    assert found.wasserstein == pytest.approx(255 * float(shift.abs().sum()) / N, rel=0.05)
    assert found.wasserstein < found.ceiling * 0.95


def test_a_constant_critic_claims_nothing() -> None:
    class Constant(nn.Module):
        def forward(self, picture: Tensor, low: Tensor | None = None) -> Tensor:
            return picture.new_full((picture.shape[0],), 3.0)

    found = measured(Constant(), torch.tensor(0.1))
    assert (found.gap, found.steepness, found.wasserstein, found.wasserstein_low, found.zero_line) == (0, 0, 0, 0, 0)
    assert separation(found.real - found.fake) == 0.5


def test_real_against_real_stays_inside_the_zero_line() -> None:
    inside = 0
    for seed in range(20):
        torch.manual_seed(seed)
        high, other = noise(32, 1000 + seed), noise(32, 2000 + seed)
        found = claims(Wide(), low_of(high), high, other)
        inside += abs(found.wasserstein) <= found.zero_line
    assert inside >= 16  # 90 % on both sides together


@pytest.mark.parametrize("name", sorted(CRITICS))
def test_no_critic_claims_more_than_the_ceiling(name: str) -> None:
    torch.manual_seed(0)
    critic = CRITICS[name](crop=64, width=4)
    high = torch.rand(4, 3, 64, 64)
    fake = torch.nn.functional.avg_pool2d(high, 5, 1, 2)
    found = claims(critic, high[:, :, ::4, ::4], high, fake)
    assert abs(found.wasserstein) <= found.ceiling * 1.02  # quadrature
    assert abs(found.wasserstein_low) <= abs(found.wasserstein) + 1e-9


def test_zero_line_of_equal_differences_is_that_of_a_coin() -> None:
    """Mean of 400 signs: standard deviation 1/20, 95 % below 1.645 of it."""
    assert zero_line(np.ones(400)) == pytest.approx(1.645 / 20, rel=0.1)


def test_auc_and_separation() -> None:
    real, fake = torch.tensor([1.0, 3.0]), torch.tensor([0.0, 2.0])
    assert separation(real - fake) == 1
    assert pooled_auc(real, fake) == 0.75
    assert pooled_auc(real, real) == 0.5
    assert separation(torch.tensor([1.0, 0.0, -2.0, 0.0])) == 0.5


def test_measuring_changes_nothing() -> None:
    critic = CRITICS["vgg"](crop=32, width=4).train()
    before = {name: value.clone() for name, value in critic.state_dict().items()}
    high = torch.rand(4, 3, 32, 32)
    claims(critic, high[:, :, ::4, ::4], high, high * 0.9)
    assert critic.training
    assert all(torch.equal(value, before[name]) for name, value in critic.state_dict().items())
    assert all(p.grad is None for p in critic.parameters())
