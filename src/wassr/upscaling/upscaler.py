"""Upscaler: a model, an engine, and the whole way from a picture to a larger one.

low picture -> tiles of one shape -> engine -> + base -> back-projection or bin projection -> one antialiased resize ->
result. Nothing is rounded on the way, everything stands in host memory, and the engine's memory is bounded by the tile.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from wassr.ground.errors import PictureError, UsageError
from wassr.ground.words import counted
from wassr.models.card import Card
from wassr.models.shelf import find, shipped, sibling
from wassr.pixels.jpeg_traces import UNCOMPRESSED, History
from wassr.pixels.picture import Picture, bleed_colour
from wassr.upscaling.bands import Consistent, NetworkRows, Planes, Resized, Stage, collect, with_base
from wassr.upscaling.bins import Bins, InBins, bins_of, states_bins
from wassr.upscaling.compression import NEVER, jpeg_wish, look
from wassr.upscaling.engines import Engine, Wish, float32_wish, whole_number
from wassr.upscaling.kinds import enlarged_like
from wassr.upscaling.machine import MOST_PER_CORE, free_memory, threads_for
from wassr.upscaling.progress import Counter, Progress
from wassr.upscaling.strength import Mixture, mixture
from wassr.upscaling.target import Target
from wassr.upscaling.tiles import Tiles
from wassr.upscaling.tiling import Grid, grid

if TYPE_CHECKING:
    from PIL.Image import Image

Pixels = TypeVar("Pixels", bound=NDArray[Any])
Floats = NDArray[np.float32]
BinsOrNone = tuple[Bins, ...] | None
Projection = Literal["bins", "back-projection", "neither"]

DEFAULT_MODEL = "compact-x4"
CORE = 256  # larger tiles cost more page faults than they save in margins
LEAST_CORE = 32
BYTES_PER_PIXEL = 512  # of a tile's output, in the engine: two float32 layers of 64 channels at full resolution
MODEL_SCALE = Target()


class Upscaler:
    """Enlarges pictures by one model.

    model: a name of the shelf or a path; engine, device, precision, threads: see `engines.Wish`; tile: side of a
    tile's core in low-resolution pixels, 0 chooses from free memory; strength: 0 (the content model that `model` was
    trained from) to 1 (`model` itself), None asks for no content model; jpeg: what a model for compressed inputs takes
    pictures for: "auto" looks, "off" means never compressed, 1..100 saved at this quality; say: takes sentences for the
    user. Raises ModelError, EngineError, UsageError.

    Threads may share one: they take turns in the engine, which uses all cores anyway. Processes make one each, and
    start by spawn: what the libraries below hold does not survive a fork. glibc is told to keep freed memory for the
    next tile.
    """

    def __init__(
        self,
        model: str | Path = DEFAULT_MODEL,
        *,
        engine: str = "auto",
        device: str = "auto",
        precision: str = "auto",
        threads: int = 0,
        tile: int = 0,
        strength: float | None = None,
        jpeg: str | int = "auto",
        say: Callable[[str], None] | None = None,
    ) -> None:
        file = find(model)
        wish = Wish(engine, device, precision, threads)
        chosen = Mixture(file) if strength is None else mixture(file, strength)
        self._prepare(chosen.card, chosen.engine(wish, say or _silent), tile, jpeg, say, chosen, wish)

    @classmethod
    def from_engine(
        cls,
        card: Card,
        engine: Engine,
        *,
        tile: int = 0,
        thorough: bool = False,
        jpeg: str | int = "off",
        alone: bool = False,
        say: Callable[[str], None] | None = None,
    ) -> "Upscaler":
        """An upscaler around an engine that stands already: a network in training, a stub.

        thorough: judge every tile against the input, as for model files; off, because a network that has just begun
        to learn may give anything. Non-finite values are an error always. alone: neither back-projection nor bins come
        after the network. jpeg: off, because what the network does by
        itself is wanted as a rule.
        """
        made = cls.__new__(cls)
        made._prepare(card, engine, tile, jpeg, say)
        made.thorough, made.alone = thorough, alone
        return made

    def _prepare(
        self,
        card: Card,
        engine: Engine,
        tile: int,
        jpeg: str | int,
        say: Callable[[str], None] | None,
        chosen: Mixture | None = None,
        wish: Wish | None = None,
    ) -> None:
        tile = whole_number("tile", tile)
        if tile and tile < LEAST_CORE:
            raise UsageError(f"-t {tile}: a tile needs at least {LEAST_CORE} pixels; 0 chooses")
        self.card, self.engine, self.tile, self.jpeg = card, engine, tile, jpeg_wish(jpeg)
        self.say = say or _silent
        self.thorough, self.alone = True, False
        self._mixture, self._wish = chosen, wish or Wish()
        self._spare: Engine | None = None
        self._siblings: dict[str, Upscaler] = {}
        self._told = False

    @overload
    def __call__(self, picture: str | os.PathLike[str] | Picture, target: Target = ...) -> Picture: ...
    @overload
    def __call__(self, picture: "Image", target: Target = ...) -> "Image": ...
    @overload
    def __call__(self, picture: Pixels, target: Target = ...) -> Pixels: ...
    @overload
    def __call__(self, picture: Any, target: Target = ...) -> Any: ...

    def __call__(self, picture: Any, target: Target = MODEL_SCALE) -> Any:
        """Enlarge a path (gives a Picture), Picture, PIL image, array (H, W, C) or tensor (C, H, W): its like back."""
        if not isinstance(target, Target):
            raise UsageError(f"{target!r} is no size: give a wassr.Target, as Target(factor=2) or Target(width=1920)")
        return enlarged_like(picture, lambda found, name: self.enlarge(found, target, name))

    def describe(self) -> str:
        """Engine, precision, threads and why, in one line."""
        engine = self.engine
        threads, asked = counted(engine.threads, "thread"), self._wish.threads
        if threads_for(asked) < asked:
            threads += f" (not {asked}: {MOST_PER_CORE} for each core are the most)"
        name = self._mixture.name if self._mixture else self.card.name
        return f"{name}: {engine.name}, {engine.precision}, {threads} ({engine.reason})"

    def identity(self) -> str:
        """What shapes results, of the model. Engines agree within their tolerance."""
        return self._mixture.identity if self._mixture else f"{self.card.name} {self.card.to_json()}"

    @property
    def strength(self) -> float | None:
        """What was asked for; None where nothing was."""
        return self._mixture.strength if self._mixture and self._mixture.content else None

    def at(self, strength: float) -> "Upscaler":
        """The same at another strength. Raises UsageError where the model has no content model."""
        if self._mixture is None:
            raise UsageError(f"{self.card.name}: only a model file has a content model")
        return self._like(self._mixture.model.path, strength)

    def enlarge(
        self,
        picture: Picture,
        target: Target = MODEL_SCALE,
        name: str = "picture",
        progress: Progress | None = None,
        found: History | None = None,
    ) -> Picture:
        """The larger picture, unrounded; metadata as they were.

        progress(done, total) is told after every tile. found: what the picture has gone through, where that is known
        already. Raises PictureError, naming `name`, when a tile is wrong even in float32 or memory does not suffice.
        """
        height, width = target.size(picture.height, picture.width, self.card.scale)
        return self.for_picture(picture, target)._sized(picture, height, width, name, progress, found)

    def projection(self, found: History) -> Projection:
        """What holds the result to a picture that has gone through this."""
        if self.card.inputs != "clean" and found.quality is not None:
            return "bins" if states_bins(found) else "neither"
        return "back-projection" if self.card.consistency else "neither"

    def for_picture(self, picture: Picture, target: Target) -> "Upscaler":
        """The upscaler of this family that enlarges a picture to its target."""
        return self.for_factor(target.factor_for(picture.height, picture.width, self.card.scale))

    def for_factor(self, factor: float) -> "Upscaler":
        """This upscaler, or the shipped one of its family (`NAME-x2`, `-x3`, `-x4`) whose scale is nearest from above.

        A file of the user's own is taken as it is, though it be called as a shipped one.
        """
        names = shipped()
        if self._mixture is None or names.get(self.card.name, Path()) not in self._mixture.model.files:
            return self
        name = sibling(self.card.name, factor, list(names))
        if name == self.card.name:
            return self
        if name not in self._siblings:
            self._siblings[name] = self._like(name, self.strength)
            self.say(self._siblings[name].describe())
        return self._siblings[name]

    def _like(self, model: str | Path, strength: float | None) -> "Upscaler":
        """Another model or strength by the same wishes."""
        return Upscaler(model, **vars(self._wish), tile=self.tile, strength=strength, jpeg=self.jpeg, say=self.say)

    def cut(self, height: int, width: int, core: int = 0) -> Grid:
        """The tiles that a picture of this size is cut into."""
        return grid(height, width, core or self.core(), self.card.radius)

    def core(self) -> int:
        """Side of a tile's core: what was asked for, else the largest up to 256 that half of the free memory holds."""
        if self.tile:
            return self.tile
        core, budget = CORE, free_memory() // 2
        while core > LEAST_CORE and (core + 2 * self.card.radius) ** 2 * self.card.scale**2 * BYTES_PER_PIXEL > budget:
            core //= 2
        return core

    def stage(
        self,
        low: Floats,
        cutting: Grid,
        height: int,
        width: int,
        name: str,
        done: Callable[[], None],
        bins: BinsOrNone = None,
        quality: int = UNCOMPRESSED,
    ) -> Stage:
        """The stages from planes (C, h, w) to the result of (height, width).

        bins: take the place of back-projection, even where there are none of them; None: it has its place. quality: of
        the picture's JPEG, for networks that are told.
        """
        file = self._mixture.model.path if self._mixture else None
        passes = self.card.consistency if bins is None else 0
        at_once = (passes > 0 or bool(bins)) and self.card.base == "bicubic" and self.card.channels == "rgb"
        tiles = Tiles(
            self.card, low, self.engine, self._again, name, self.thorough, self.say, done, quality, file, not at_once
        )
        stage: Stage = NetworkRows(cutting, self.card.scale, tiles.make)
        for one in range(passes):
            stage = Consistent(stage, with_base(low, self.card.scale) if at_once and one == 0 else low)
        if bins:
            stage = InBins(stage, bins, low.shape[1], low.shape[2], low if at_once else None)
        return stage if (stage.height, stage.width) == (height, width) else Resized(stage, height, width)

    def _sized(
        self, picture: Picture, height: int, width: int, name: str, progress: Progress | None, found: History | None
    ) -> Picture:
        _check_memory(height, width, picture, name)
        if self.card.sees_all and not self._told:
            self.say(f"{self.card.name} looks at the whole picture: cut into tiles, its result differs a little")
            self._told = True
        alpha = picture.alpha
        if alpha is not None:
            picture = replace(picture, colour=bleed_colour(picture.colour, alpha))
            alpha = collect(Resized(Planes(alpha[None]), height, width))[..., 0]
        low = np.ascontiguousarray(picture.colour.transpose(2, 0, 1))
        if not np.isfinite(low).all():
            raise PictureError(name, "has pixels that are not finite numbers")
        found = self._found(picture, found)
        bins = None if found.quality is None or self.card.inputs == "clean" else bins_of(picture, found)
        bins = () if self.alone else bins
        colour = self._colour(low, bins, found.told, height, width, name, progress)
        return replace(picture, colour=colour, alpha=alpha, jpeg=None)

    def _found(self, picture: Picture, found: History | None) -> History:
        """What the picture, as the network sees it, has gone through, where that matters to this model."""
        if (self.alone or self.card.inputs == "clean") and not self.card.quality_plane:
            return NEVER
        return look(picture, self.jpeg) if found is None else found

    def _colour(
        self, low: Floats, bins: BinsOrNone, quality: int, height: int, width: int, name: str, progress: Progress | None
    ) -> Floats:
        """The result's colour planes (H, W, C); a tile that does not fit into memory is halved until it does."""
        core = self.core()
        while True:
            cutting = self.cut(low.shape[1], low.shape[2], core)
            counter = Counter(cutting.count, progress)
            try:
                return collect(self.stage(low, cutting, height, width, name, counter.step, bins, quality))
            except MemoryError as error:
                core = min(core, max(cutting.shape)) // 2
                if core < LEAST_CORE:
                    raise PictureError(name, "not enough memory, even for the smallest tiles") from error
                self.say(f"{name}: out of memory; going on with tiles of {core}")

    def _again(self) -> Engine:
        """The float32 engine on the CPU for suspicious tiles; without a model file, the engine itself."""
        if self._mixture is None:
            return self.engine
        if self._spare is None:
            self._spare = self._mixture.engine(float32_wish(self._wish.threads), self.say)
        return self._spare


def _silent(text: str) -> None:
    """Takes what would be said to a user."""


def _check_memory(height: int, width: int, picture: Picture, name: str) -> None:
    """The result stands in memory whole: refuse at once what cannot end well."""
    channels = picture.colour.shape[2] + (picture.alpha is not None)
    need, free = 4 * channels * height * width, free_memory()
    if need > free:
        raise PictureError(
            name,
            f"a result of {width} x {height} needs {need / 2**30:.1f} GiB of memory; {free / 2**30:.1f} GiB are free",
        )
