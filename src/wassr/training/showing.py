"""What the network will really see, before a night is spent on it: pictures in words, the first crops as a sheet."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wassr.data.stream import Batch, Key, Place
from wassr.data.survey import survey, suspicions
from wassr.pixels.caption import caption
from wassr.pixels.formats import picture_from_array, write_picture
from wassr.pixels.resize import to_levels
from wassr.training.material import Material, load_material
from wassr.training.recipe import Recipe, Stage
from wassr.training.teaching import teaching

CROPS = 16  # of each stage, at least; whole batches
MOST = 64
WIDTH = 1280  # of the sheet, about
GAP = 4

Levels = NDArray[np.uint8]


def show_data(recipe: Recipe, file: Path, say: Callable[[str], None]) -> Path:
    """Tell about the pictures of a recipe and write the first crops of its stages to `file` (PNG).

    Each crop: low (enlarged by repeating pixels), high and, where a stage has a teacher, the target that it makes of
    high. Raises TrainingError as training would, PictureError when the file cannot be written.
    """
    material = load_material(recipe, say, at_need=True)
    for line in survey(material.pictures):
        say(line)
    stages = {"content": recipe.content, "adversarial": recipe.adversarial}
    parts = [_stage_part(name, recipe, stage, material, say) for name, stage in stages.items() if stage]
    for line in suspicions(material.pictures):
        say(f"warning: {line}")
    width = max(part.shape[1] for part in parts)
    sheet = np.concatenate([_padded(part, width) for part in parts])
    write_picture(picture_from_array(sheet), file)
    say(f"wrote {file}")
    return file


def _stage_part(name: str, recipe: Recipe, stage: Stage, material: Material, say: Callable[[str], None]) -> Levels:
    """The part of the sheet of one stage, under a line that says what it is, which the user is told too."""
    teach = teaching(stage.teacher, recipe) if stage.teacher else None
    tiles: list[Levels] = []
    lows: list[Tensor] = []
    with material.stream(recipe, stage) as stream:
        for step in range(-(-CROPS // stage.batch)):
            key = Key("generator", step)
            batch = stream(key)
            lows.append(_colours(batch))
            columns = [_enlarged(batch, recipe.generator.scale), batch.high]
            columns += [teach(batch).wanted] if teach else []
            cells = torch.cat([torch.nn.functional.pad(c, (0, GAP), value=1.0) for c in columns], dim=3)
            tiles += [
                _labelled(pixels, material.pictures.names[place.picture], place)
                for pixels, place in zip(_levels(cells), stream.places(key), strict=True)
            ]
    low, size = torch.cat(lows) * 255, stage.crop // recipe.generator.scale
    darkest, brightest, mean = float(low.min()), float(low.max()), float(low.mean())
    words = (
        f"{name}: batches of {stage.batch} crops of {stage.crop} x {stage.crop} ({recipe.generator.channels}) "
        f"from {size} x {size}; low levels {darkest:.0f} to {brightest:.0f}, mean {mean:.0f}"
    )
    say(words)
    cells_in_words = "low, high, target with teacher" if teach else "low, high"
    tiles = tiles[:MOST]
    across = min(max(WIDTH // tiles[0].shape[1], 1), len(tiles))
    rows = [np.concatenate(tiles[i : i + across], axis=1) for i in range(0, len(tiles), across)]
    body = np.concatenate([_padded(row, rows[0].shape[1]) for row in rows])
    return np.concatenate([_text(f"{words}. Each: {cells_in_words}", body.shape[1]), body])


def _labelled(cells: Levels, name: str, place: Place) -> Levels:
    turned = f" {90 * place.quarters}\N{DEGREE SIGN}" if place.quarters else ""
    where = f"x {place.left} y {place.top}{turned}{' mirrored' if place.mirrored else ''}"
    width = cells.shape[1]
    return np.concatenate([_text(name, width), _text(where, width), cells, np.full((GAP, width, 3), 255, np.uint8)])


def _text(words: str, width: int) -> Levels:
    return np.repeat(to_levels(255 * caption(words, width))[..., None], 3, axis=2)


def _colours(batch: Batch) -> Tensor:
    """The low side without a plane of its quality."""
    return batch.low[:, : batch.high.shape[1]]


def _enlarged(batch: Batch, scale: int) -> Tensor:
    return _colours(batch).repeat_interleave(scale, 2).repeat_interleave(scale, 3)


def _levels(pictures: Tensor) -> Levels:
    """uint8 (N, H, W, 3) from floats (N, 1 or 3, H, W) in [0, 1]."""
    rgb = pictures.expand(-1, 3, -1, -1).permute(0, 2, 3, 1)
    return np.ascontiguousarray((rgb * 255).round().to(torch.uint8).numpy())


def _padded(pixels: Levels, width: int) -> Levels:
    return np.pad(pixels, ((0, 0), (0, width - pixels.shape[1]), (0, 0)), constant_values=255)
