"""Critics: the counts of their sources, one score a picture, no limit on it."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from wassr.ground.errors import ModelError
from wassr.networks.critics import (
    CRITICS,
    DCGANCritic,
    LeanCritic,
    PatchCritic,
    UNetCritic,
    VGGCritic,
    activations,
    per_picture,
)
from wassr.networks.probe import cost, count

SMALL: dict[str, dict[str, Any]] = {
    "vgg": {"crop": 64, "width": 8},
    "dcgan": {"crop": 64, "width": 4},
    "lean": {"crop": 64, "width": 8},
    "patch": {"width": 8},
    "unet": {"width": 8},
}
NORMALISED = ("vgg", "dcgan", "patch")
PLACES = {"patch": 36, "unet": 64 * 64}  # scores of a picture of 64x64


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
    with torch.device("meta"):
        assert count(UNetCritic(spectral=False)) == 4_376_897  # Real-ESRGAN
        assert count(PatchCritic(normalisation="none")) == 2_764_737  # pix2pix without parameters of normalisation


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
def test_scores_of_a_picture_are_its_own(name: str, batch: int) -> None:
    model = critic(name).eval()
    pictures, low = torch.rand(batch, 3, 64, 64), torch.rand(batch, 3, 16, 16)
    scores = model(pictures)
    assert scores.shape == ((batch, PLACES[name]) if name in PLACES else (batch,))
    assert per_picture(scores).shape == (batch,)
    assert scores.dtype == torch.float32
    assert torch.equal(model(pictures, low), scores)
    assert torch.allclose(torch.cat([model(one[None]) for one in pictures]), scores, atol=1e-6)


@pytest.mark.parametrize("name", CRITICS)
def test_a_conditional_critic_looks_at_both(name: str) -> None:
    model = critic(name, conditional=True).eval()
    pictures, low = torch.rand(2, 3, 64, 64), torch.rand(2, 3, 16, 16)
    scores = model(pictures, low)
    assert not torch.equal(scores, model(pictures, low.flip(0)))
    assert not torch.equal(scores, model(pictures.flip(0), low))
    with pytest.raises(ModelError, match="pass low"):
        model(pictures)
    same = model(torch.full((2, 3, 64, 64), 0.3), torch.full((2, 3, 16, 16), 0.3))  # a constant is enlarged to itself
    assert torch.allclose(same[0], same[1])


def test_per_picture_is_the_mean_over_places() -> None:
    assert per_picture(torch.tensor([[1.0, 3.0], [0.0, 1.0]])).tolist() == [2.0, 0.5]


@pytest.mark.parametrize("name", CRITICS)
def test_every_parameter_and_the_picture_get_a_gradient(name: str) -> None:
    model = critic(name, **({"normalisation": "layer"} if name in NORMALISED else {}))
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
    last = [m for m in model.modules() if isinstance(m, nn.Conv2d | nn.Linear)][-1]  # never under spectral norm
    pictures = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        before = model(pictures)
        last.weight.mul_(1000)
        if last.bias is not None:
            last.bias.mul_(1000)
        assert torch.allclose(model(pictures), before * 1000, rtol=1e-3, atol=1e-3 * float(before.abs().max()))


@pytest.mark.parametrize("name", NORMALISED)
@pytest.mark.parametrize(("normalisation", "kind"), [("bn", nn.BatchNorm2d), ("layer", nn.GroupNorm), ("none", None)])
def test_normalisation(name: str, normalisation: str, kind: type[nn.Module] | None) -> None:
    model = critic(name, normalisation=normalisation)
    found = {type(m) for m in model.modules() if isinstance(m, nn.BatchNorm2d | nn.GroupNorm)}
    assert found == ({kind} if kind else set())
    convolutions = [m for m in model.modules() if isinstance(m, nn.Conv2d)]
    # a bias before a normalisation would be taken out again
    inner = convolutions[1:-1] if name == "patch" else convolutions[1:]
    assert [m.bias is not None for m in inner] == [kind is None] * len(inner)


@pytest.mark.parametrize("name", NORMALISED)
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
    for wrong in (16, 31):
        with pytest.raises(ModelError, match="choose one of 32 or more"):
            CRITICS["patch"](crop=wrong)
    for name, step in (("unet", 8), ("lean", 2)):
        CRITICS[name](crop=32, width=8)
        for wrong in (32 + step // 2, 0):
            with pytest.raises(ModelError, match=f"choose one of 8 or more, a multiple of {step}"):
                CRITICS[name](crop=wrong)
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


def test_the_unet_sees_near_and_far() -> None:
    """A pixel's score depends on pixels further away than its own 3x3 convolutions reach."""
    model = critic("unet", spectral=False).eval()
    picture = torch.rand(1, 3, 64, 64, requires_grad=True)
    model(picture)[0, 32 * 64 + 32].backward()
    assert picture.grad is not None
    seen = picture.grad.abs().sum(dim=(0, 1)) > 0
    assert int(seen.any(1).nonzero().max() - seen.any(1).nonzero().min()) > 30


def test_a_patch_sees_seventy_pixels() -> None:
    model = critic("patch", normalisation="none").eval()
    picture = torch.rand(1, 3, 128, 128, requires_grad=True)
    scores = model(picture)
    side = int(scores.shape[1] ** 0.5)
    scores[0, side // 2 * side + side // 2].backward()
    assert picture.grad is not None
    rows = (picture.grad.abs().sum(dim=(0, 1, 3)) > 0).nonzero().flatten()
    assert int(rows[-1] - rows[0]) + 1 == 70


@pytest.mark.parametrize("name", CRITICS)
def test_activations_are_the_inner_layers_in_order(name: str) -> None:
    model = critic(name).eval()
    pictures = torch.rand(2, 3, 64, 64)
    found = activations(model, pictures)
    assert len(found) >= 4
    assert all(f.shape[0] == 2 for f in found)
    assert torch.equal(activations(model, pictures)[0], found[0])
    assert not any(m._forward_hooks for m in model.modules())


@pytest.mark.parametrize("name", CRITICS)
def test_scores_are_float32_under_autocast(name: str) -> None:
    model, pictures = critic(name).eval(), torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        with torch.autocast("cpu", torch.bfloat16):
            scores = model(pictures)
        exact = model(pictures)
    assert scores.dtype == torch.float32
    assert not torch.equal(scores, exact)  # something did run in bfloat16
    assert torch.allclose(scores, exact, atol=0.05 * float(exact.abs().max()) + 0.02)


def test_a_plane_of_the_quality_is_nothing_to_a_critic() -> None:
    model = critic("vgg", conditional=True).eval()
    pictures, low = torch.rand(2, 3, 64, 64), torch.rand(2, 3, 16, 16)
    assert torch.equal(model(pictures, torch.cat([low, torch.rand(2, 1, 16, 16)], 1)), model(pictures, low))
