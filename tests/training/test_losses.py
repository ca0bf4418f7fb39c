"""Content losses: known values, gradients, and the weighted sum of a recipe."""

from pathlib import Path

import pytest
import torch

from wassr.ground.errors import ModelError, TrainingError
from wassr.training.losses import LOSSES, content_loss
from wassr.training.recipe import ContentLoss

VGG16 = Path(__file__).parents[3] / "shared" / "data" / "weights" / "vgg16_features.safetensors"


def pair() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    high = torch.rand(2, 3, 8, 8, dtype=torch.float64)
    return high + 0.1, high


def test_values_of_a_constant_offset() -> None:
    made, high = pair()
    assert float(LOSSES["l1"](made, high)) == pytest.approx(0.1)
    assert float(LOSSES["mse"](made, high)) == pytest.approx(0.01)
    assert float(LOSSES["charbonnier"](made, high)) == pytest.approx((0.01 + 1e-6) ** 0.5)


@pytest.mark.parametrize("name", LOSSES)
def test_zero_where_equal_and_symmetric(name: str) -> None:
    made, high = pair()
    assert float(LOSSES[name](high, high)) == pytest.approx(0, abs=1.001e-3)  # Charbonnier's epsilon
    assert torch.allclose(LOSSES[name](made, high), LOSSES[name](high, made))


@pytest.mark.parametrize("name", LOSSES)
def test_gradients(name: str) -> None:
    made, high = pair()
    assert torch.autograd.gradcheck(lambda m: LOSSES[name](m, high), (made.requires_grad_(True),))


def test_terms_are_weighted_and_named() -> None:
    made, high = pair()
    terms = content_loss(ContentLoss(l1=2.0, mse=3.0))(made, high)
    assert {name: float(value) for name, value in terms.items()} == pytest.approx({"l1": 0.2, "mse": 0.03})


def test_without_feature_weights_the_pixels_remain_and_one_sentence_says_so() -> None:
    said: list[str] = []
    content = content_loss(ContentLoss(mse=1.0, feature=1.0), said.append)
    assert list(content(*pair())) == ["mse"]
    assert len(said) == 1
    assert "loss.feature_weights" in said[0]
    with pytest.raises(TrainingError, match=r"set loss\.feature_weights or add"):
        content_loss(ContentLoss(feature=1.0), said.append)


def test_a_missing_file_of_weights_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such file"):
        content_loss(ContentLoss(feature=1.0, feature_weights=str(tmp_path / "absent.safetensors")))


def test_feature_loss_of_vgg16() -> None:
    if not VGG16.exists():
        pytest.skip(f"{VGG16} is not here")
    spec = ContentLoss(feature=2.0, feature_weights=str(VGG16), feature_layer="conv2_2")
    content = content_loss(spec)
    torch.manual_seed(0)
    high = torch.rand(1, 3, 32, 32)
    made = (high + 0.05 * torch.randn_like(high)).requires_grad_(True)
    value = content(made, high)["feature"]
    value.backward()
    assert made.grad is not None
    assert float(value.detach()) > 0
    assert float(made.grad.norm()) > 0
    assert float(content(high, high)["feature"]) == 0
    half = content_loss(spec.model_copy(update={"feature": 1.0}))
    assert float(half(made.detach(), high)["feature"]) == pytest.approx(float(value.detach()) / 2, rel=1e-5)
