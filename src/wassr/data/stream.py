"""The stream of training crops: a pure function of a key, so a resumed run needs no loader state.

The key is (seed, role, step, sub-step, item). A counter-based generator (Philox) turns it into a picture, a position, a
flip and a rotation; nothing depends on what was drawn before, on workers or on processes.

Nor on the order of summation: at x2 and x4 the weights of the reduction are multiples of 1/256 and 1/4096, so that its
sums of 8-bit levels are exact in float32. At x3 they are multiples of 1/162, and one pixel in a hundred is a tie that
the matrix product of the machine decides.

With degradations the low side of each crop goes through their chain, whose dice are the key's too. The JPEG saves at
its end may be done to the whole batch as tensors: drawn alike, and the codec's but for a rounding here and there.
"""

from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wassr.data.chain import Saver, Step, split_at_last_saves
from wassr.data.codecs import GRID, Save, any_origin
from wassr.data.degradations import degrade, last_saves
from wassr.data.dice import dice_of_crop
from wassr.data.folders import Levels, Pictures
from wassr.data.tensor_jpeg import save_in_turn
from wassr.pixels.resize import bicubic_taps

Role = Literal["generator", "critic", "meter"]
ROLES: dict[Role, int] = {"generator": 0, "critic": 1, "meter": 2}
REACH = 2  # low-resolution pixels to each side that the reduction's kernel looks at


@dataclass(frozen=True)
class Key:
    """Which batch. `step` counts generator steps of the stage; `sub` the critic steps before it.

    attempt: other crops for the same step, where the first ones broke it.
    """

    role: Role
    step: int
    sub: int = 0
    attempt: int = 0


@dataclass(frozen=True)
class Batch:
    """low (N, C, crop/scale, crop/scale) and high (N, C, crop, crop), float32 in [0, 1]."""

    low: Tensor
    high: Tensor


@dataclass(frozen=True)
class Place:
    """Where a crop comes from: the picture's index, the corner of its high side, then quarter turns and a mirror."""

    picture: int
    top: int
    left: int
    quarters: int
    mirrored: bool


