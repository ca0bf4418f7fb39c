"""Objectives: values at equality, signs, shifts, gradients."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from wassr.training.objectives import OBJECTIVES

SCORES = st.lists(st.floats(-20, 20), min_size=1, max_size=6).map(lambda v: torch.tensor(v, dtype=torch.float64))


@pytest.mark.parametrize("name", OBJECTIVES)
def test_value_at_equality(name: str) -> None:
    zeros = torch.zeros(4)
    assert float(OBJECTIVES[name].critic(zeros, zeros)) == pytest.approx(OBJECTIVES[name].at_equality, abs=1e-6)


def test_known_values() -> None:
    assert OBJECTIVES["vanilla"].at_equality == pytest.approx(2 * math.log(2))
    assert float(OBJECTIVES["vanilla"].generator(torch.zeros(3))) == pytest.approx(math.log(2))
    assert float(OBJECTIVES["wasserstein"].critic(torch.full((3,), 2.0), torch.full((5,), -1.0))) == -3  # minus the gap
    assert float(OBJECTIVES["wasserstein"].generator(torch.full((3,), 2.0))) == -2


@pytest.mark.parametrize("name", OBJECTIVES)
def test_separating_is_good_for_the_critic_and_high_scores_for_the_generator(name: str) -> None:
    row = OBJECTIVES[name]
    assert row.critic(torch.ones(2), -torch.ones(2)) < row.critic(-torch.ones(2), torch.ones(2))
    assert row.generator(torch.ones(2)) < row.generator(-torch.ones(2))


@settings(deadline=None, max_examples=50)
@given(SCORES, SCORES, st.floats(-5, 5))
def test_wasserstein_ignores_a_constant_but_for_the_generators_zero(
    real: torch.Tensor, fake: torch.Tensor, shift: float
) -> None:
    row = OBJECTIVES["wasserstein"]
    assert float(row.critic(real + shift, fake + shift)) == pytest.approx(float(row.critic(real, fake)), abs=1e-9)
    assert float(row.generator(fake + shift)) == pytest.approx(float(row.generator(fake)) - shift, abs=1e-9)


@settings(deadline=None, max_examples=50)
@given(SCORES, SCORES)
def test_vanilla_is_binary_cross_entropy_on_logits(real: torch.Tensor, fake: torch.Tensor) -> None:
    bce = torch.nn.functional.binary_cross_entropy_with_logits
    wanted = bce(real, torch.ones_like(real)) + bce(fake, torch.zeros_like(fake))
    assert torch.allclose(OBJECTIVES["vanilla"].critic(real, fake), wanted)
    assert torch.allclose(OBJECTIVES["vanilla"].generator(fake), bce(fake, torch.ones_like(fake)))


@pytest.mark.parametrize("name", OBJECTIVES)
def test_gradients(name: str) -> None:
    torch.manual_seed(0)
    real, fake = (torch.randn(5, dtype=torch.float64, requires_grad=True) for _ in range(2))
    assert torch.autograd.gradcheck(OBJECTIVES[name].critic, (real, fake))
    assert torch.autograd.gradcheck(OBJECTIVES[name].generator, (fake,))


def test_vanilla_survives_large_scores() -> None:
    row = OBJECTIVES["vanilla"]
    large = torch.tensor([1e4], requires_grad=True)
    loss = row.critic(-large, large) + row.generator(-large)
    loss.backward()
    assert torch.isfinite(loss)
    assert large.grad is not None
    assert torch.isfinite(large.grad).all()
