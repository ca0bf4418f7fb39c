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
    row = OBJECTIVES[name]
    equal = torch.full((4,), row.equal_score)
    assert float(row.critic(equal, equal)) == pytest.approx(row.at_equality, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "critic", "generator"),
    [  # at scores of 1 for real and -1 for generated; sp(-2) = 0.1269, sp(-1) = 0.3133, sp(1) = 1.3133, sp(2) = 2.1269
        ("wasserstein", -2.0, 1.0),
        ("vanilla", 2 * 0.313262, 1.313262),
        ("least-squares", 0.5, 2.0),
        ("hinge", 0.0, 1.0),
        ("relativistic-average", 0.126928, 2.126928),
        ("relativistic-pairing", 0.126928, 2.126928),
    ],
)
def test_known_values(name: str, critic: float, generator: float) -> None:
    real, fake, row = torch.ones(3), -torch.ones(3), OBJECTIVES[name]
    assert float(row.critic(real, fake)) == pytest.approx(critic, abs=1e-5)
    assert float(row.generator(real, fake)) == pytest.approx(generator, abs=1e-5)


def test_values_at_equality_are_those_of_the_papers() -> None:
    stated = {name: row.at_equality for name, row in OBJECTIVES.items()}
    assert stated == {
        "wasserstein": 0,
        "vanilla": pytest.approx(2 * math.log(2)),
        "least-squares": 0.25,
        "hinge": 2,
        "relativistic-average": pytest.approx(math.log(2)),
        "relativistic-pairing": pytest.approx(math.log(2)),
    }


@pytest.mark.parametrize("name", OBJECTIVES)
def test_separating_is_good_for_the_critic_and_high_scores_for_the_generator(name: str) -> None:
    row = OBJECTIVES[name]
    one, half = torch.ones(2), torch.full((2,), 0.5)
    assert row.critic(one, -one) < row.critic(-one, one)
    assert row.generator(half, half) < row.generator(half, -half)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_only_relative_objectives_look_at_real_scores_for_the_generator(name: str) -> None:
    row, fake = OBJECTIVES[name], torch.tensor([0.3, -0.2])
    same = torch.equal(row.generator(torch.zeros(2), fake), row.generator(torch.ones(2), fake))
    assert same == (not row.relative)


@settings(deadline=None, max_examples=50)
@given(SCORES, st.floats(-5, 5), st.sampled_from(["relativistic-average", "relativistic-pairing"]))
def test_relative_objectives_ignore_a_constant(scores: torch.Tensor, shift: float, name: str) -> None:
    row, other = OBJECTIVES[name], scores.flip(0) * 0.5
    for loss in (row.critic, row.generator):
        assert float(loss(scores + shift, other + shift)) == pytest.approx(float(loss(scores, other)), abs=1e-9)


@settings(deadline=None, max_examples=50)
@given(SCORES)
def test_the_generator_of_a_relative_objective_is_its_critic_with_sides_exchanged(scores: torch.Tensor) -> None:
    for name in ("relativistic-average", "relativistic-pairing"):
        row = OBJECTIVES[name]
        assert torch.equal(row.generator(scores, -scores), row.critic(-scores, scores))


@settings(deadline=None, max_examples=50)
@given(SCORES, SCORES, st.floats(-5, 5))
def test_wasserstein_ignores_a_constant_but_for_the_generators_zero(
    real: torch.Tensor, fake: torch.Tensor, shift: float
) -> None:
    row = OBJECTIVES["wasserstein"]
    assert float(row.critic(real + shift, fake + shift)) == pytest.approx(float(row.critic(real, fake)), abs=1e-9)
    assert float(row.generator(real, fake + shift)) == pytest.approx(float(row.generator(real, fake)) - shift, abs=1e-9)


@settings(deadline=None, max_examples=50)
@given(SCORES, SCORES)
def test_vanilla_is_binary_cross_entropy_on_logits(real: torch.Tensor, fake: torch.Tensor) -> None:
    bce = torch.nn.functional.binary_cross_entropy_with_logits
    wanted = bce(real, torch.ones_like(real)) + bce(fake, torch.zeros_like(fake))
    assert torch.allclose(OBJECTIVES["vanilla"].critic(real, fake), wanted)
    assert torch.allclose(OBJECTIVES["vanilla"].generator(real, fake), bce(fake, torch.ones_like(fake)))


@pytest.mark.parametrize("name", OBJECTIVES)
def test_gradients(name: str) -> None:
    torch.manual_seed(0)
    real, fake = (torch.randn(5, dtype=torch.float64, requires_grad=True) for _ in range(2))
    assert torch.autograd.gradcheck(OBJECTIVES[name].critic, (real, fake))
    assert torch.autograd.gradcheck(OBJECTIVES[name].generator, (real.detach(), fake))


@pytest.mark.parametrize("name", OBJECTIVES)
def test_large_scores_give_finite_losses(name: str) -> None:
    row = OBJECTIVES[name]
    large = torch.tensor([1e4], requires_grad=True)
    loss = row.critic(-large, large) + row.generator(large, -large)
    loss.backward()
    assert torch.isfinite(loss)
    assert large.grad is not None
    assert torch.isfinite(large.grad).all()
