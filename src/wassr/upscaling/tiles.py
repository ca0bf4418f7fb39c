"""One tile: the network's answer on a window, judged, added to its base, in the picture's own colours."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wassr.ground.errors import PictureError
from wassr.models.card import Card
from wassr.pixels.colour import luma
from wassr.pixels.jpeg_traces import UNCOMPRESSED
from wassr.upscaling.engines import Engine
from wassr.upscaling.machine import out_of_memory
from wassr.upscaling.plausible import doubt
from wassr.upscaling.tiling import Cut
from wassr.upscaling.windows import window

Floats = NDArray[np.float32]
Say = Callable[[str], None]


@dataclass
class Tiles:
    """Makes the tiles of one picture.

    low: (1 or 3, h, w) in [0, 1]; `again` gives the float32 engine that computes suspicious tiles a second time;
    thorough: judge tiles against the input, not only for non-finite values; done: called after each tile; quality: of
    its JPEG, for networks that are told; file: of the model, if there is one; on_base: off where what follows adds it.
    """

    card: Card
    low: Floats
    engine: Engine
    again: Callable[[], Engine]
    name: str
    thorough: bool = True
    say: Say = lambda text: None
    done: Callable[[], None] = lambda: None
    quality: int = UNCOMPRESSED
    file: Path | None = None
    on_base: bool = True
    entrance: Floats = field(init=False)

    def __post_init__(self) -> None:
        through_luma = self.card.channels == "y" and len(self.low) == 3
        self.entrance = luma(self.low.transpose(1, 2, 0))[None] if through_luma else self.low

    def make(self, row: Cut, column: Cut) -> Floats:
        """The finished core of a tile, (C, s rows, s columns), not clipped."""
        base = self._base(row, column) if self.on_base else None
        made = self._judged(row, column)
        if base is not None:
            made += base
        if len(self.entrance) != len(self.low):
            made = self._with_chroma(made, row, column)
        self.done()
        return made

    def _judged(self, row: Cut, column: Cut) -> Floats:
        core = self.entrance[:, row.core_start : row.core_stop, column.core_start : column.core_stop]
        made = self._run(self.engine, row, column)
        reason = self._doubt(made, core)
        if reason is None:
            return made
        engine = self.again()
        same = engine is not self.engine and _kind(engine) == _kind(self.engine)
        if not same:  # it would only give the same again
            said = f"{self.engine.name} gave {reason} in a tile; computing it again by {engine.name} in float32"
            self.say(f"{self.name}: {said}")
            made = self._run(engine, row, column)
            if self._doubt(made, core) is None:
                return made
        place = f"the tile at row {row.core_start}, column {column.core_start}"
        found = f"model {self.card.name} gives {reason}{'' if same else ', in float32 too'}; nothing is written"
        cause = (
            "" if self.file is None else f"; its file may be damaged, get it anew: {self.file}; or try another model"
        )
        raise PictureError(self.name, f"{place}: {found}{cause}")

    def _doubt(self, made: Floats, core: Floats) -> str | None:
        return doubt(made, self.card.base, core, self.thorough, self.card.inputs)

    def _run(self, engine: Engine, row: Cut, column: Cut) -> Floats:
        """The network's answer on the core, one plane for a gray picture."""
        tile = self.entrance[:, row.start : row.stop, column.start : column.stop]
        count, scale = self.card.colours, self.card.scale
        given = np.full((1, self.card.planes, *tile.shape[1:]), self.quality / 100, dtype=np.float32)
        given[0, :count] = tile
        try:
            made = engine.run(given)
        except RuntimeError as error:
            if out_of_memory(error):
                raise MemoryError(str(error)) from error
            raise PictureError(self.name, f"{engine.name} failed: {' '.join(str(error).split())[:300]}") from error
        expected = (1, count, scale * tile.shape[1], scale * tile.shape[2])
        if made.shape != expected:
            raise PictureError(self.name, f"{engine.name} gave a tile of shape {made.shape} instead of {expected}")
        rows = slice(scale * (row.core_start - row.start), scale * (row.core_stop - row.start))
        columns = slice(scale * (column.core_start - column.start), scale * (column.core_stop - column.start))
        core = made[0, :, rows, columns]
        if count > len(self.entrance):  # a gray picture through a colour network: one gray again
            return core.mean(axis=0, keepdims=True, dtype=np.float32)
        return np.array(core)

    def _base(self, row: Cut, column: Cut) -> Floats | None:
        scale = self.card.scale
        if self.card.base == "none":
            return None
        if self.card.base == "nearest":
            core = self.entrance[:, row.core_start : row.core_stop, column.core_start : column.core_stop]
            return core.repeat(scale, axis=1).repeat(scale, axis=2)
        return self._bicubic(self.entrance, row, column)

    def _bicubic(self, low: Floats, row: Cut, column: Cut) -> Floats:
        scale, (height, width) = self.card.scale, low.shape[1:]
        rows = (scale * row.core_start, scale * row.core_stop)
        columns = (scale * column.core_start, scale * column.core_stop)
        return window(low, (scale * height, scale * width), rows, columns)

    def _with_chroma(self, bright: Floats, row: Cut, column: Cut) -> Floats:
        """Luma of the network, chroma by bicubic: adding the same to R, G and B changes luma only."""
        plain = self._bicubic(self.low, row, column)
        plain += bright - luma(plain.transpose(1, 2, 0))[None]
        return plain


def _kind(engine: Engine) -> tuple[str, str, str]:
    """Engines of one kind, from the same file, give the same: its name, precision and device."""
    return engine.name, engine.precision, str(getattr(engine, "device", "cpu"))
