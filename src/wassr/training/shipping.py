"""The end of a run: beside the trained model file its deployment form, measured by the engine that users run."""

from pathlib import Path

import numpy as np

from wassr.evaluation.metrics import METRICS
from wassr.models.build import build_generator
from wassr.models.card import Card, Measurement
from wassr.models.export import export
from wassr.models.modelfile import load_weights, replace_card
from wassr.models.shelf import ModelFile
from wassr.networks.facts import FACTS
from wassr.networks.inference import inference_form
from wassr.networks.probe import cost
from wassr.training.validation import Pair, metrics
from wassr.upscaling.engines import Wish, choose
from wassr.upscaling.upscaler import Upscaler


def deploy(path: Path, pairs: list[Pair]) -> Card:
    """Write NAME.onnx beside NAME.safetensors, measure it on the held-out pairs, complete both cards.

    Raises ModelError when the export differs from the network.
    """
    weights, card = load_weights(path)
    network = build_generator(card, weights).network
    price = cost(inference_form(network), card.scale, FACTS[card.network].planes)
    known = {"parameters": price.parameters, "gmac_per_megapixel": round(price.gmac, 3)}
    card = card.model_copy(update=known)
    target = path.with_suffix(".onnx")
    export(network, card, target)
    card = card.model_copy(update={"measured": _measured(ModelFile(card, path, target), pairs)})
    for file in (path, target):
        replace_card(file, card)
    return card


def _measured(file: ModelFile, pairs: list[Pair]) -> tuple[Measurement, ...]:
    card, how = file.card, ""
    if card.inputs == "compressed":  # the held-out inputs are; users' files say so themselves, arrays cannot
        card, how = card.model_copy(update={"consistency": 0}), "inputs degraded as in training; "
    upscaler = Upscaler.from_engine(card, choose(file, Wish(device="cpu")))
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