class Stream:
    """Aligned crops of `pictures`; low resolution is made on the fly by the benchmark's 8-bit bicubic.

    Crops are cut with a margin as wide as the resize kernel, so `low` is exactly what reducing the whole picture from
    this position would give. Crops lie at any pixel, not only at multiples of the scale. With degradations the margin
    holds a whole unit of the codecs' grid, so that every block that the crop touches is one of the picture's, at a
    place in the grid that is drawn for each crop as that of a crop from a saved picture is; then `low` is cut out.
    """

    def __init__(
        self,
        pictures: Pictures,
        scale: int,
        crop: int,
        batch: int,
        seed: int,
        luma: bool = False,
        candidates: int = 1,
        workers: int = 1,
        degradations: tuple[Step, ...] = (),
        jpeg: Saver = "codec",
        device: torch.device | str = "cpu",
    ) -> None:
        """workers: threads that prepare batches ahead; 0: each is made when it is asked for.

        device: where batches go. jpeg: who does the saves that end the degradations; tensor: the whole batch, there.
        Raises ValueError where tensors cannot (`split_at_last_saves`).
        """
        self.pictures, self.crop, self.batch, self.seed = pictures, crop, batch, seed
        self.luma, self.candidates, self.workers = luma, candidates, workers
        self.scale, self.degradations, self.device = scale, degradations, device
        self._chain, self._saves = split_at_last_saves(degradations) if jpeg == "tensor" else (degradations, ())
        self.margin = (GRID if degradations else REACH) * scale
        self._size = crop + 2 * self.margin
        matrix = bicubic_taps(self._size, self._size // scale, 1 / scale).matrix()
        self.reduce = torch.from_numpy(matrix if degradations else matrix[REACH:-REACH].copy())
        areas = np.array([height * width for height, width in pictures.sizes], dtype=np.float64)
        self.shares = np.cumsum(areas / areas.sum())  # a pixel is as likely as any other
        self._pool = ThreadPoolExecutor(max(workers, 1))
        self._ready: dict[Key, Future[Batch]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def __call__(self, key: Key, ahead: Iterable[Key] = ()) -> Batch:
        """The batch of `key`; the first of the keys `ahead`, one for each worker, are prepared meanwhile."""
        if not self.workers:
            return self.make(key)
        wanted = (key, *islice(ahead, self.workers))
        self._ready = {k: self._ready.get(k) or self._pool.submit(self.make, k) for k in wanted}
        return self._ready.pop(key).result()

    def make(self, key: Key) -> Batch:
        """Cut, turn and reduce the crops of one batch."""
        crops = np.empty((self.batch, 3, self._size, self._size), dtype=np.uint8)
        lows = np.empty((self.batch, 3, self._size // self.scale, self._size // self.scale), dtype=np.uint8)
        saves: list[tuple[Save, ...]] = []
        for item in range(self.batch):
            place, crop = self._draw(key, item)
            turned = np.rot90(crop, place.quarters)
            # one plane after the other: all that follows is three times as fast as with channels interleaved
            crops[item] = (turned[:, ::-1] if place.mirrored else turned).transpose(2, 0, 1)
            if self.degradations:
                lows[item], left = self._degraded(crops[item], key, item)
                saves.append(left)
        m = self.margin
        if self.degradations:
            low, high = (torch.from_numpy(part).to(self.device).float() for part in (lows, crops[:, :, m:-m, m:-m]))
            low = save_in_turn(low, saves)[:, :, GRID:-GRID, GRID:-GRID]
        else:
            wide = torch.from_numpy(crops).to(torch.float32)
            low, high = (part.to(self.device) for part in (self._reduced(wide), wide[:, :, m:-m, m:-m]))
        if self.luma:
            low, high = luma(low), luma(high)
        return Batch(low / 255, high / 255)

    def places(self, key: Key) -> list[Place]:
        """Where the crops of a batch come from."""
        return [self._draw(key, item)[0] for item in range(self.batch)]

    def _reduced(self, wide: Tensor) -> Tensor:
        return _round(_round(self.reduce @ wide) @ self.reduce.T)  # rows first, 8 bit after each axis, as MATLAB does

    def _degraded(self, planes: Levels, key: Key, item: int) -> tuple[Levels, tuple[Save, ...]]:
        """The low side (3, size/scale, size/scale) of one crop with its margin, and the saves that are left to do."""
        dice = dice_of_crop(self.seed, ROLES[key.role], key.step, key.sub, item, key.attempt)
        high, origin = planes.transpose(1, 2, 0), any_origin(dice)
        made = degrade(high, self._chain, self.scale, dice, origin, self._reduced_levels)
        low, saves = last_saves(made.levels, self._saves, dice, origin)
        return low.transpose(2, 0, 1), saves

    def _reduced_levels(self, high: Levels) -> Levels:
        planes = torch.from_numpy(high.transpose(2, 0, 1).astype(np.float32))
        return self._reduced(planes).to(torch.uint8).numpy().transpose(1, 2, 0)

    def _draw(self, key: Key, item: int) -> tuple[Place, NDArray[np.uint8]]:
        """A place drawn from the key, and its pixels with the margin, not turned yet: uint8 (size, size, 3)."""
        philox = np.random.Philox(key=[self.seed, ROLES[key.role]], counter=[key.attempt, item, key.sub, key.step])
        draw = np.random.Generator(philox)
        best, most = None, -1.0
        around = self.margin - REACH * self.scale  # degradations do not change which candidate is taken
        looked_at = slice(around, self._size - around)
        for _ in range(self.candidates):
            index = min(int(np.searchsorted(self.shares, draw.random(), side="right")), len(self.pictures) - 1)
            picture = self.pictures.levels(index)
            top = int(draw.integers(0, picture.shape[0] - self.crop + 1))
            left = int(draw.integers(0, picture.shape[1] - self.crop + 1))
            crop = _cut(picture, top - self.margin, left - self.margin, self._size)
            detail = _detail(crop[looked_at, looked_at]) if self.candidates > 1 else 0.0
            if detail > most:
                best, most = (index, top, left, crop), detail
        assert best is not None
        index, top, left, crop = best
        return Place(index, top, left, int(draw.integers(4)), bool(draw.integers(2))), crop


def _cut(picture: NDArray[np.uint8], top: int, left: int, size: int) -> NDArray[np.uint8]:
    """A square that may reach beyond the picture, which is mirrored there as the resize does."""
    height, width = picture.shape[:2]
    if top >= 0 and left >= 0 and top + size <= height and left + size <= width:
        return picture[top : top + size, left : left + size]
    rows, columns = np.arange(top, top + size), np.arange(left, left + size)
    return picture[_mirror(rows, height)][:, _mirror(columns, width)]


def _mirror(index: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    folded = index % (2 * size)
    return np.where(folded < size, folded, 2 * size - 1 - folded)


def _detail(crop: NDArray[np.uint8]) -> float:
    green = crop[::2, ::2, 1].astype(np.int16)
    return float(np.abs(np.diff(green, axis=0)).mean() + np.abs(np.diff(green, axis=1)).mean())


def luma(rgb: Tensor) -> Tensor:
    """Full-range BT.601 luma, (N, 3, h, w) to (N, 1, h, w)."""
    return (rgb * torch.tensor([0.299, 0.587, 0.114], device=rgb.device)[:, None, None]).sum(1, keepdim=True)


def _round(levels: Tensor) -> Tensor:
    return torch.floor(levels + 0.5).clamp_(0, 255)
