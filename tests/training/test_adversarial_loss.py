"""The object that says what a GAN is: counting, ramp, presets. What it refuses is tested through recipe files."""

import pytest

from wassr.training.adversarial_loss import PRESETS, AdversarialLoss


@pytest.mark.parametrize(("step", "sub", "turn"), [(0, 0, 0), (0, 24, 24), (1, 0, 25), (25, 0, 625), (26, 3, 633)])
def test_turns_count_the_burst(step: int, sub: int, turn: int) -> None:
    assert PRESETS["wgan-clip"].turn(step, sub) == turn


def test_the_ramp_reaches_one() -> None:
    spec = AdversarialLoss(clip=0.01, ramp_steps=4)
    assert [spec.ramp_at(step) for step in range(6)] == [0.25, 0.5, 0.75, 1, 1, 1]
    assert AdversarialLoss(clip=0.01).ramp_at(0) == 1


def test_the_presets_are_what_the_papers_say() -> None:
    p = PRESETS
    assert (p["srgan"].objective, p["srgan"].weight, p["srgan"].critic_steps) == ("vanilla", 1e-3, 1)
    assert (p["wgan-clip-all"].clip, p["wgan-clip-all"].clip_what, p["wgan-clip-all"].critic_steps) == (0.01, "all", 1)
    assert (p["wgan-clip"].clip, p["wgan-clip"].clip_what, p["wgan-clip"].critic_steps) == (0.01, "weights", 5)
    assert p["wgan-clip"].burst_steps > p["wgan-clip"].critic_steps
    for name in ("wgan-gp", "wgan-lp"):
        assert (p[name].objective, p[name].penalty_weight, p[name].critic_steps) == ("wasserstein", 10, 5)
    assert p["hinge-sn"].spectral
    assert (p["ragan"].objective, p["ragan"].weight) == ("relativistic-average", 5e-3)
    assert p["lsgan"].objective == "least-squares"
    assert (p["rpgan-r1r2"].objective, p["rpgan-r1r2"].penalty) == ("relativistic-pairing", "r1+r2")
