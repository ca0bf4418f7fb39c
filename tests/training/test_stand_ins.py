"""What steps in for a feature loss without weights: which terms, how strong, and that it is said once."""

from pathlib import Path

import pytest
import torch

from tests.training.conftest import Make
from wassr.networks.critics import VGGCritic
from wassr.training.adversarial import Adversary
from wassr.training.adversarial_loss import AdversarialLoss
from wassr.training.loop import train
from wassr.training.losses import LOSSES, content_loss
from wassr.training.recipe import AdversarialStage, ContentLoss, Stage
from wassr.training.runlog import read_log
from wassr.training.shelf import find_recipe, shipped_recipes
from wassr.training.stand_ins import GRADIENT, MATCHING, as_trained, told

VGG16 = Path(__file__).parents[3] / "shared" / "data" / "weights" / "vgg16_features.safetensors"


def test_a_stage_with_weights_or_without_a_feature_loss_is_left_alone() -> None:
    for loss in (ContentLoss(l1=1.0), ContentLoss(feature=1.0, feature_weights="vgg.safetensors")):
        stage = Stage(steps=1, loss=loss)
        assert as_trained(stage) is stage


def test_the_gradient_stands_in_and_against_a_critic_its_features_too() -> None:
    loss = ContentLoss(mse=1.0, feature=16.0)
    assert as_trained(Stage(steps=1, loss=loss)).loss == ContentLoss(mse=1.0, gradient=46.4)
    stage = as_trained(AdversarialStage(steps=1, loss=loss, adversarial=AdversarialLoss(clip=0.01)))
    assert stage.loss == ContentLoss(mse=1.0, gradient=46.4)
    assert stage.adversarial == AdversarialLoss(clip=0.01, matching=5.92)
    before = as_trained(Stage(steps=1, loss=loss.model_copy(update={"feature_before_activation": True}))).loss
    assert before.gradient == pytest.approx(29 * 46.4, rel=0.01)


def test_what_the_recipe_sets_itself_stays() -> None:
    loss = ContentLoss(l1=1.0, gradient=0.5, feature=2.0)
    one = AdversarialStage(steps=1, loss=loss, adversarial=AdversarialLoss(clip=0.01, matching=3.0))
    stage = as_trained(one)
    assert stage.loss == ContentLoss(l1=1.0, gradient=0.5)
    assert stage.adversarial.matching == 3.0


def test_where_the_features_were_the_only_content_pixels_step_in_too() -> None:
    loss = as_trained(Stage(steps=1, loss=ContentLoss(feature=2.0))).loss
    assert loss == ContentLoss(l1=6.8, gradient=5.8)


@pytest.mark.parametrize("name", shipped_recipes())
def test_every_shipped_recipe_can_be_trained_without_weights(name: str) -> None:
    recipe = find_recipe(name)
    stages = [as_trained(stage) for stage in (recipe.content, recipe.adversarial) if stage]
    for stage in stages:
        assert stage.loss.feature == 0
        content_loss(stage.loss, recipe.generator.scale)
    wanted = [stage for stage in (recipe.content, recipe.adversarial) if stage and stage.loss.feature]
    assert len(told(recipe)) == bool(wanted)


@pytest.mark.usefixtures("no_export")
def test_a_run_says_once_what_steps_in_and_logs_it(recipe: Make, tmp_path: Path) -> None:
    loss = {"loss": {"feature": 2.0}, "steps": 1}
    said: list[str] = []
    train(recipe(content=loss, adversarial=loss), tmp_path / "run", say=said.append)
    (line,) = (text for text in said if "feature" in text)
    assert line == (
        "no weights of a feature network, so others step in (content: l1 6.8 and gradient 5.8 for feature 2; "
        "adversarial: l1 6.8 and gradient 5.8 and matching 0.74 for feature 2); to use one set "
        "content.loss.feature_weights and adversarial.loss.feature_weights"
    )
    tags = {entry.tag for entry in read_log(tmp_path / "run" / "log.jsonl")}
    assert {"loss/l1", "loss/gradient", "loss/matching"} <= tags
    assert "loss/feature" not in tags


def test_they_are_about_as_strong_as_the_features() -> None:
    """Not the pictures of the calibration, so only the order of magnitude is held."""
    if not VGG16.exists():
        pytest.skip(f"{VGG16} is not here")
    torch.manual_seed(0)
    y, x = torch.meshgrid(torch.arange(96.0), torch.arange(96.0), indexing="ij")
    planes = [0.5 + 0.3 * torch.sin(x / (2 + i)) * torch.cos(y / (3 + i)) for i in range(12)]
    high = torch.stack(planes).view(4, 3, 96, 96)
    low = torch.nn.functional.avg_pool2d(high, 4)
    made = torch.nn.functional.interpolate(low, scale_factor=4, mode="bicubic").requires_grad_(True)

    def size(value: torch.Tensor) -> float:
        (found,) = torch.autograd.grad(value, made)
        return float(found.norm())

    feature = size(content_loss(ContentLoss(feature=1.0, feature_weights=str(VGG16)), 4)(made, high)["feature"])
    adversary = Adversary(AdversarialLoss(clip=0.01, matching=MATCHING))
    matching = size(adversary.matching(VGGCritic(96), low, high, made)["matching"])
    assert 0.2 < GRADIENT * size(LOSSES["gradient"](made, high, 4)) / feature < 5
    assert 0.2 < matching / feature < 5
