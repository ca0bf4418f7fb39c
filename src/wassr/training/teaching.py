"""A teacher: a finished network whose results are the target, instead of the originals or mixed with them.

The original holds detail that no network can know from the low-resolution picture; to a small network on a short
training it is noise in every gradient. A stronger network's result is what can be known (distillation, Hinton 2015; for
pictures: Gao 2018).

It teaches crop by crop, or whole pictures once, before the first step (`ahead`), so that a step costs no more than
without a teacher.

Where the low side is degraded, a teacher of clean pictures sees what the low side was before: its result is then what
can be known at best, and its student's mean over all that may have been there is the same as that of the originals.
"""

from collections.abc import Callable
from functools import lru_cache

import torch

from wassr.data.stream import Batch, luma, with_quality
from wassr.ground.errors import CannotStart
from wassr.models.build import enlarge, reduce
from wassr.models.shelf import Deployment, find
from wassr.networks.facts import QUALITY_PLANE
from wassr.pixels.jpeg_traces import UNCOMPRESSED
from wassr.training.recipe import Recipe, Teacher
from wassr.upscaling.engines import OpenVinoEngine

Teach = Callable[[Batch], Batch]


def teaching(spec: Teacher, recipe: Recipe) -> Teach:
    """The function that adds the target, (1 - share) high + share teacher(low), made now or `ahead`.

    A teacher of clean pictures sees the high side reduced, where the recipe has degradations; any other one sees `low`.
    A teacher that is told the JPEG quality is told what the student is, or of pictures never compressed that they are.
    The teacher runs in the deployment form through OpenVINO, in the precision of the recipe where the CPU has it.
    Raises TrainingError when the teacher enlarges by another scale, gives luma only to a student of colours, wants a
    quality that the student is not told, has no deployment form, or is to teach ahead what is drawn in every step.
    """
    file = find(spec.model)
    card, wanted = file.card, recipe.generator
    if card.scale != wanted.scale or (card.channels, wanted.channels) == ("y", "rgb"):
        raise CannotStart(
            f"teacher.model: {spec.model} makes {card.channels} x{card.scale}, "
            f"the recipe {wanted.channels} x{wanted.scale}; choose another teacher"
        )
    as_gray = (card.channels, wanted.channels) == ("rgb", "y")  # it sees luma as a gray picture
    if file.onnx is None:
        raise CannotStart(f"teacher.model: {spec.model} has no deployment form (.onnx), which a teacher runs in")
    degraded = bool(recipe.data.degradations)
    cleaned = degraded and card.inputs == "clean"
    as_it_is = degraded and not cleaned
    if card.quality_plane and as_it_is and not wanted.arguments.get(QUALITY_PLANE, False):
        raise CannotStart(
            f"teacher.model: {spec.model} wants the JPEG quality of degraded pictures, which this recipe's network is "
            f"not told; set generator.arguments={{{QUALITY_PLANE}: true}} or choose another teacher"
        )
    if spec.ahead:
        if as_it_is:
            raise CannotStart(
                f"teacher.ahead: {spec.model} sees the degraded low side, which is drawn anew for every crop; "
                "set teacher.ahead: false, or choose a teacher of clean pictures"
            )
        return lambda batch: _mixed(batch, batch.target, spec.share)
    engine = engine_of(file.onnx, recipe)

    def teach(batch: Batch) -> Batch:
        seen = (255 * reduce(batch.high, card.scale)).round().clamp(0, 255) / 255 if cleaned else batch.low[:, :3]
        low = seen.expand(-1, 3, -1, -1) if as_gray else seen
        given = low
        if card.quality_plane:
            given = batch.low if as_it_is else with_quality(low, [UNCOMPRESSED] * len(low))
        made = torch.from_numpy(engine.run(given.contiguous().numpy()))
        taught = (made + enlarge(low, card.base, card.scale)).clamp_(0, 1)
        return _mixed(batch, luma(taught) if as_gray else taught, spec.share)

    return teach


def engine_of(model: Deployment, recipe: Recipe) -> OpenVinoEngine:
    """The engine that a teacher runs in."""
    engine = OpenVinoEngine(model, "float32", recipe.threads)
    if recipe.precision == "bfloat16" and engine.offers("bfloat16"):
        engine.precision = "bfloat16"
    return engine


def _mixed(batch: Batch, taught: torch.Tensor | None, share: float) -> Batch:
    assert taught is not None, "the stream has no results of the teacher"
    return Batch(batch.low, batch.high, batch.high.lerp(taught, share))


@lru_cache(maxsize=8)
def words(spec: Teacher) -> str:
    """For the student's card. Remembered: at the end of a long training the teacher's file may be gone."""
    card = find(spec.model).card
    share = f", share {spec.share:g}" if spec.share < 1 else ""
    return f"target: results of {card.name} ({card.licence}){share}"
