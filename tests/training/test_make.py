"""From recipes to networks and back to model files."""

from pathlib import Path

import pytest
import torch

from tests.training.conftest import Make
from wassr.ground.errors import ModelError, TrainingError
from wassr.models.build import build_generator
from wassr.models.modelfile import load_weights, read_card
from wassr.training import make


def test_generators_and_critics_depend_on_the_seed_only(recipe: Make) -> None:
    one, other = recipe(content={}, adversarial={}), recipe(content={}, adversarial={}, seed=1)
    states = [make.new_state(r, "adversarial", make.new_generator(r), 0.0, 0) for r in (one, one, other)]
    for part in ("generator", "critic"):
        a, b, c = (next(p for p in getattr(s, part).parameters() if p.ndim > 1) for s in states)
        assert torch.equal(a, b)
        assert not torch.equal(a, c)


def test_a_state_begins_from_the_start_and_trains_its_own_copy(recipe: Make) -> None:
    whole = recipe(content={}, adversarial={})
    start = make.new_generator(whole)
    with torch.no_grad():
        for p in start.parameters():
            p.add_(0.01)
    state = make.new_state(whole, "content", start, 1.5, 3)
    assert state.hours_before == 1.5
    assert state.total == 3
    assert state.critic is None
    for a, b, c in zip(start.parameters(), state.generator.parameters(), state.average.parameters(), strict=True):
        assert torch.equal(a, b)
        assert torch.equal(a, c)
        assert a is not b
        assert b is not c
    assert state.generator.training


def test_model_files_carry_their_story(recipe: Make, tmp_path: Path) -> None:
    whole = recipe(content={"loss": {"mse": 2.0}}, adversarial={}, licence_data="CC0", purpose="to test")
    generator = make.new_generator(whole)
    card = make.model_card(whole, "adversarial", 12, 0.5, "3 pictures", "mother", "tiny")
    path = tmp_path / "tiny.safetensors"
    make.save_model(path, generator, card)
    again = read_card(path)
    assert again == card
    assert (again.network, again.scale, again.base, again.channels) == ("compact", 4, "bicubic", "rgb")
    assert (again.steps, again.hours, again.parent, again.data) == (12, 0.5, "mother", "3 pictures")
    assert (again.purpose, again.licence_data) == ("to test", "CC0")
    assert again.radius == 4  # four 3x3 convolutions
    assert "adversarial wasserstein at ratio 1" in again.losses
    assert "name: tiny" in again.recipe
    assert make.model_card(whole, "content", 6, 0.2, "", None, "tiny-content").losses == "mse 2"
    loss = {"loss": {"mse": 2.0, "feature": 1.0}}  # without weights others stand in
    instead = recipe(content=loss, adversarial=loss)
    assert make.model_card(instead, "content", 1, 0.5, "", None, "x").losses == "mse 2, gradient 2.9"
    losses = make.model_card(instead, "adversarial", 1, 0.5, "", None, "x").losses
    assert losses == "mse 2, gradient 2.9, critic's features 0.37, adversarial wasserstein at ratio 1"
    weights, card = load_weights(path)
    low = torch.rand(1, 3, 8, 8)
    assert torch.equal(build_generator(card, weights)(low), generator.eval()(low))


@pytest.mark.parametrize(
    ("steps", "inputs"),
    [
        ([], "clean"),
        ([{"blur": {}}, {"noise": {}}], "clean"),
        ([{"blur": {}}, {"jpeg": {}}], "compressed"),
        ([{"webp": {}}], "compressed"),
        ("jpeg", "compressed"),
    ],
)
def test_a_card_says_which_inputs_a_model_is_for(recipe: Make, pictures: Path, steps: object, inputs: str) -> None:
    whole = recipe(content={}, data={"train": [str(pictures)], "degradations": steps})
    assert make.model_card(whole, "content", 1, 0.1, "", None, "m").inputs == inputs


