"""The meter on critics whose answers are known."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from tests.training.conftest import Make, waves
from wassr.models.build import Generator
from wassr.networks.critics import CRITICS
from wassr.pixels.resize import shrink
from wassr.training import make
from wassr.training.adversarial_loss import AdversarialLoss
from wassr.training.meter import Meter, separation
from wassr.training.recipe import AdversarialStage
from wassr.training.validation import Pair

SPEC = AdversarialStage(steps=1, crop=32, adversarial=AdversarialLoss(penalty="gradient", penalty_weight=10))


def pairs(count: int = 2, height: int = 48, width: int = 64) -> list[Pair]:
    highs = [waves(height, width, i) for i in range(count)]
    return [Pair(str(i), shrink(high, 4), high) for i, high in enumerate(highs)]


class Sharpness(nn.Module):
    """Knows real from enlarged pictures: the energy between neighbours, times `sign`; or a constant for sign 0."""

    def __init__(self, sign: float) -> None:
        super().__init__()
        self.sign = sign
        self.norm = nn.BatchNorm1d(1)  # must stay as it is

    def forward(self, picture: Tensor, low: Tensor | None = None) -> Tensor:
        assert low is not None
        assert low.shape[-1] * 4 == picture.shape[-1]
        return self.sign * picture.diff(dim=-1).abs().mean((1, 2, 3)) + 0.125


@pytest.fixture
def bicubic() -> Generator:
    class Zero(nn.Module):
        def forward(self, low: Tensor) -> Tensor:
            return low.new_zeros(low.shape[0], 3, 4 * low.shape[2], 4 * low.shape[3])

    return Generator(Zero(), "bicubic", 4)


@pytest.mark.parametrize(("sign", "expected"), [(1.0, 1.0), (-1.0, 0.0), (0.0, 0.5)])
def test_separation_of_known_critics(bicubic: Generator, sign: float, expected: float) -> None:
    critic = Sharpness(sign).train()
    values = Meter(SPEC, pairs(), 4)(critic, bicubic)
    assert values["critic/separation"] == expected
    gap = values["critic/gap_heldout"]
    assert gap == 0 if sign == 0 else gap * sign > 0.005
    assert "critic/saturation" not in values
    assert critic.training
    assert int(critic.norm.num_batches_tracked or 0) == 0


def test_ties_count_half() -> None:
    assert separation(torch.tensor([1.0, 0.0, -2.0, 0.0])) == 0.5
    assert separation(torch.tensor([1.0, 0.0])) == 0.75


def test_saturation_is_told_where_weights_are_clipped(bicubic: Generator) -> None:
    spec = SPEC.model_copy(update={"adversarial": AdversarialLoss(clip=0.01)})
    critic = CRITICS["lean"](width=8)
    with torch.no_grad():
        for p in critic.parameters():
            p.fill_(0.01)
    meter = Meter(spec, pairs(), 4)
    assert meter(critic, bicubic)["critic/saturation"] == 1
    with torch.no_grad():
        for p in critic.parameters():
            p.fill_(0.005)
    assert meter(critic, bicubic)["critic/saturation"] == 0


def test_crops_are_aligned_pairs_and_limited() -> None:
    meter = Meter(SPEC, pairs(40), 4)
    assert meter.high.shape == (64, 3, 32, 32)
    assert meter.low.shape == (64, 3, 8, 8)
    again = torch.nn.functional.avg_pool2d(meter.high, 4)
    assert float((again - meter.low).abs().mean()) < 0.05  # the same place in both
    assert Meter(SPEC, pairs(1, 32, 32), 4).high.shape[0] == 1
    one = Meter(SPEC, pairs(1), 4).high
    assert one.shape[0] == 3  # the middle and two corners
    assert not torch.equal(one[0], one[1])


def test_measuring_changes_nothing(recipe: Make, tmp_path: Path) -> None:
    whole = recipe(
        content={},
        adversarial={
            "critic": {"network": "vgg", "arguments": {"width": 4}},
            "adversarial": {"clip": 0.01, "weight": 1},
        },
    )
    state = make.new_state(whole, "adversarial", make.new_generator(whole), 0.0, 0)
    critic, _ = state.critic_and_optimizer()
    critic(torch.rand(4, 3, 32, 32))
    before = {name: value.clone() for name, value in critic.state_dict().items()}
    spec = make.stage_of(whole, "adversarial")
    assert isinstance(spec, AdversarialStage)
    meter = Meter(spec, pairs(), 4)
    first, second = meter(critic, state.average), meter(critic, state.average)
    assert first == second
    assert all(torch.equal(value, before[name]) for name, value in critic.state_dict().items())
    assert all(p.grad is None for p in critic.parameters())
