"""From a recipe to networks, optimisers and a first state; and from a trained generator to a model file."""

import platform
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from torch import nn

from wassr.ground.errors import CannotStart, ModelError, TrainingError
from wassr.ground.files import at_home
from wassr.ground.settings import dump_settings
from wassr.models.build import Generator, build_generator, build_network, load_network
from wassr.models.card import Card
from wassr.models.modelfile import load_weights, save_weights
from wassr.models.shelf import find
from wassr.networks.compact import Compact
from wassr.networks.critics import CRITICS
from wassr.networks.facts import FACTS
from wassr.networks.grow import fits, grow_
from wassr.networks.probe import radius
from wassr.training.adversarial import Adversary, check
from wassr.training.losses import Content, content_loss
from wassr.training.optimizers import OPTIMIZERS
from wassr.training.recipe import AdversarialStage, Recipe, Stage
from wassr.training.stand_ins import as_trained
from wassr.training.state import State, averaged
from wassr.training.teaching import words as teacher_words
from wassr.upscaling.upscaler import Upscaler

M = TypeVar("M", bound=nn.Module)


def new_generator(recipe: Recipe) -> Generator:
    """A freshly initialised generator, the same for the same seed."""
    torch.manual_seed(recipe.seed)
    spec = recipe.generator
    network = build_network(spec.network, spec.scale, spec.arguments)
    facts = FACTS[spec.network]
    if spec.channels != facts.channels:
        raise CannotStart(
            f"{recipe.name}: network {spec.network} works on {facts.channels}, the recipe says {spec.channels}"
        )
    passes = spec.consistency if spec.consistency_in_training else 0
    return _laid_out(Generator(network, spec.base, spec.scale, recipe.precision == "bfloat16", passes), recipe)


def new_state(recipe: Recipe, stage: str, start: Generator, hours_before: float, total: int) -> State:
    """The state before the first step of a stage, from the start's weights."""
    generator = new_generator(recipe)
    generator.network.load_state_dict(start.network.state_dict())
    spec = stage_of(recipe, stage)
    state = State(
        stage=stage,
        seed=recipe.seed,
        generator=generator.train(),
        average=averaged(generator),
        optimizer=OPTIMIZERS[spec.optimizer.kind](generator.parameters(), spec.optimizer),
        hours_before=hours_before,
        total=total,
    )
    if isinstance(spec, AdversarialStage):
        _add_critic(state, recipe, spec)
    return state


def stage_of(recipe: Recipe, name: str) -> Stage:
    """`content` or `adversarial`, as it is trained here."""
    stage = recipe.content if name == "content" else recipe.adversarial
    assert stage is not None
    return as_trained(stage)


def start_from(recipe: Recipe, name: str, other_scale: bool = False) -> tuple[Generator, Card]:
    """Weights of a model, by name or file, as a generator of this recipe.

    other_scale: a model of another scale will do; layers whose shapes depend on it begin anew (EDSR 2017 trains x3 and
    x4 from x2 so); and a compact with fewer channels or blocks, which the larger one begins as the function of
    (networks.grow). Raises TrainingError naming both when network, arguments, base or (unless allowed) scale differ.
    """
    found = find(name)
    card, spec = found.card, recipe.generator
    facts = FACTS[spec.network]
    asked = (spec.network, spec.scale, {**facts.defaults, **spec.arguments}, spec.base)
    has = (card.network, card.scale, {**facts.defaults, **card.arguments}, card.base)
    grows = other_scale and asked[0] == "compact" and asked == (*has[:2], asked[2], has[3]) and fits(has[2], asked[2])
    if asked != has and not grows and not (other_scale and asked == (has[0], spec.scale, *has[2:])):
        raise CannotStart(f"{recipe.name} cannot start from {card.name}: recipe {_words(asked)}, model {_words(has)}")
    if found.weights is None:
        raise CannotStart(f"{name}: training needs its weights file (.safetensors), only the deployment form is there")
    weights, _ = load_weights(found.weights)
    generator = new_generator(recipe)
    if grows:
        small, large = build_generator(card, weights).network, generator.network
        assert isinstance(small, Compact)
        assert isinstance(large, Compact)
        grow_(large, small)
        return generator, card
    if card.scale != spec.scale:
        fresh = {key: tensor.numpy() for key, tensor in generator.network.state_dict().items()}
        weights = {key: weights[key] if weights[key].shape == new.shape else new for key, new in fresh.items()}
    load_network(generator.network, weights, card)
    return generator, card