def test_a_card_names_no_folder_of_this_machine(recipe: Make, pictures: Path) -> None:
    loss = {"mse": 2.0, "feature": 1.0, "feature_weights": "/home/me/vgg16.safetensors"}
    whole = recipe(content={"loss": loss}, data={"train": [str(pictures), "~/photos", "here/mine"]})
    kept = make.portable(whole)
    assert kept.data.train == (pictures.name, "photos", "here/mine")
    assert kept.content is not None
    assert kept.content.loss.feature_weights == "vgg16.safetensors"
    assert kept.model_copy(update={"data": whole.data, "content": whole.content}) == whole
    assert "/home/me" not in make.model_card(whole, "content", 1, 0.1, "", None, "m").recipe


def test_starting_from_a_model(recipe: Make, tmp_path: Path) -> None:
    whole = recipe(content={})
    generator = make.new_generator(whole)
    path = tmp_path / "mother.safetensors"
    make.save_model(path, generator, make.model_card(whole, "content", 1, 2.5, "", None, "mother"))
    found, card = make.start_from(recipe(content={}, seed=5), str(path))
    assert (card.name, card.hours) == ("mother", 2.5)
    assert all(torch.equal(a, b) for a, b in zip(found.parameters(), generator.parameters(), strict=True))
    other = recipe(content={}, generator={"network": "compact", "arguments": {"channels": 32, "blocks": 1}})
    with pytest.raises(TrainingError) as caught:
        make.start_from(other, str(path))
    message = str(caught.value)
    assert "tiny cannot start from mother" in message
    assert "channels=32" in message
    assert "channels=16" in message
    assert "\n" not in message
    for name in ("absent.safetensors", "absent"):
        with pytest.raises(ModelError, match="no such model"):
            make.start_from(whole, str(tmp_path / name) if "." in name else name)
    make.start_from(
        recipe(content={}, generator={"network": "compact", "arguments": {"blocks": 1, "channels": 16, "depth": 2}}),
        str(path),
    )  # a default that is spelt out is no difference


@pytest.mark.parametrize("scale", [1, 2])
def test_a_model_of_another_scale_lends_its_body(recipe: Make, tmp_path: Path, scale: int) -> None:
    whole = recipe(content={})
    generator, path = make.new_generator(whole), tmp_path / "mother.safetensors"
    make.save_model(path, generator, make.model_card(whole, "content", 1, 2.5, "", None, "mother"))
    size = {"network": "compact", "arguments": {"channels": 16, "blocks": 1}, "scale": scale}
    data = {"train": ["x"], "degradations": "jpeg"}
    twice = recipe(content={}, generator=size, seed=5, data=data)
    found, card = make.start_from(twice, str(path), other_scale=True)
    assert card.name == "mother"
    old, fresh = generator.network.state_dict(), make.new_generator(twice).network.state_dict()
    for key, tensor in found.network.state_dict().items():
        assert torch.equal(tensor, fresh[key] if key.startswith("tail") else old[key]), key
    with pytest.raises(TrainingError, match=rf"x{scale} .*, model .* x4"):
        make.start_from(twice, str(path))
    wider = recipe(content={}, generator=size | {"arguments": {"channels": 32, "blocks": 1}}, data=data)
    with pytest.raises(TrainingError, match="channels=32"):
        make.start_from(wider, str(path), other_scale=True)


def test_a_larger_one_begins_as_the_smaller_one(recipe: Make, tmp_path: Path) -> None:
    whole = recipe(content={})
    generator, path = make.new_generator(whole), tmp_path / "mother.safetensors"
    torch.nn.init.normal_(generator.network.tail[0].weight, std=0.1)  # type: ignore[index, union-attr]
    make.save_model(path, generator, make.model_card(whole, "content", 1, 2.5, "", None, "mother"))
    larger = recipe(content={}, generator={"network": "compact", "arguments": {"channels": 32, "blocks": 2}})
    found, card = make.start_from(larger, str(path), other_scale=True)
    assert card.name == "mother"
    low = torch.rand(1, 3, 8, 9)
    assert torch.allclose(found(low), generator(low), atol=1e-5)
    for size in ({"channels": 32, "blocks": 1}, {"channels": 16, "blocks": 3}):
        one = recipe(content={}, generator={"network": "compact", "arguments": size})
        with pytest.raises(TrainingError, match="tiny cannot start from mother"):
            make.start_from(one, str(path))  # an adversarial stage goes on from what it is given
    less = recipe(content={}, generator={"network": "compact", "arguments": {"channels": 8, "blocks": 2}})
    with pytest.raises(TrainingError, match="channels=8"):
        make.start_from(less, str(path), other_scale=True)


