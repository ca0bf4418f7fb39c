"""What a recipe may say of an optimiser."""

import pytest

from wassr.ground.errors import SettingsError
from wassr.training.shelf import find_recipe


def refused(*settings: str) -> str:
    with pytest.raises(SettingsError) as caught:
        find_recipe("demo", ("content.optimizer={}", *(f"content.optimizer.{setting}" for setting in settings)))
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("betas", "words"), [("[2, 3]", "0: must be less than 1"), ("[0, -1]", "1: must be at least 0")]
)
def test_betas_are_shares(betas: str, words: str) -> None:
    assert f"content.optimizer.betas.{words}" in refused(f"betas={betas}")


@pytest.mark.parametrize(
    ("key", "kind", "others"),
    [
        ("weight_decay", "muon", "adam, adamw, rmsprop, sgd"),
        ("weight_decay", "rmsprop-tensorflow", "adam, adamw, rmsprop, sgd"),
        ("momentum", "rmsprop-tensorflow", "rmsprop, sgd, muon"),
        ("momentum", "adam", "rmsprop, sgd, muon"),
    ],
)
def test_what_an_optimiser_would_ignore_is_refused(key: str, kind: str, others: str) -> None:
    message = refused(f"kind={kind}", f"{key}=0.1")
    assert f"content.optimizer: {kind} has no {key}: set {key}: 0, or choose another kind ({others})" in message


@pytest.mark.parametrize("milestones", ["[250000, 400000]", "[0.0]", "[0.5, 1]"])
def test_milestones_in_steps_are_refused(milestones: str) -> None:
    with pytest.raises(SettingsError) as caught:
        find_recipe("demo", (f"content.schedule={{kind: step, milestones: {milestones}}}",))
    assert "milestones are shares of the stage, as in [0.5, 0.8], not steps" in str(caught.value)
    assert "\n" not in str(caught.value)