def upscaler_of(generator: Generator, recipe: Recipe) -> Upscaler:
    """The Upscaler that users run, around a generator in training (torch engine, float32).

    What comes after the network is done where the losses see it done, and left out otherwise.
    """
    from wassr.upscaling.engine_torch import TorchEngine

    stage = "adversarial" if recipe.adversarial else "content"
    card = model_card(recipe, stage, steps=0, hours=0.0, data="", parent=None, name=recipe.name)
    # what the losses hold, told what users' pictures tell it, is what training must watch
    alone = not recipe.generator.consistency_in_training
    seen = card.model_copy(update={"consistency": 0}) if alone else card
    return Upscaler.from_engine(seen, TorchEngine(generator.network), jpeg="auto", alone=alone)


def model_card(recipe: Recipe, stage: str, steps: int, hours: float, data: str, parent: str | None, name: str) -> Card:
    """What is known at the end of a stage; measured numbers are added by evaluation."""
    from wassr import __version__

    spec = recipe.generator
    facts = FACTS[spec.network]
    return Card(
        name=name,
        purpose=recipe.purpose,
        network=spec.network,
        arguments={**facts.defaults, **spec.arguments},  # spelt out: a default may change one day
        scale=spec.scale,
        channels=spec.channels,
        base=spec.base,
        inputs="compressed" if {step.kind for step in recipe.data.degradations} & {"jpeg", "webp"} else "clean",
        consistency=spec.consistency,
        radius=_measured_radius(spec.network, spec.scale, tuple(spec.arguments.items())),
        sees_all=facts.sees_all,
        recipe=dump_settings(portable(recipe)),
        data=data,
        steps=steps,
        hours=round(hours, 3),
        machine=f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}",
        parent=parent,
        losses=_losses(stage_of(recipe, stage)),
        licence=recipe.licence,
        licence_data=recipe.licence_data,
        credits=recipe.credits,
        version=__version__,
    )


def portable(recipe: Recipe) -> Recipe:
    """The recipe for others: of folders and files of this machine only the last name is left."""

    def shorter(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: shorter(value) for key, value in node.items()}
        if isinstance(node, list):
            return [shorter(value) for value in node]
        return Path(node).name if isinstance(node, str) and at_home(node).is_absolute() else node

    return Recipe.model_validate(shorter(recipe.model_dump(mode="json")))


def _losses(spec: Stage) -> str:
    """The losses of a stage with their weights, in words."""
    weights = {key: value for key, value in spec.loss.model_dump().items() if isinstance(value, float) and value > 0}
    losses = ", ".join(f"{key} {value:g}" for key, value in weights.items())
    if "feature" in weights:
        layers = " + ".join(f"{share:g} {layer}" for layer, share in spec.loss.feature_layers.items())
        losses += f" ({Path(spec.loss.feature_weights or '').stem}: {layers})"
    if isinstance(spec, AdversarialStage):
        a = spec.adversarial
        losses += f", critic's features {a.matching:g}" if a.matching else ""
        losses += f", adversarial {a.objective} " + (f"at ratio {a.ratio:g}" if a.ratio else f"{a.weight:g}")
    return losses + (f"; {teacher_words(spec.teacher)}" if spec.teacher else "")


@lru_cache(maxsize=8)
def _measured_radius(network: str, scale: int, arguments: tuple[tuple[str, int | float | str | bool], ...]) -> int:
    """Measuring takes seconds for a deep network, and every validation needs it."""
    return radius(build_network(network, scale, dict(arguments)), FACTS[network].entrance(dict(arguments)))


