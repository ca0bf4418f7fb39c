"""The pictures of a run: those to learn from, those held out, and what the card says of them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch

from wassr.data.degradations import with_reduction
from wassr.data.folders import Pictures, find_pictures, load_pictures, split
from wassr.data.stream import Stream
from wassr.ground.errors import CannotStart
from wassr.ground.words import counted
from wassr.training.ahead import Ahead
from wassr.training.batches import stream_of
from wassr.training.recipe import Recipe, Stage
from wassr.training.validation import Pair, validation_pairs

EVERY, MOST_HELD = 20, 32  # each 20th picture is held out, but no more than 32


@dataclass(frozen=True)
class Material:
    """What a run learns from and is judged on."""

    pictures: Pictures
    pairs: list[Pair]
    words: str  # for the model's card
    ahead: dict[str, Ahead] = field(default_factory=dict)  # by teacher's name, what it made of the pictures

    def stream(self, recipe: Recipe, spec: Stage) -> Stream:
        """The stream that a stage learns from."""
        taught = self.ahead[spec.teacher.model] if spec.teacher and spec.teacher.ahead else None
        return stream_of(recipe, spec, self.pictures, taught)


def load_material(
    recipe: Recipe, say: Callable[[str], None], past_content: bool = False, at_need: bool = False
) -> Material:
    """Read the pictures of a recipe and tell about them. Raises TrainingError when there is nothing to learn from.

    past_content: the content stage has ended; what its teacher makes is not needed. at_need: a teacher that teaches
    ahead does so for the pictures that are asked for, when they are.
    """
    files, held = _divided(recipe)
    pairs = _pairs(recipe, held)
    largest = max(stage.crop for stage in (recipe.content, recipe.adversarial) if stage)
    steps = recipe.data.degradations
    pictures = load_pictures(files, largest, recipe.data.cache_gigabytes, folder=recipe.data.cache_folder)
    megapixels = sum(height * width for height, width in pictures.sizes) / 1e6
    words = f"{counted(len(pictures), 'picture')}, {megapixels:.1f} megapixels; {len(pairs)} held out"
    words += f"; low side: {', '.join(step.kind for step in with_reduction(steps))}" if steps else ""
    say(f"{recipe.name}: {words}; {torch.get_num_threads()} threads, {recipe.precision}")
    for note in pictures.notes:
        say(f"warning: {note}")
    stages = (None if past_content else recipe.content, recipe.adversarial)
    teachers = {s.teacher.model: s.teacher for s in stages if s and s.teacher and s.teacher.ahead}
    ahead = {name: Ahead(teacher, recipe, pictures) for name, teacher in teachers.items()}
    if not at_need:
        for teacher in ahead.values():
            teacher.make_all(say)
    return Material(pictures, pairs, words, ahead)


def held_out_pairs(recipe: Recipe) -> list[Pair]:
    """The held-out pictures alone. Raises TrainingError when they are not there (any more)."""
    return _pairs(recipe, _divided(recipe)[1])


def _divided(recipe: Recipe) -> tuple[list[Path], list[Path]]:
    """Files to learn from, files held out."""
    if not recipe.data.train:
        raise CannotStart(f"{recipe.name}: no pictures to train on; give a folder: data=DIR")
    files = find_pictures(recipe.data.train)
    if recipe.data.valid:
        held = find_pictures(recipe.data.valid)
        apart = {path.resolve() for path in held}  # they may lie below a folder to learn from
        files = [path for path in files if path.resolve() not in apart]
        if not files:
            raise CannotStart("data.valid holds out every picture of data.train: leave some to learn from")
        return files, held
    return split(files, max(EVERY, -(-len(files) // MOST_HELD)))  # what watching costs must not grow with the pictures


def _pairs(recipe: Recipe, held: list[Path]) -> list[Pair]:
    smallest = recipe.adversarial.crop if recipe.adversarial else 0
    return validation_pairs(held, recipe.generator.scale, smallest, degradations=recipe.data.degradations)
