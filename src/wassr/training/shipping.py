"""Beside a trained model file its deployment form, measured by the engine that users run: of the end of a run, and of
checkpoints that a user chose.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from wassr.evaluation.metrics import METRICS
from wassr.ground.errors import ModelError, TrainingError
from wassr.models.build import build_generator
from wassr.models.card import Card, Measurement
from wassr.models.export import export
from wassr.models.modelfile import Tensors, load_weights, replace_card, save_weights
from wassr.models.shelf import ModelFile, find_parent
from wassr.networks.inference import inference_form
from wassr.networks.probe import cost
from wassr.training.material import held_out_pairs
from wassr.training.recipe import Recipe
from wassr.training.validation import Pair, metrics
from wassr.upscaling.engines import Wish, choose
from wassr.upscaling.upscaler import Upscaler


def deploy(path: Path, pairs: list[Pair]) -> Card:
    """Write NAME.onnx beside NAME.safetensors, measure it on the held-out pairs, complete both cards.

    Raises ModelError when the export differs from the network.
    """
    weights, card = load_weights(path)
    network = build_generator(card, weights).network
    price = cost(inference_form(network), card.scale, card.planes)
    known = {"parameters": price.parameters, "gmac_per_megapixel": round(price.gmac, 3)}
    card = card.model_copy(update=known)
    target = path.with_suffix(".onnx")
    export(network, card, target)
    card = card.model_copy(update={"measured": _measured(ModelFile(card, path, target), pairs) if pairs else ()})
    for file in (path, target):
        replace_card(file, card)
    return card


def ship_checkpoint(
    source: Path, target: Path, recipe: Recipe, say: Callable[[str], None], strength: float = 1.0
) -> Card:
    """A kept checkpoint as a model of its own: TARGET.safetensors and TARGET.onnx, as at the end of a training.

    strength: how far from the model that training began from, in (0, 1]; every weight lies on the line between the two
    (network interpolation, Wang 2018, ESRGAN). Where the run's pictures are no longer at hand, it is not measured.
    Raises ModelError like `deploy`, and for a strength below 1 where the start is not at hand or of another form.
    """
    weights, card = load_weights(source)
    if strength < 1:
        weights = _weakened(source, weights, card, strength)
        card = card.model_copy(update={"strength": strength * card.strength})
    pairs: list[Pair] = []
    try:
        pairs = held_out_pairs(recipe)
    except TrainingError as error:
        say(f"warning: not measured, its card holds no figures: {error}")
    target.parent.mkdir(parents=True, exist_ok=True)
    save_weights(target, weights, card.model_copy(update={"name": target.stem}))
    return deploy(target, pairs)


def _weakened(source: Path, weights: Tensors, card: Card, strength: float) -> Tensors:
    parent = find_parent(ModelFile(card, source, None))
    if parent is None or parent.weights is None:
        named = f"its start, {card.parent}," if card.parent else "a model that it began from"
        raise ModelError(f"{source}: for a strength below 1 {named} is needed beside it or on the shelf")
    start, _ = load_weights(parent.weights)
    shapes = {name: array.shape for name, array in weights.items()}
    if {name: array.shape for name, array in start.items()} != shapes:
        raise ModelError(f"{source}: {parent.weights} has other weights, so nothing lies between them")
    return {
        name: (start[name] + strength * (array - start[name])).astype(array.dtype) if array.dtype.kind == "f" else array
        for name, array in weights.items()
    }


def figures_of(card: Card) -> list[str]:
    """What was measured, a line for each figure with its protocol."""
    return [f"  {m.metric} {m.value:.4g}{' ' if m.unit else ''}{m.unit}: {m.protocol}" for m in card.measured]


def _measured(file: ModelFile, pairs: list[Pair]) -> tuple[Measurement, ...]:
    alone = file.card.inputs == "compressed"  # the held-out inputs are; of arrays only the pixels tell
    how = "inputs degraded as in training, network alone; " if alone else ""
    upscaler = Upscaler.from_engine(file.card, choose(file, Wish(device="cpu")), jpeg="auto", alone=alone)
    results = [np.asarray(upscaler(pair.low)) for pair in pairs]
    how += f"{upscaler.engine.name} {upscaler.engine.precision}"
    found = []
    for name, value in metrics(results, pairs, file.card.scale).items():
        metric = METRICS[name]
        protocol = f"{metric.protocol}; middle of {len(pairs)} held-out pictures; {how}"
        found.append(
            Measurement(data="validation", metric=name, value=round(value, 4), unit=metric.unit, protocol=protocol)
        )
    return tuple(found)
