"""Recipes: what is refused with a way out, and that every shipped one stands."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from ruamel.yaml import YAML

from wassr.data.chain import find_chain
from wassr.ground.errors import SettingsError, WassrError
from wassr.ground.explained import comment
from wassr.ground.settings import dump_settings, load_settings
from wassr.networks.critics import CRITICS
from wassr.networks.facts import FACTS
from wassr.training import make
from wassr.training.adversarial_loss import PRESETS, AdversarialLoss
from wassr.training.descent import Optimizer
from wassr.training.lipschitz import PENALTIES
from wassr.training.losses import LOSSES
from wassr.training.objectives import OBJECTIVES
from wassr.training.optimizers import OPTIMIZERS
from wassr.training.recipe import ContentLoss, GeneratorSpec, Recipe
from wassr.training.shelf import SizedRecipe, find_recipe, shipped_recipes

SHIPPED = list(shipped_recipes())
NAMES = {
    *("compact-x4", "compact-x3", "compact-x2", "espcn-x4", "srresnet-x4"),
    *("wgan-article-x4", "wgan-fork-x4", "srgan-x4", "wgan-gp-x4", "wgan-lp-x4", "hinge-sn-x4", "ragan-x4", "lsgan-x4"),
    "wassr-wgan-x4",
    *("rpgan-x4", "wassr-x4", "demo", "wassr-jpeg-x4-faithful", "wassr-jpeg-x4", "wassr-jpeg-x1"),
}


def refused(**adversarial: object) -> str:
    lines = "".join(f"    {key}: {'null' if value is None else value}\n" for key, value in adversarial.items())
    stages = f"content: {{steps: 1}}\nadversarial:\n  steps: 1\n  adversarial:\n{lines}"
    text = f"name: x\ngenerator: {{network: compact}}\n{stages}"
    with pytest.raises(SettingsError) as caught:
        load_settings(text, Recipe, "r.yaml")
    message = str(caught.value)
    assert message.startswith("r.yaml:")
    assert "\n" not in message
    return message


def test_combinations_that_mean_nothing_say_what_to_do() -> None:
    assert "wasserstein without Lipschitz control: set clip (0.01), penalty: gradient or spectral" in refused(
        objective="wasserstein"
    )
    assert "choose one (gradient) or set the weight to 0" in refused(clip=0.01, penalty_weight=10)
    assert "set penalty_weight (WGAN-GP: 10)" in refused(penalty="gradient")
    assert "set exactly one of weight and ratio" in refused(clip=0.01, weight=1, ratio=1)
    assert "set exactly one of weight and ratio" in refused(clip=0.01, weight=None)
    assert "clip and spectral both bound the critic's weights: choose one" in refused(clip=0.01, spectral="true")
    assert "penalty_interval is set without a penalty" in refused(clip=0.01, penalty_interval=4)
    for bound in (0, -0.01):
        assert "clip: a bound for the critic's weights is above 0: set 0.01, or null for no clipping" in refused(
            clip=bound
        )
    assert "say until which generator step (25), or set burst_steps: 0" in refused(clip=0.01, burst_steps=25)
    assert "must be one of wasserstein, vanilla, least-squares" in refused(objective="wgan")
    assert "critic_steps: must be at least 1, not 0" in refused(clip=0.01, critic_steps=0)


def whole(text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings(f"name: x\ngenerator: {{network: compact}}\n{text}", Recipe, "r.yaml")
    return str(caught.value)


def test_stages_that_cannot_be() -> None:
    assert "needs a content stage, an adversarial stage, or both" in whole("")
    assert "exactly one of steps and minutes" in whole("content: {batch: 3}\n")
    assert "exactly one of steps and minutes" in whole("content: {steps: 3, minutes: 2}\n")
    assert "crop 30 is not a multiple of scale 4" in whole("content: {steps: 3, crop: 30}\n")
    assert "set adversarial.start" in whole("adversarial: {steps: 3}\n")
    assert "the recipe has a content stage" in whole(
        "content: {steps: 3}\nadversarial: {steps: 3, start: compact-x4}\n"
    )
    assert "no term has a weight" in whole("content: {steps: 3, loss: {}}\n")
    assert "r.yaml:3: content.steps: must be at least 1, not 0" in whole("content: {steps: 0}\n")
    assert "content.optimizer.rate: must be a finite number" in whole("content: {steps: 3, optimizer: {rate: .inf}}\n")


def test_consistency_in_training_needs_a_low_side_to_trust() -> None:
    with pytest.raises(SettingsError, match=r"which data\.degradations spoil: leave one away"):
        find_recipe("wassr-jpeg-x4-faithful", ("generator.consistency_in_training=true",))


def test_consistency_in_training_needs_a_pass_to_do() -> None:
    with pytest.raises(SettingsError, match=r"generator: consistency_in_training .* which is 0: set consistency: 1"):
        find_recipe("demo", ("generator.consistency=0", "generator.consistency_in_training=true"))


def test_critics_and_their_arguments_are_checked_when_read() -> None:
    def message(*critic: str) -> str:
        with pytest.raises(SettingsError) as caught:
            find_recipe("srgan-x4", critic)
        return str(caught.value)

    assert message("adversarial.critic.network=vgk") == (
        "adversarial.critic.network=vgk: no such critic; did you mean vgg?"
    )
    assert "it may be vgg, dcgan, lean" in message("adversarial.critic.network=zzz")
    arguments = "adversarial.critic.arguments"
    assert f"{arguments}={{widht: 8}}: vgg takes no widht; did you mean width?" in message(f"{arguments}={{widht: 8}}")
    assert "normalisation: spectral}: no such normalisation spectral; it may be bn, layer, none" in message(
        f"{arguments}={{normalisation: spectral}}"
    )


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        ("conv9_9", "no such layer conv9_9; "),
        ("{conv2_2: 0.1, convx: 1}", "no such layer convx; did you mean conv"),
        ("conv5_5", "did you mean conv5_"),
        ("{}", "names no layer; set one, as conv5_3"),
    ],
)
def test_feature_layers_are_checked_when_read(layer: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        find_recipe("demo", (f"content.loss.feature_layer={layer}",))
    assert f"content.loss.feature_layer={layer}: " in str(caught.value)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("adversarial.critic.arguments={width: many}", "vgg's width is a whole number from 1, not many"),
        ("adversarial.critic.arguments={width: 0}", "vgg's width is a whole number from 1, not 0"),
        ("adversarial.critic.arguments={width: 8.5}", "vgg's width is a whole number from 1, not 8.5"),
        ("adversarial.critic.arguments={width: true}", "vgg's width is a whole number from 1, not True"),
        ("adversarial.critic.arguments={conditional: 2}", "vgg's conditional is true or false, not 2"),
        ("generator.arguments={blocks: -1}", "srresnet's blocks is a whole number from 1, not -1"),
        ("generator.arguments={tanh: maybe}", "srresnet's tanh is true or false, not maybe"),
        ("generator.arguments={activation: swish}", "no such activation swish; it may be prelu, relu"),
    ],
)
def test_arguments_of_a_wrong_kind_are_refused_in_one_line(change: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        find_recipe("srgan-x4", (change,))
    assert str(caught.value).startswith(f"{change}: {words}")
    assert "\n" not in str(caught.value)


def test_networks_and_their_arguments_are_checked_with_their_line() -> None:
    def message(generator: str) -> str:
        with pytest.raises(SettingsError) as caught:
            load_settings(f"name: x\ncontent: {{steps: 1}}\ngenerator:\n{generator}", Recipe, "r.yaml")
        return str(caught.value)

    assert message("  network: compakt\n").startswith(
        "r.yaml:4: generator.network: no such network; did you mean compact?"
    )
    wrong = message("  network: compact\n  arguments: {chanels: 3}\n")
    assert wrong.startswith("r.yaml:5: generator.arguments: compact takes no chanels; did you mean channels?")


@pytest.mark.parametrize("name", ["srgan", "wgan-clip-all", "wgan-clip", "wgan-gp"])
def test_a_preset_may_stand_for_the_whole_loss(name: str) -> None:
    recipe = find_recipe("demo", (f"adversarial.adversarial={name}",))
    assert recipe.adversarial is not None
    assert recipe.adversarial.adversarial == PRESETS[name]


@pytest.mark.parametrize("name", FACTS)
def test_channels_and_base_are_the_networks_own_unless_set(name: str) -> None:
    facts = FACTS[name]
    spec = GeneratorSpec.model_validate({"network": name})
    assert (spec.channels, spec.base) == (facts.channels, facts.base)
    assert GeneratorSpec.model_validate({"network": name, "base": "nearest"}).base == "nearest"


def test_degradations_by_name_by_file_or_by_steps(tmp_path: Path) -> None:
    assert find_recipe("demo").data.degradations == ()
    named = find_recipe("demo", ("data.degradations=jpeg",)).data.degradations
    assert named == find_chain("jpeg").steps
    (tmp_path / "own.yaml").write_text("steps: [{jpeg: {quality: [50, 60]}}]", encoding="utf-8")
    (step,) = find_recipe("demo", (f"data.degradations={tmp_path / 'own.yaml'}",)).data.degradations
    inline = find_recipe("demo", ("data.degradations=[{jpeg: {quality: [50, 60]}}]",)).data.degradations
    assert step.jpeg is not None
    assert step.jpeg.quality == (50, 60)
    assert inline == (step,)
    whole = find_recipe("demo", ("data.degradations=blind",))
    assert load_settings(dump_settings(whole), Recipe, "r.yaml") == whole  # a run folder keeps the steps


def test_wrong_degradations_are_told_with_their_line() -> None:
    def message(degradations: str) -> str:
        return whole(f"content: {{steps: 1}}\ndata:\n  degradations:{degradations}\n")

    assert message(" jpg").startswith("r.yaml:5: data.degradations: no such chain or file; did you mean jpeg?")
    wrong = message("\n  - blur: {}\n  - jpeg:\n      qualty: [30, 90]")
    assert wrong.startswith("r.yaml:8: data.degradations.1.jpeg.qualty: unknown key; did you mean quality?")
    assert "write [30, 90]" in message("\n  - jpeg: {quality: [90, 30]}")
    assert "a chain reduces once" in message("\n  - reduce: {}\n  - reduce: {}")


def test_saves_by_tensors_need_a_chain_that_ends_in_them() -> None:
    def message(degradations: str) -> str:
        return whole(f"content: {{steps: 1}}\ndata:\n  jpeg: tensor\n{degradations}")

    for chain in ("jpeg", "blind"):
        assert find_recipe("demo", (f"data.degradations={chain}", "data.jpeg=tensor")).data.jpeg == "tensor"
    assert find_recipe("demo", ("data.degradations=jpeg",)).data.jpeg == "codec"
    ends = "r.yaml:5: data.jpeg: tensors take the JPEG saves that end a chain of degradations, and"
    assert message("").startswith(f"{ends} there is none; ")
    webp = f"{ends} this one ends in webp; end it in jpeg, or set codec"
    assert message("  degradations: web\n").startswith(webp)
    resized = message("  degradations: [{resize: {}}, {jpeg: {}}]\n")
    assert "a resize between reduce and jpeg; move it before reduce, or set codec" in resized
    assert message("  degradations: jpg\n").startswith("r.yaml:6: data.degradations: no such chain")


def test_every_key_says_what_it_is() -> None:
    def silent(model: type[BaseModel]) -> Iterator[str]:
        for key, field in model.model_fields.items():
            if not comment(field):
                yield f"{model.__name__}.{key}"
            for inner in models_in(field.annotation):
                yield from silent(inner)

    def models_in(annotation: Any) -> list[type[BaseModel]]:
        if isinstance(annotation, type):
            return [annotation] if issubclass(annotation, BaseModel) else []
        return [model for part in get_args(annotation) for model in models_in(part)]

    assert sorted(set(silent(SizedRecipe))) == []


def test_the_schema_knows_degradations() -> None:
    schema, tree = SizedRecipe.model_json_schema(), tree_of("demo")
    full = YAML(typ="safe").load(dump_settings(find_recipe("demo", ("data.degradations=blind",))))
    steps = full["data"]["degradations"]
    for given in ("jpeg", steps, find_chain("jpeg").model_dump(mode="json")["steps"]):
        assert misfits(tree | {"data": {"degradations": given}}, schema, schema) == []
    for wrong in ([{"jpge": {}}], [{"jpeg": {"quality": [0, 90]}}], [{"jpeg": {"chroma": {"4:1:1": 1}}}], 3):
        assert misfits(tree | {"data": {"degradations": wrong}}, schema, schema)


def test_a_preset_may_be_changed_in_part() -> None:
    changed = find_recipe("demo", ("adversarial.adversarial={preset: wgan-lp, weight: null, ratio: 0.3}",))
    assert changed.adversarial
    a = changed.adversarial.adversarial
    assert (a.penalty, a.penalty_weight, a.critic_steps) == ("gradient-one-sided", 10, 5)
    assert (a.weight, a.ratio) == (None, 0.3)
    with pytest.raises(SettingsError, match="ratoi"):
        find_recipe("demo", ("adversarial.adversarial={preset: wgan-lp, ratoi: 0.3}",))


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("small", [False, True])
def test_a_preset_on_the_command_line_is_taken_whole(preset: str, small: bool) -> None:
    given = ("adversarial.adversarial.ramp_steps=7", f"adversarial.adversarial.preset={preset}")
    recipe = find_recipe("srgan-x4", given, small)  # whose file has an objective, a weight, critic steps of its own
    assert recipe.adversarial
    assert recipe.adversarial.adversarial == PRESETS[preset].model_copy(update={"ramp_steps": 7})
    with pytest.raises(SettingsError, match=r"preset=wgan-gb: .*no such preset; did you mean wgan-gp\?"):
        find_recipe("srgan-x4", ("adversarial.adversarial.preset=wgan-gb",))


def test_a_preset_and_other_keys_in_any_order() -> None:
    wanted = PRESETS["wgan-gp"].model_copy(update={"critic_steps": 1})
    name, steps = "adversarial.adversarial=wgan-gp", "adversarial.adversarial.critic_steps=1"
    for recipe in ("wgan-gp-x4", "srgan-x4", "wgan-fork-x4"):
        for given in ((name, steps), (steps, name)):
            stage = find_recipe(recipe, given).adversarial
            assert stage is not None
            assert stage.adversarial == wanted


@pytest.mark.parametrize("small", [False, True])
def test_a_key_of_a_gan_that_the_file_names(small: bool) -> None:
    stage = find_recipe("wgan-fork-x4", ("adversarial.adversarial.clip=0.05",), small).adversarial
    assert stage is not None
    assert stage.adversarial == PRESETS["wgan-clip-all"].model_copy(update={"clip": 0.05})


def test_an_unknown_preset_names_the_nearest() -> None:
    with pytest.raises(SettingsError, match="no such preset; did you mean wgan-gp\\?"):
        find_recipe("demo", ("adversarial.adversarial=wgan-gb",))


def test_a_burst_of_critic_steps() -> None:
    loss = AdversarialLoss(clip=0.01, critic_steps=5, burst_steps=100, burst_until=25)
    assert [loss.critic_steps_at(step) for step in (0, 24, 25, 1000)] == [100, 100, 5, 5]
    assert AdversarialLoss(clip=0.01, burst_until=25).critic_steps_at(0) == 1


def test_names_in_recipes_are_rows_of_tables() -> None:
    def allowed(model: type, key: str) -> set[str]:
        return set(model.model_fields[key].annotation.__args__)  # type: ignore[attr-defined]

    assert allowed(AdversarialLoss, "objective") == set(OBJECTIVES)
    assert allowed(AdversarialLoss, "penalty") - {"none"} == set(PENALTIES)
    assert allowed(Optimizer, "kind") == set(OPTIMIZERS)
    assert set(LOSSES) <= set(ContentLoss.model_fields)


def test_the_family_is_there() -> None:
    assert set(SHIPPED) >= NAMES


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("small", [False, True])
def test_every_shipped_recipe_stands(name: str, small: bool) -> None:
    if small and "small:" not in shipped_recipes()[name].read_text(encoding="utf-8"):
        pytest.skip("minutes already, or no small size yet")
    recipe = find_recipe(name, ("data=somewhere",), small)
    assert recipe.name == name
    assert recipe.data.train == ("somewhere",)
    assert recipe.purpose
    assert recipe.generator.network in FACTS
    said: list[str] = []
    make.adversarial_problems(recipe, said.append)
    if recipe.adversarial:
        assert recipe.adversarial.critic.network in CRITICS
    if small:
        make.new_generator(recipe)
        stage = recipe.adversarial or recipe.content
        assert stage
        assert stage.steps is None or stage.steps <= 20_000


def test_a_restoring_recipe_must_have_something_to_restore() -> None:
    recipe = find_recipe("wassr-jpeg-x1")
    assert (recipe.generator.scale, recipe.generator.consistency) == (1, 0)
    assert recipe.data.degradations == find_recipe("wassr-jpeg-x4-faithful").data.degradations
    with pytest.raises(SettingsError, match=r"scale 1 .* consistency: 0"):
        find_recipe("wassr-jpeg-x1", ("generator.consistency=1",))
    with pytest.raises(SettingsError, match=r"scale 1 .* nothing to learn; .* data\.degradations"):
        find_recipe("wassr-jpeg-x1", ("data.degradations=[]",))


def test_a_restoring_recipe_has_no_raster() -> None:
    with pytest.raises(SettingsError, match=r"scale 1 .* no raster .* loss\.raster: 0"):
        find_recipe("wassr-jpeg-x1", ("content.loss.raster=1",))
    assert find_recipe("compact-x2", ("content.loss.raster=1",)).content


def test_a_step_of_the_restoring_recipe_costs_what_one_of_the_joint_recipe_does() -> None:
    """In pixels that the body sees."""
    pixels = []
    for name in ("wassr-jpeg-x1", "wassr-jpeg-x4-faithful"):
        recipe = find_recipe(name)
        assert recipe.content
        pixels.append(recipe.content.batch * (recipe.content.crop // recipe.generator.scale) ** 2)
    assert pixels[0] == pytest.approx(pixels[1], rel=0.3)


def test_the_article_is_done_right() -> None:
    recipe = find_recipe("wgan-article-x4")
    assert recipe.adversarial
    a, critic = recipe.adversarial.adversarial, recipe.adversarial.critic
    assert (a.objective, a.clip, a.clip_what, a.critic_steps) == ("wasserstein", 0.01, "weights", 5)
    assert (critic.optimizer.kind, critic.optimizer.rate, critic.optimizer.momentum) == ("rmsprop", 5e-5, 0.0)
    defaults = FACTS["srresnet"].defaults | recipe.generator.arguments
    assert (defaults["head"], defaults["tail"]) == (9, 9)
    said: list[str] = []
    make.adversarial_problems(recipe, said.append)
    assert said == []


def tree_of(name: str) -> dict[str, Any]:
    return YAML(typ="safe").load(shipped_recipes()[name].read_text(encoding="utf-8"))


def keys(tree: Any, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Paths of all keys at every depth."""
    if isinstance(tree, dict):
        for name, value in tree.items():
            yield (*before, name)
            yield from keys(value, (*before, name))


