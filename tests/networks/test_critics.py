"""Critics: the counts of their sources, one score a picture, no limit on it."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from wassr.ground.errors import ModelError
from wassr.networks.critics import CRITICS, DCGANCritic, LeanCritic, VGGCritic
from wassr.networks.probe import cost, count

SMALL: dict[str, dict[str, Any]] = {
    "vgg": {"crop": 64, "width": 8},
    "dcgan": {"crop": 64, "width": 4},
    "lean": {"crop": 64, "width": 8},
}


def critic(name: str, **more: Any) -> nn.Module:
    torch.manual_seed(0)
    return CRITICS[name](**SMALL.get(name, {}), **more)


def test_parameter_counts_of_the_sources() -> None:
    with torch.device("meta"):
        assert count(VGGCritic(96)) == 23_563_649
        fork = DCGANCritic(384)
    assert count(fork) == 48_153_921
    norms = [m for m in fork.modules() if isinstance(m, nn.BatchNorm2d)]
    assert sum(count(norm) for norm in norms) == 12_544


def test_arithmetic_of_the_papers_critic() -> None:
    class Kept(nn.Module):
        """The probe asks for a map of the input's size."""

        def __init__(self) -> None:
            super().__init__()
            self.critic = VGGCritic(32)

        def forward(self, picture: Tensor) -> Tensor:
            return self.critic.features(picture).mean() + picture * 0

    # 0.884 GMAC for 96x96: convolutions scale with the area, the dense layers are 0.019 of it
    assert cost(Kept(), 1, 3).gmac == pytest.approx((0.884e9 - 18432 * 1024 - 1024) / 96**2 / 1e3, rel=0.01)


@pytest.mark.parametrize("name", CRITICS)
@pytest.mark.parametrize("batch", [1, 3])
def test_one_score_a_picture(name: str, batch: int) -> None:
    model = critic(name).eval()
    pictures, low = torch.rand(batch, 3, 64, 64), torch.rand(batch, 3, 16, 16)
    scores = model(pictures)
    assert scores.shape == (batch,)
    assert scores.dtype == torch.float32
    assert torch.equal(model(pictures, low), scores)
    assert torch.allclose(torch.cat([model(one[None]) for one in pictures]), scores, atol=1e-6)


@pytest.mark.parametrize("name", CRITICS)
def test_every_parameter_and_the_picture_get_a_gradient(name: str) -> None:
    model = critic(name, **({} if name == "lean" else {"normalisation": "layer"}))
    pictures = torch.rand(2, 3, 64, 64, requires_grad=True)
    (model(pictures) ** 2).sum().backward()
    silent = [key for key, p in model.named_parameters() if p.grad is None or not bool(p.grad.any())]
    assert silent == []
    assert pictures.grad is not None
    assert bool(pictures.grad.abs().sum(dim=1).bool().all())  # every pixel is judged


@pytest.mark.parametrize("name", CRITICS)
def test_no_sigmoid_and_no_limit(name: str) -> None:
    model = critic(name).eval()
    assert not any(isinstance(m, nn.Sigmoid | nn.Tanh | nn.LogSigmoid) for m in model.modules())
    last = [m for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)][-1]
    pictures = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        before = model(pictures)
        last.weight.mul_(1000)
        if last.bias is not None:
            last.bias.mul_(1000)
        assert torch.allclose(model(pictures), before * 1000, rtol=1e-3)


@pytest.mark.parametrize("name", ["vgg", "dcgan"])
@pytest.mark.parametrize(("normalisation", "kind"), [("bn", nn.BatchNorm2d), ("layer", nn.GroupNorm), ("none", None)])
def test_normalisation(name: str, normalisation: str, kind: type[nn.Module] | None) -> None:
    model = critic(name, normalisation=normalisation)
    found = {type(m) for m in model.modules() if isinstance(m, nn.BatchNorm2d | nn.GroupNorm)}
    assert found == ({kind} if kind else set())
    convolutions = [m for m in model.modules() if isinstance(m, nn.Conv2d)]
    # a bias before a normalisation would be taken out again
    assert [m.bias is not None for m in convolutions][1:] == [kind is None] * (len(convolutions) - 1)


@pytest.mark.parametrize("name", ["vgg", "dcgan"])
def test_with_layer_normalisation_a_score_depends_on_its_picture_only(name: str) -> None:
    model = critic(name, normalisation="layer").train()
    pictures = torch.rand(3, 3, 64, 64)
    assert torch.allclose(model(pictures)[:1], model(pictures[:1]), atol=1e-6)


@pytest.mark.parametrize("crop", [40, 48, 100])
def test_the_papers_critic_takes_any_crop(crop: int) -> None:
    assert VGGCritic(crop, width=8)(torch.rand(2, 3, crop, crop)).shape == (2,)


def test_wrong_crops_are_refused() -> None:
    with pytest.raises(ModelError, match="crops of 64x64, not 96x96"):
        critic("vgg")(torch.rand(1, 3, 96, 96))
    with pytest.raises(ModelError, match="multiple of 64"):
        DCGANCritic(96)
    with pytest.raises(ModelError, match="bn, layer or none"):
        VGGCritic(96, normalisation="spectral")  # type: ignore[arg-type]


def test_the_fork_is_initialised_as_in_2018() -> None:
    model = critic("dcgan")
    gains = torch.cat([m.weight.detach() for m in model.modules() if isinstance(m, nn.BatchNorm2d)])
    kernels = torch.cat([m.weight.detach().flatten() for m in model.modules() if isinstance(m, nn.Conv2d)])
    assert float(gains.mean()) == pytest.approx(1, abs=0.01)
    assert float(kernels.std()) == pytest.approx(0.02, rel=0.05)


def test_the_lean_critic_takes_any_even_size() -> None:
    assert LeanCritic(width=8)(torch.rand(2, 3, 50, 36)).shape == (2,)
