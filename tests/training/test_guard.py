"""The guard's judgements: norms against their median, what changes each time, which layer broke first."""

import pytest
import torch
from torch import nn

from wassr.models.build import build_network
from wassr.networks.facts import FACTS
from wassr.training.guard import (
    FACTOR,
    LEAST,
    LOUD,
    SUDDEN,
    WINDOW,
    Caution,
    Exploding,
    Norms,
    first_bad_layer,
    loudness,
)


def test_a_norm_far_above_its_median_is_refused_and_not_remembered() -> None:
    norms = Norms()
    for k in range(LEAST):
        norms.judge("critic", 1.0 + k % 3)  # 1, 2, 3: median 2
    norms.judge("critic", 2 * FACTOR * 0.99)
    norms.judge("critic", 201.0)  # once is no explosion
    with pytest.raises(Exploding, match=r"critic gradient's norm is 202, 101 times its running median"):
        norms.judge("critic", 202.0)
    assert norms.seen["critic"][-1] == pytest.approx(201)
    norms.judge("critic", 2.0)
    with pytest.raises(Exploding, match=r"critic gradient's norm is 2.1e\+04"):
        norms.judge("critic", 2 * SUDDEN * 1.05)


def test_a_critic_under_spectral_norm_spikes_and_is_well() -> None:
    """Norms of a real run, hinge loss, one critic step each: twice 200 times the median, a step apart."""
    norms = Norms()
    for norm in (0.044, 0.041, 0.05, 0.064, 0.066, 0.12, 0.26, 11.0, 0.026, 0.014, *[0.04] * 45, 0.1, 0.17, 0.28, 0.78):
        norms.judge("critic", norm)
    for norm in (31.1, 0.11, 0.044, 0.25, 0.53, 1.08, 1.98, 3.83, 1.46, 0.75, 1.51, 11.8, 0.93, 10.7, 0.34, 0.39):
        norms.judge("critic", norm)


def test_a_collapsed_critic_that_stirs_is_no_explosion() -> None:
    norms = Norms()
    for _ in range(30):
        norms.judge("critic", 3e-6)  # as wgan-clip-all stands after a few hundred steps
    norms.judge("critic", 7e-4)
    with pytest.raises(Exploding):
        norms.judge("critic", 0.5)


def test_young_medians_and_other_networks_judge_nothing() -> None:
    norms = Norms()
    for k in range(LEAST):
        norms.judge("generator", 10.0 ** (3 * (k % 2)))  # still learning what is usual
    norms.judge("critic", 1e9)
    quiet = Norms({"critic": [0.0] * LEAST})
    quiet.judge("critic", 5.0)  # a critic that said nothing so far may begin to speak


def test_results_beyond_any_picture_need_no_history() -> None:
    picture = torch.rand(2, 3, 8, 8)
    for made in (picture, -picture, picture + 3, LOUD * torch.ones(1, 3, 4, 4)):
        loudness(made)
    loudness(picture * float("nan"))  # named by those who know the term and the layer
    loudness(picture / 0)
    for made in (picture + LOUD, -2 * LOUD * torch.ones(1, 3, 4, 4)):
        with pytest.raises(Exploding, match=r"the generator's results are \d+(\.\d+)? times as bright as white"):
            loudness(made)


@pytest.mark.parametrize("name", FACTS)
@pytest.mark.parametrize("seed", range(3))
def test_fresh_networks_are_far_from_loud(name: str, seed: int) -> None:
    torch.manual_seed(seed)
    planes = FACTS[name].planes
    with torch.no_grad():
        made = build_network(name, 4, {})(torch.rand(2, planes, 12, 12))
    assert float(made.abs().mean()) < LOUD / 5


def test_only_a_window_is_remembered() -> None:
    norms = Norms()
    for k in range(3 * WINDOW):
        norms.judge("x", 1.0 + k)
    assert norms.seen["x"] == [1.0 + k for k in range(2 * WINDOW, 3 * WINDOW)]


def test_each_time_one_thing_changes() -> None:
    caution, words = Caution(), []
    for step in (7, 7, 9):
        caution, change = caution.after(step, has_penalty=True)
        words.append(change)
    assert words == ["learning rate x 0.5", "penalty weight x 2", "learning rate x 0.5"]
    assert caution == Caution(times=3, rate=0.25, penalty=2.0, skipped=(7, 7, 9))
    assert [caution.attempt(step) for step in (6, 7, 9)] == [0, 2, 1]
    without, change = Caution(times=1, rate=0.5).after(3, has_penalty=False)
    assert change == "learning rate x 0.5"
    assert without.rate == 0.25


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2), nn.ReLU(), nn.Conv2d(2, 1, 1))


def test_the_first_bad_layer_is_named() -> None:
    model, picture = network().train(), torch.rand(1, 1, 4, 4)
    count = int(model[1].num_batches_tracked)  # type: ignore[arg-type]
    assert first_bad_layer(model, picture) is None
    assert model.training
    assert int(model[1].num_batches_tracked) == count  # type: ignore[arg-type]
    with torch.no_grad():
        model[3].weight.fill_(3e38)  # type: ignore[union-attr]
        model[3].bias.fill_(3e38)  # type: ignore[union-attr]
        model[0].bias.fill_(50.0)  # type: ignore[union-attr]
    assert first_bad_layer(model, picture) == "layer 3"
    with torch.no_grad():
        model[0].weight[0] = float("nan")  # type: ignore[union-attr, index]
    assert first_bad_layer(model, picture) == "weights 0.weight"
    assert not any(m._forward_hooks for m in model.modules())