def test_a_model_without_weights_cannot_be_trained_on(
    recipe: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = recipe(content={})
    generator = make.new_generator(whole)
    path = tmp_path / "m.safetensors"
    make.save_model(path, generator, make.model_card(whole, "content", 1, 2.5, "", None, "m"))
    from wassr.models.shelf import find

    found = find(path)
    monkeypatch.setattr(make, "find", lambda name: type(found)(found.card, None, path))
    with pytest.raises(TrainingError, match="needs its weights file"):
        make.start_from(whole, "m")


def problem(recipe: Make, **adversarial: object) -> str:
    with pytest.raises((TrainingError, ModelError)) as caught:
        make.adversarial_problems(recipe(content={}, adversarial=adversarial), print)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_critics_that_cannot_be(recipe: Make) -> None:
    assert "set adversarial.critic.arguments.normalisation" in problem(
        recipe, critic={"network": "vgg", "arguments": {"width": 4}}
    )
    assert "multiple of 64" in problem(recipe, critic={"network": "dcgan"})


@pytest.mark.parametrize(
    ("critic", "crop", "scale", "words"),
    [
        ("unet", 36, 4, "critic unet: crop 36 does not fit its layers; choose one of 8 or more, a multiple of 8"),
        ("patch", 16, 4, "critic patch: crop 16 does not fit its layers; choose one of 32 or more"),
        ("lean", 33, 3, "critic lean: crop 33 does not fit its layers; choose one of 8 or more, a multiple of 2"),
    ],
)
def test_crops_that_a_critic_cannot_judge(recipe: Make, critic: str, crop: int, scale: int, words: str) -> None:
    stage = {"critic": {"network": critic, "arguments": {"width": 4}}, "crop": crop, "adversarial": "srgan"}
    generator = {"network": "compact", "arguments": {"channels": 16, "blocks": 1}, "scale": scale}
    with pytest.raises(ModelError) as caught:
        make.adversarial_problems(recipe(content={"crop": 36}, adversarial=stage, generator=generator), print)
    assert str(caught.value) == words


def test_mistakes_of_the_second_stage_are_found_before_the_first(recipe: Make, tmp_path: Path) -> None:
    loss = {"l1": 1.0, "feature": 1.0, "feature_weights": str(tmp_path / "absent.safetensors")}
    message = problem(recipe, loss=loss)
    assert message.startswith("tiny: adversarial.loss: ")
    assert "absent.safetensors: no such file; name the VGG weights" in message
    one = {"critic": {"network": "dcgan", "arguments": {"width": 4}}, "crop": 64, "batch": 1, "adversarial": "srgan"}
    message = problem(recipe, **one)
    assert message.startswith("tiny: adversarial: the critic dcgan cannot work on 1 crops of 64 (")
    assert message.endswith("choose a larger adversarial.crop or adversarial.batch")
    said: list[str] = []
    make.adversarial_problems(recipe(content={}, adversarial=one | {"batch": 2}), said.append)
    assert said == []


def test_luma_and_colour_are_not_mixed(recipe: Make) -> None:
    espcn = {"network": "espcn", "channels": "y"}
    with pytest.raises(TrainingError, match="critics judge colour"):
        make.adversarial_problems(recipe(content={}, adversarial={}, generator=espcn), print)
    with pytest.raises(TrainingError, match="network espcn works on y, the recipe says rgb"):
        make.new_generator(recipe(content={}, generator={"network": "espcn", "channels": "rgb"}))
    with pytest.raises(TrainingError, match="network compact works on rgb, the recipe says y"):
        make.new_generator(recipe(content={}, generator={"network": "compact", "channels": "y"}))


def test_doubtful_combinations_are_said_once(recipe: Make) -> None:
    said: list[str] = []
    critic = {"network": "lean", "arguments": {"width": 4}, "optimizer": {"kind": "adam", "betas": [0.9, 0.99]}}
    loss = {"clip": 0.01, "weight": 1.0}
    make.adversarial_problems(recipe(content={}, adversarial={"critic": critic, "adversarial": loss}), said.append)
    assert len(said) == 1
    assert said[0].startswith("warning: momentum with weight clipping")