def save_model(path: Path, generator: Generator, card: Card) -> None:
    """The training form with its card."""
    tensors = {
        key: value.detach().float().contiguous().numpy() for key, value in generator.network.state_dict().items()
    }
    try:
        save_weights(path, tensors, card)
    except SafetensorError as error:  # what the library makes of a full disk
        raise TrainingError(
            f"{path}: cannot be written: {error}; the saved state is whole, give the same command again"
        ) from error


def adversarial_problems(recipe: Recipe, say: Callable[[str], None]) -> None:
    """Refuse losses that cannot be computed and impossible combinations of critic and loss; tell of doubtful ones.

    Before the first stage, so that nobody waits hours for the second one's mistakes.
    """
    spec = recipe.adversarial
    if spec is None:
        _rehearse(recipe, "content", None)
        return
    if recipe.generator.channels == "y":
        raise CannotStart(
            f"{recipe.name}: critics judge colour, and this generator makes luma only; choose an rgb network"
        )
    critic = new_critic(spec)
    problems = check(spec.adversarial, critic, spec.critic.optimizer)
    fatal = [p.message for p in problems if p.fatal]
    if fatal:
        raise CannotStart(f"{recipe.name}: {fatal[0]}")
    for problem in problems:
        say(f"warning: {problem.message}")
    for name in ("content", "adversarial"):
        if getattr(recipe, name):
            _rehearse(recipe, name, critic)


def _rehearse(recipe: Recipe, name: str, critic: nn.Module | None) -> None:
    """Losses and critic of a stage on black crops of its size. Raises TrainingError where that cannot be done."""
    spec, scale = stage_of(recipe, name), recipe.generator.scale
    try:
        content: Content = content_loss(spec.loss, scale)
    except (ModelError, TrainingError) as error:
        raise CannotStart(f"{recipe.name}: {name}.loss: {error}") from error
    pictures = min(spec.batch, 2)  # one alone has no batch statistics
    low, high = (torch.zeros(pictures, 3, side, side) for side in (spec.crop // scale, spec.crop))
    what = "content loss"
    try:
        with torch.no_grad():
            content(high, high)
            if critic is not None and isinstance(spec, AdversarialStage):
                what = f"critic {spec.critic.network}"
                critic(high, low)
    except (RuntimeError, ValueError) as error:  # torch's, from within a layer
        reason = str(error).splitlines()[0]
        raise CannotStart(
            f"{recipe.name}: {name}: the {what} cannot work on {spec.batch} crops of {spec.crop} ({reason}): choose a "
            f"larger {name}.crop or {name}.batch"
        ) from error


def new_critic(spec: AdversarialStage) -> nn.Module:
    """The critic of a stage. Raises ModelError for a crop that it cannot judge."""
    critic = CRITICS[spec.critic.network](crop=spec.crop, **spec.critic.arguments)
    Adversary(spec.adversarial).build(critic)
    return critic


def _add_critic(state: State, recipe: Recipe, spec: AdversarialStage) -> None:
    torch.manual_seed(recipe.seed + 1)  # a critic of its own draw, the same for every recipe with this seed
    state.critic = _laid_out(new_critic(spec), recipe)
    state.critic_optimizer = OPTIMIZERS[spec.critic.optimizer.kind](state.critic.parameters(), spec.critic.optimizer)
    state.weight = Adversary(spec.adversarial).first_weight()


def _laid_out(network: M, recipe: Recipe) -> M:
    """Channels last where the recipe says so: 5 to 40 % faster on CPUs, the same numbers."""
    layout = torch.channels_last if recipe.channels_last else torch.contiguous_format
    return network.to(memory_format=layout)  # type: ignore[call-overload]


def _words(what: tuple[str, int, dict[str, int | float | str | bool], str]) -> str:
    network, scale, arguments, base = what
    inner = ", ".join(f"{key}={value}" for key, value in arguments.items())
    return f"{network}({inner}) x{scale} on {base}"
