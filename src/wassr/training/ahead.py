"""What a teacher makes of whole pictures before the first step: in memory, or in files that the next run takes up."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from wassr.data.decoded import FileFacts, Levels, file_for, map_pixels, write_pixels
from wassr.data.folders import Pictures
from wassr.ground.errors import CannotStart
from wassr.ground.files import at_home
from wassr.ground.words import counted
from wassr.models.shelf import find
from wassr.pixels.colour import luma
from wassr.pixels.resize import shrink, to_levels
from wassr.training.recipe import Recipe, Teacher
from wassr.training.teaching import engine_of, teaching
from wassr.upscaling.upscaler import CORE, Upscaler


class Ahead:
    """The results of a teacher for pictures, uint8 (H, W, 3) of their sizes; for a student of luma, of gray ones.

    A rim narrower than the scale, which is no pixel of the low side, keeps the original. What nobody made yet, or
    somebody has cleared from the folder, is made when it is asked for. Raises as `teaching`.
    """

    def __init__(self, spec: Teacher, recipe: Recipe, pictures: Pictures) -> None:
        teaching(spec, recipe)
        model = find(spec.model)
        assert model.onnx is not None  # a teacher that `teaching` takes has one
        self.pictures, self.scale, self.gray = pictures, model.card.scale, recipe.generator.channels == "y"
        self.name, self.cache = model.card.name, recipe.data.cache_gigabytes
        engine = engine_of(model.onnx, recipe)
        # the network alone, as in teaching crop by crop; tiles of one size, so that no result follows free memory
        self.upscaler = Upscaler.from_engine(model.card, engine, tile=CORE, alone=True)
        made_by = f"{engine.precision} {recipe.generator.channels} {CORE} ".encode() + model.onnx.read_bytes()
        kept = recipe.data.cache_folder
        self.folder = at_home(kept) / hashlib.sha256(made_by).hexdigest()[:40] if kept else None
        self._results: list[Levels | Path | None] = [None] * len(pictures)

    def make_all(self, say: Callable[[str], None]) -> None:
        """Make what is not kept yet. Raises TrainingError, before the first one, where memory is not to hold them."""
        if self.folder is None:
            self._check_memory()
        say(f"the teacher {self.name} enlarges {counted(len(self.pictures), 'picture')} before the first step")
        trouble = ""
        for index in range(len(self.pictures)):
            place = file_for(self.pictures.paths[index], self.folder) if self.folder else None
            self._results[index] = place
            if place and _kept(place) is not None:
                continue
            made = self._results[index] = self._made(index)
            if place:
                try:
                    write_pixels(place, made, FileFacts("teacher", 8, self.gray, 0.0, False))
                    self._results[index] = place
                except OSError as error:  # a full disk: memory serves
                    trouble = trouble or error.strerror or str(error)
        if trouble:
            say(f"warning: data.cache_folder takes no more of the teacher's results ({trouble}): they stay in memory")

    def levels(self, index: int) -> Levels:
        """The result for one picture; not to be written to."""
        found = self._results[index]
        if isinstance(found, Path):
            found = _kept(found)
        if found is None:  # not asked for yet, or somebody has cleared the folder meanwhile: slower, not wrong
            found = self._results[index] = self._made(index)
        return found

    def _made(self, index: int) -> Levels:
        levels = self.pictures.levels(index)
        height, width = (side - side % self.scale for side in levels.shape[:2])
        low = shrink(levels[:height, :width], self.scale)
        if self.gray:
            low = np.repeat(to_levels(luma(low.astype(np.float32)))[..., None], 3, axis=2)
        whole = levels.copy()
        whole[:height, :width] = self.upscaler(low)
        return whole

    def _check_memory(self) -> None:
        results = sum(3 * height * width for height, width in self.pictures.sizes)
        need = (results + sum(one.nbytes for one in self.pictures.cached if isinstance(one, np.ndarray))) / 1e9
        if need > self.cache:
            raise CannotStart(
                f"teacher.ahead: pictures and its results take {need:.3g} GB of memory, data.cache_gigabytes is "
                f"{self.cache:g}; raise it, set data.cache_folder=DIR, or teacher.ahead: false"
            )


def _kept(place: Path) -> Levels | None:
    """The result that lies there; None where there is none, or a torn one."""
    try:
        return map_pixels(place)[0]
    except (OSError, ValueError):
        return None