def misspelt(word: str, place: int) -> list[str]:
    """One letter dropped, replaced, swapped with the next."""
    at, found = place % len(word), [word[:place] + "x" + word[place + 1 :]]
    if len(word) > 1:
        found.append(word[:at] + word[at + 1 :])
    if at + 1 < len(word) and word[at] != word[at + 1]:
        found.append(word[:at] + word[at + 1] + word[at] + word[at + 2 :])
    return found


def renamed(tree: Any, path: tuple[str, ...], new: str) -> Any:
    """The tree with the last key of the path called otherwise, in its place."""
    first, *rest = path
    return {
        (new if name == first and not rest else name): renamed(value, tuple(rest), new)
        if name == first and rest
        else value
        for name, value in tree.items()
    }


def assert_caught(tree: Any, path: tuple[str, ...], wrong: str) -> None:
    def load() -> None:
        sized = load_settings(json.dumps(renamed(tree, path, wrong)), SizedRecipe, "r.yaml")
        make.adversarial_problems(sized, lambda line: None)  # the critic's arguments are known to torch only

    with pytest.raises(WassrError) as caught:
        load()
    message = str(caught.value)
    assert wrong in message, (path, message)
    assert f"did you mean {path[-1]}?" in message, (path, message)
    assert "\n" not in message


