"""Content losses: known values, gradients, and the weighted sum of a recipe."""

from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from wassr.ground.errors import ModelError
from wassr.training.losses import LOSSES, content_loss
from wassr.training.recipe import ContentLoss

VGG16 = Path(__file__).parents[3] / "shared" / "data" / "weights" / "vgg16_features.safetensors"


def pair() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    high = torch.rand(2, 3, 8, 8, dtype=torch.float64)
    return high + 0.1, high


def test_values_of_a_constant_offset() -> None:
    made, high = pair()
    assert float(LOSSES["l1"](made, high, 4)) == pytest.approx(0.1)
    assert float(LOSSES["mse"](made, high, 4)) == pytest.approx(0.01)
    assert float(LOSSES["charbonnier"](made, high, 4)) == pytest.approx((0.01 + 1e-6) ** 0.5)


def test_the_gradient_loss_sees_edges_and_no_offset() -> None:
    made, high = pair()
    assert float(LOSSES["gradient"](made, high, 4)) == pytest.approx(0, abs=1e-12)
    step = torch.zeros(1, 1, 2, 4)
    step[..., 2:] = 1.0  # one edge of height 1 among the three differences of each row; none down
    assert float(LOSSES["gradient"](step, torch.zeros_like(step), 4)) == pytest.approx((1 / 3) / 2)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_raster_loss_sees_what_repeats_with_the_raster_and_little_else(scale: int) -> None:
    side = 16 * scale
    high = torch.zeros(1, 1, side, side)
    dots = torch.zeros_like(high)
    dots[..., ::scale, ::scale] = 0.1  # one place of every low pixel
    share = 1 / scale**2  # of the places; they stand out by 1 - share of the dots' height, the others by share
    expected = 0.1 * 2 * share * (1 - share)
    assert float(LOSSES["raster"](dots, high, scale)) == pytest.approx(expected)
    assert float(LOSSES["raster"](high + 0.1, high, scale)) == pytest.approx(0, abs=1e-7)
    torch.manual_seed(0)
    noise = 0.1 * torch.randn(4, 3, side, side)
    ratio = LOSSES["raster"](noise, torch.zeros_like(noise), scale) / noise.abs().mean()
    assert float(ratio) == pytest.approx(1 / 8 * (1 - share) ** 0.5, rel=0.1)  # 64 samples a phase


@pytest.mark.parametrize(("v", "u"), [(0, 1), (3, 0), (5, 2)])
def test_the_frequency_loss_of_a_wave_is_its_amplitude_at_its_frequency(v: int, u: int) -> None:
    """cos is one half at its frequency and its mirror, which the half spectrum holds for u = 0 only."""
    height, width, amplitude = 16, 24, 0.1
    y, x = torch.meshgrid(torch.arange(height) / height, torch.arange(width) / width, indexing="ij")
    wave = amplitude * torch.cos(2 * torch.pi * (v * y + u * x))[None, None]
    numbers = height * (width // 2 + 1) * 2
    expected = amplitude / 2 * (height * width) ** 0.5 * (2 if u == 0 else 1) / numbers
    assert float(LOSSES["frequency"](wave, torch.zeros_like(wave), 4)) == pytest.approx(expected, rel=1e-3)


def test_a_raster_that_turns_its_sign_from_window_to_window_is_seen_too() -> None:
    dots = torch.zeros(1, 1, 64, 64)
    dots[..., ::4, ::4] = 0.1
    turned = dots.clone()
    turned[..., 32:, :] *= -1
    zero = torch.zeros_like(dots)
    assert float(LOSSES["raster"](turned, zero, 4)) == pytest.approx(float(LOSSES["raster"](dots, zero, 4)))


def test_every_loss_has_its_weight_in_recipes() -> None:
    assert set(LOSSES) <= set(ContentLoss.model_fields)
    for name in LOSSES:
        assert list(content_loss(ContentLoss(**{name: 1.0}), 4)(*pair())) == [name]


@pytest.mark.parametrize("name", LOSSES)
def test_zero_where_equal_and_symmetric(name: str) -> None:
    made, high = pair()
    assert float(LOSSES[name](high, high, 4)) == pytest.approx(0, abs=1.001e-3)  # Charbonnier's epsilon
    assert torch.allclose(LOSSES[name](made, high, 4), LOSSES[name](high, made, 4))


@pytest.mark.parametrize("name", LOSSES)
def test_gradients(name: str) -> None:
    _, high = pair()
    made = torch.rand_like(high)  # not a constant offset: differences between neighbours must not vanish
    assert torch.autograd.gradcheck(lambda m: LOSSES[name](m, high, 4), (made.requires_grad_(True),))


def test_terms_are_weighted_and_named() -> None:
    made, high = pair()
    terms = content_loss(ContentLoss(l1=2.0, mse=3.0), 4)(made, high)
    assert {name: float(value) for name, value in terms.items()} == pytest.approx({"l1": 0.2, "mse": 0.03})


def test_a_missing_file_of_weights_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such file"):
        content_loss(ContentLoss(feature=1.0, feature_weights=str(tmp_path / "absent.safetensors")), 4)


def test_feature_loss_of_vgg16() -> None:
    if not VGG16.exists():
        pytest.skip(f"{VGG16} is not here")
    spec = ContentLoss(feature=2.0, feature_weights=str(VGG16), feature_layer="conv2_2")
    content = content_loss(spec, 4)
    torch.manual_seed(0)
    high = torch.rand(1, 3, 32, 32)
    made = (high + 0.05 * torch.randn_like(high)).requires_grad_(True)
    value = content(made, high)["feature"]
    value.backward()
    assert made.grad is not None
    assert float(value.detach()) > 0
    assert float(made.grad.norm()) > 0
    assert float(content(high, high)["feature"]) == 0
    half = content_loss(spec.model_copy(update={"feature": 1.0}), 4)
    several = spec.model_copy(update={"feature_layer": {"conv2_2": 0.25, "conv3_3": 2.0}})
    single = spec.model_copy(update={"feature_layer": "conv3_3"})
    parts = [float(content_loss(one, 4)(made.detach(), high)["feature"]) for one in (several, single)]
    assert parts[0] == pytest.approx(0.25 * float(value.detach()) + 2 * parts[1], rel=1e-5)
    assert float(half(made.detach(), high)["feature"]) == pytest.approx(float(value.detach()) / 2, rel=1e-5)


def test_features_of_crops_resized() -> None:
    if not VGG16.exists():
        pytest.skip(f"{VGG16} is not here")
    torch.manual_seed(0)
    made, high = torch.rand(2, 1, 3, 24, 24)
    spec = ContentLoss(feature=1.0, feature_weights=str(VGG16), feature_layer="pool4", feature_side=48)
    larger = [F.interpolate(x, (48, 48), mode="bilinear") for x in (made, high)]
    whole = content_loss(spec.model_copy(update={"feature_side": None}), 4)
    assert torch.equal(content_loss(spec, 4)(made, high)["feature"], whole(larger[0], larger[1])["feature"])
