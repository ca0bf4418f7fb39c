"""Strength: any step between a content model and the model that an adversarial stage made of it.

0 is the content model and 1 the other one, bit for bit: the file itself runs. Between them runs one network of the same
cost, whose constants lie on the line from parent to child (network interpolation: Wang et al., ESRGAN, ECCV Workshops
2018, section 3.4; Deep Network Interpolation, CVPR 2019). That holds for models that one was trained from the other
only: half-way between strangers lies nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from wassr.ground.errors import UsageError
from wassr.models.card import Card
from wassr.models.mixing import distance, mixed, same_constants
from wassr.models.shelf import ModelFile, find_parent
from wassr.upscaling.engines import Engine, Wish, choose

Floats = NDArray[np.float32]
Say = Callable[[str], None]

# Norm of the difference of the constants over their norm. wassr-x4 is 0.02 from compact-x4; networks trained apart are
# 1.4 from each other, and a child's parent that was trained anew under the same name is such a stranger.
RELATED = 0.5


@dataclass(frozen=True)
class Mixture:
    """What an Upscaler runs: a model alone, or at a strength between its content model and itself."""

    model: ModelFile
    content: ModelFile | None = None
    strength: float = 1.0

    @property
    def card(self) -> Card:
        """By which it is enlarged: the model's own; at strength 0 all but the name is the content model's."""
        if self.content is None or self.strength > 0:
            return self.model.card
        return self.content.card.model_copy(update={"name": self.model.card.name})

    @property
    def name(self) -> str:
        """For people."""
        if self.content is None:
            return self.model.card.name
        return f"{self.model.card.name} at strength {self.strength:g} (0 is {self.content.card.name})"

    @property
    def identity(self) -> str:
        """What shapes results, of the model: name, hash of the file, strength. Engines agree within their tolerance."""
        own = f"{self.model.card.name} {_digest(self.model)}"
        return own if self.content is None else f"{own} {self.strength} {_digest(self.content)}"

    def engine(self, wish: Wish, say: Say) -> Engine:
        """The engine that runs it; `say` is told where two networks cannot be made one. Raises as `choose` does."""
        if self.content is None or self.strength == 1:
            return choose(self.model, wish)
        if self.strength == 0:
            return choose(self.content, wish)
        reason = self._apart(wish)
        if not reason:
            return choose(self._between(), wish)
        say(f"{self.name}: outputs of both models are blended, at twice the time, because {reason}")
        return Blended(choose(self.content, wish), choose(self.model, wish), self.strength)

    def _apart(self, wish: Wish) -> str:
        """Why their constants cannot be mixed; empty where they can."""
        assert self.content is not None
        if wish.gpu or wish.engine == "torch":
            return "the torch engine mixes no constants"
        if self.model.onnx is None or self.content.onnx is None:
            return "one of them has no deployment form (.onnx)"
        if not same_constants(self.content.onnx, self.model.onnx):
            return "their constants differ in names or shapes"
        return ""

    def _between(self) -> ModelFile:
        assert self.content is not None
        assert self.content.onnx is not None
        assert self.model.onnx is not None
        return replace(self.model, weights=None, mixed=mixed(self.content.onnx, self.model.onnx, self.strength))


def mixture(model: ModelFile, strength: float) -> Mixture:
    """A model at a strength in 0..1. Raises UsageError for another number, or where the model has no content model."""
    if not isinstance(strength, int | float | np.number) or not 0 <= strength <= 1:
        raise UsageError(f"--strength {strength}: choose a number from 0 (content model) to 1 (the model itself)")
    return Mixture(model, content_model(model), strength)


def content_model(model: ModelFile) -> ModelFile:
    """The model that this one was trained from, and is compared and mixed with.

    Raises UsageError where its card names none, it is not at hand, or the one at hand cannot be it.
    """
    card = model.card
    content = find_parent(model) if card.parent else None
    # of a parent of another scale only the body was taken over: there is no way back to it
    if not card.parent or (content is not None and content.card.scale != card.scale):
        raise UsageError(
            f"{card.name}: was not trained from a content model, so there is nothing to compare or mix; name one that "
            "was: -n wassr-x4, or for compressed pictures -n wassr-jpeg-x4"
        )
    if content is None:
        raise UsageError(f"{card.name}: its content model {card.parent} is neither beside it nor on the shelf")
    for name in ("channels", "base", "inputs"):
        mine, theirs = getattr(card, name), getattr(content.card, name)
        if mine != theirs:
            raise UsageError(f"{card.name}: its content model {card.parent} has {name} {theirs} instead of {mine}")
    if (
        model.onnx is not None
        and content.onnx is not None
        and same_constants(content.onnx, model.onnx)
        and distance(content.onnx, model.onnx) > RELATED
    ):
        raise UsageError(
            f"{card.name}: was not trained from the {card.parent} at hand: their constants have nothing in common; put "
            "the one it was trained from beside it"
        )
    return content


class Blended:
    """The outputs of two engines, mixed in float32. precision: the coarser of both."""

    def __init__(self, content: Engine, model: Engine, strength: float) -> None:
        self.content, self.model, self.strength = content, model, np.float32(strength)
        self.name, self.threads = model.name, model.threads
        self.precision = content.precision if model.precision == "float32" else model.precision
        self.reason = f"{model.reason}; outputs of two models blended"

    def run(self, tile: Floats) -> Floats:
        """(1, C, h, w) to (1, C, s h, s w), as any engine."""
        faithful = self.content.run(tile)
        return faithful + self.strength * (self.model.run(tile) - faithful)


def _digest(model: ModelFile) -> str:
    return sha256(model.path.read_bytes()).hexdigest()
