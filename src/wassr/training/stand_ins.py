"""What steps in for a feature loss whose weights nobody has: a stage of a recipe as it can be trained. No torch."""

from typing import TypeVar

from wassr.training.recipe import AdversarialStage, ContentLoss, Recipe, Stage

S = TypeVar("S", bound=Stage)

# Weights for each unit of loss.feature. With them a term's gradient at the generator's output is as large as that of
# VGG16's conv5_3 after ReLU (median of six batches of 16 crops of 96, results of compact-x4 on held-out pictures): a
# fixed adversarial weight then stands against about what it was made for. For `feature: 16` beside `mse: 1` that is 500
# times the gradient of the MSE, as in the SRGAN paper. `matching` was measured on a fresh critic of kind vgg with batch
# normalisation; without normalisation a fresh critic's features move a hundred times less.
GRADIENT, MATCHING = 2.9, 0.37
PIXEL = 3.4  # l1, where the recipe names no term of pixels: neither stand-in sees a colour that is off everywhere
BEFORE_ACTIVATION = 29.0  # times as large is the gradient of conv5_3 before its ReLU, which silences most of it


def as_trained(stage: S) -> S:
    """The same stage; where its feature loss has no weights, with what stands in for it.

    What the recipe sets itself of these terms stays as it is.
    """
    if not _lacks_weights(stage.loss):
        return stage
    terms = _terms(stage)
    matching = terms.pop("matching", 0.0)
    stage = stage.model_copy(update={"loss": stage.loss.model_copy(update={"feature": 0.0, **terms})})
    if isinstance(stage, AdversarialStage) and matching:
        adversarial = stage.adversarial.model_copy(update={"matching": matching})
        stage = stage.model_copy(update={"adversarial": adversarial})
    return stage


def told(recipe: Recipe) -> list[str]:
    """One sentence about what stands in for what, with the way to the feature loss; none where nothing has to."""
    stages = {"content": recipe.content, "adversarial": recipe.adversarial}
    lacking = {name: stage for name, stage in stages.items() if stage and _lacks_weights(stage.loss)}
    if not lacking:
        return []
    parts = [f"{name}: {_words(stage)} for feature {stage.loss.feature:g}" for name, stage in lacking.items()]
    keys = " and ".join(f"{name}.loss.feature_weights" for name in lacking)
    return [f"no weights of a feature network, so others step in ({'; '.join(parts)}); to use one set {keys}"]


def _words(stage: Stage) -> str:
    return " and ".join(f"{name} {weight:g}" for name, weight in _terms(stage).items()) or "nothing more"


def _lacks_weights(loss: ContentLoss) -> bool:
    return loss.feature > 0 and not loss.feature_weights


def _terms(stage: Stage) -> dict[str, float]:
    """The terms that step in, and their weights: those that the recipe does not set."""
    loss, terms = stage.loss, dict[str, float]()
    unit = loss.feature * (BEFORE_ACTIVATION if loss.feature_before_activation else 1.0)
    if not (loss.l1 or loss.mse or loss.charbonnier):
        terms["l1"] = PIXEL * unit
    if not loss.gradient:
        terms["gradient"] = GRADIENT * unit
    if isinstance(stage, AdversarialStage) and not stage.adversarial.matching:
        terms["matching"] = MATCHING * unit
    return {name: float(f"{weight:.3g}") for name, weight in terms.items()}