@pytest.mark.parametrize("name", SHIPPED)
def test_every_key_with_a_wrong_letter_is_caught_with_the_nearest(name: str) -> None:
    tree, count = tree_of(name), 0
    for path in keys(tree):
        kinds = misspelt(path[-1], len(path[-1]) // 2)
        assert_caught(tree, path, kinds[count % len(kinds)])
        count += 1
    assert count >= 10


@pytest.mark.slow
@pytest.mark.parametrize("name", SHIPPED)
def test_every_key_with_any_letter_wrong_is_caught_with_the_nearest(name: str) -> None:
    tree = tree_of(name)
    for path in keys(tree):
        for wrong in {wrong for place in range(len(path[-1])) for wrong in misspelt(path[-1], place)}:
            assert_caught(tree, path, wrong)


@pytest.mark.slow
def test_every_key_that_a_recipe_may_have_is_caught_too() -> None:
    tree = YAML(typ="safe").load(dump_settings(find_recipe("demo", ("content.teacher={model: compact-x4}",))))
    found = list(keys(tree))
    assert len(found) > 100
    for path in found:
        for wrong in misspelt(path[-1], 1):
            assert_caught(tree, path, wrong)


@pytest.mark.parametrize("name", [name for name in SHIPPED if "small" in tree_of(name)])
def test_a_wrong_letter_in_a_line_of_the_small_size_is_caught(name: str, tmp_path: Path) -> None:
    tree = tree_of(name)
    for index, line in enumerate(tree["small"]):
        path, _, value = line.partition("=")
        *front, last = path.split(".")
        wrong = misspelt(last, len(last) // 2)[0]
        small = [*tree["small"][:index], ".".join([*front, f"{wrong}={value}"]), *tree["small"][index + 1 :]]
        (tmp_path / "r.yaml").write_text(json.dumps(tree | {"small": small}), encoding="utf-8")
        with pytest.raises(SettingsError, match=rf"{wrong}=.*: unknown key; did you mean {last}\?"):
            find_recipe(str(tmp_path / "r.yaml"), small=True)


def misfits(node: Any, schema: dict[str, Any], root: dict[str, Any]) -> list[str]:
    """What a JSON schema has against a tree; the words of the standard that our schema uses, and no others."""
    known = {"$ref", "$defs", "anyOf", "type", "enum", "properties", "required", "additionalProperties", "items"}
    known |= {"prefixItems", "minItems", "maxItems", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
    known |= {"pattern", "title", "description", "default", "propertyNames"}
    assert set(schema) <= known, schema
    if "$ref" in schema:
        return misfits(node, root["$defs"][schema["$ref"].removeprefix("#/$defs/")], root)
    if "anyOf" in schema:
        tried = [misfits(node, one, root) for one in schema["anyOf"]]
        return [] if [] in tried else [word for words in tried for word in words]
    if "enum" in schema:
        return [] if node in schema["enum"] else [f"{node!r} is none of {schema['enum']}"]
    kinds = {"object": dict, "array": list, "string": str, "number": (int, float), "integer": int, "null": type(None)}
    kind = schema.get("type")
    if kind == "boolean" or isinstance(node, bool):
        return [] if kind == "boolean" and isinstance(node, bool) else [f"{node!r} is no {kind}"]
    if not isinstance(node, kinds[kind]):  # type: ignore[arg-type,index]
        return [f"{node!r} is no {kind}"]
    found = [f"{key} is missing" for key in schema.get("required", ()) if key not in node]
    if kind == "object":
        others = schema.get("additionalProperties", True)
        found += [word for key in node for word in misfits(key, schema.get("propertyNames", {"type": "string"}), root)]
        for key, value in node.items():
            if key in schema.get("properties", ()):
                found += misfits(value, schema["properties"][key], root)
            elif isinstance(others, dict):
                found += misfits(value, others, root)
            elif not others:
                found.append(f"{key} is unknown")
    if kind == "array":
        assert schema.get("minItems", 0) <= len(node) <= schema.get("maxItems", 1000)
        each = schema.get("prefixItems") or [schema["items"]] * len(node)
        found += [word for value, one in zip(node, each, strict=True) for word in misfits(value, one, root)]
    if kind in {"number", "integer"}:
        low, high = schema.get("minimum", node), schema.get("maximum", node)
        above, below = schema.get("exclusiveMinimum", node - 1), schema.get("exclusiveMaximum", node + 1)
        found += [] if low <= node <= high and above < node < below else [f"{node} is out of range"]
    return found


@pytest.mark.parametrize("name", SHIPPED)
def test_the_schema_takes_recipes_and_refuses_what_loading_refuses(name: str) -> None:
    schema, tree = SizedRecipe.model_json_schema(), tree_of(name)
    assert misfits(tree, schema, schema) == []
    assert misfits(YAML(typ="safe").load(dump_settings(find_recipe(name))), schema, schema) == []
    for path in keys(tree):
        if "arguments" not in path[:-1]:  # of networks: the schema leaves them open
            wrong = misspelt(path[-1], 1)[0]
            assert f"{wrong} is unknown" in misfits(renamed(tree, path, wrong), schema, schema)


@pytest.mark.parametrize(("key", "value"), [("crop", "large"), ("crop", 0), ("ema", 1.0), ("loss", {"l1": -1.0})])
def test_the_schema_refuses_wrong_values(key: str, value: object) -> None:
    schema, tree = SizedRecipe.model_json_schema(), tree_of("demo")
    assert misfits(tree | {"content": tree["content"] | {key: value}}, schema, schema)


def test_the_schema_knows_the_presets() -> None:
    schema, tree = SizedRecipe.model_json_schema(), tree_of("demo")
    for preset in PRESETS:
        tree["adversarial"]["adversarial"] = preset
        assert misfits(tree, schema, schema) == []
    tree["adversarial"]["adversarial"] = "wgan-gb"
    assert misfits(tree, schema, schema)


@pytest.mark.parametrize("small", [False, True])
@pytest.mark.parametrize("name", SHIPPED)
def test_stages_of_known_length_are_validated_often_enough_for_a_verdict(name: str, small: bool) -> None:
    if small and "small" not in tree_of(name):
        pytest.skip("no small size")
    recipe = find_recipe(name, small=small)
    for stage in (recipe.content, recipe.adversarial):
        assert stage is None or stage.steps is None or stage.steps // stage.validate_every >= 8
