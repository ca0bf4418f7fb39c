"""The stream of training crops: a pure function of a key, so a resumed run needs no loader state.

The key is (seed, role, step, sub-step, item). A counter-based generator (Philox) turns it into a picture, a position, a
flip and a rotation; nothing depends on what was drawn before, on workers or on processes.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wassr.data.folders import Pictures
from wassr.pixels.resize import bicubic_taps

Role = Literal["generator", "critic", "meter"]
ROLES: dict[Role, int] = {"generator": 0, "critic": 1, "meter": 2}


@dataclass(frozen=True)
class Key:
    """Which batch. `step` counts generator steps of the stage; `sub` the critic steps before it."""

    role: Role
    step: int
    sub: int = 0


@dataclass(frozen=True)
class Batch:
    """low (N, C, crop/scale, crop/scale) and high (N, C, crop, crop), float32 in [0, 1]."""

    low: Tensor
    high: Tensor


class Stream:
    """Aligned crops of `pictures`; low resolution is made on the fly by the benchmark's 8-bit bicubic.

    Crops are cut with a margin as wide as the resize kernel, so `low` is exactly what reducing the whole picture from
    this position would give. Crops lie at any pixel, not only at multiples of the scale.
    """

    def __init__(
        self, pictures: Pictures, scale: int, crop: int, batch: int, seed: int, luma: bool = False, candidates: int = 1
    ) -> None:
        self.pictures, self.crop, self.batch, self.seed = pictures, crop, batch, seed
        self.luma, self.candidates = luma, candidates
        self.margin = 2 * scale  # the kernel reaches two low-resolution pixels to each side
        size = crop + 2 * self.margin
        matrix = bicubic_taps(size, size // scale, 1 / scale).matrix()
        self.reduce = torch.from_numpy(matrix[2:-2].copy())
        areas = np.array([height * width for height, width in pictures.sizes], dtype=np.float64)
        self.shares = np.cumsum(areas / areas.sum())  # a pixel is as likely as any other
        self._pool = ThreadPoolExecutor(1)
        self._next: tuple[Key, Future[Batch]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def __call__(self, key: Key, following: Key | None = None) -> Batch:
        """The batch of `key`; `following`, if given, is prepared in the background meanwhile.

        One thread makes every batch, asked for or prepared, so that all are summed in one order.
        """
        ready = self._next if self._next is not None and self._next[0] == key else None
        batch = (ready[1] if ready else self._pool.submit(self.make, key)).result()
        self._next = (following, self._pool.submit(self.make, following)) if following else None
        return batch

    def make(self, key: Key) -> Batch:
        """Cut, turn and reduce the crops of one batch."""
        crops = np.stack([self._crop(key, item) for item in range(self.batch)])
        wide = torch.from_numpy(crops).permute(0, 3, 1, 2).to(torch.float32)
        low = _round(_round(self.reduce @ wide) @ self.reduce.T)  # rows first, 8 bit after each axis, as MATLAB does
        m = self.margin
        high = wide[:, :, m:-m, m:-m]
        if self.luma:
            low, high = luma(low), luma(high)
        return Batch(low / 255, high.contiguous() / 255)

    def _crop(self, key: Key, item: int) -> NDArray[np.uint8]:
        """uint8 (crop + 2 margin, ..., 3): picture, place and orientation drawn from the key."""
        philox = np.random.Philox(key=[self.seed, ROLES[key.role]], counter=[0, item, key.sub, key.step])
        draw = np.random.Generator(philox)
        best, most = None, -1.0
        for _ in range(self.candidates):
            index = int(np.searchsorted(self.shares, draw.random(), side="right"))
            picture = self.pictures.levels(min(index, len(self.pictures) - 1))
            top = int(draw.integers(0, picture.shape[0] - self.crop + 1))
            left = int(draw.integers(0, picture.shape[1] - self.crop + 1))
            crop = _cut(picture, top - self.margin, left - self.margin, self.crop + 2 * self.margin)
            detail = _detail(crop) if self.candidates > 1 else 0.0
            if detail > most:
                best, most = crop, detail
        assert best is not None
        turned = np.rot90(best, int(draw.integers(4)))
        return turned[:, ::-1] if draw.integers(2) else turned


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
    return (rgb * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(1, keepdim=True)


def _round(levels: Tensor) -> Tensor:
    return torch.floor(levels + 0.5).clamp_(0, 255)
