"""The stream of training crops: a pure function of a key, so a resumed run needs no loader state.

The key is (seed, role, step, sub-step, item). A counter-based generator (Philox) turns it into a picture, a position, a
flip and a rotation; nothing depends on what was drawn before, on workers or on processes.

Nor on the order of summation: at x2 and x4 the weights of the reduction are multiples of 1/256 and 1/4096, so that its
sums of 8-bit levels are exact in float32. At x3 they are multiples of 1/162, and one pixel in a hundred is a tie that
the matrix product of the machine decides.

What is done for each crop is little and in NumPy, whose calls cost a quarter of torch's; all that can be done to the
whole batch at once is torch's.

With degradations the low side of each crop goes through their chain, whose dice are the key's too. The JPEG saves at
its end may be done to the whole batch as tensors: drawn alike, and the codec's but for a rounding here and there.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Literal, NamedTuple, Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wassr.data.chain import Saver, Step, split_at_last_saves
from wassr.data.codecs import GRID, Save, any_origin, still_seen
from wassr.data.decoded import Levels
from wassr.data.degradations import degrade, last_saves, told
from wassr.data.dice import dice_of_crop
from wassr.data.draws import Draws
from wassr.data.folders import Pictures
from wassr.data.tensor_jpeg import save_in_turn
from wassr.pixels.jpeg_traces import UNCOMPRESSED
from wassr.pixels.resize import bicubic_taps

Role = Literal["generator", "critic", "meter"]
ROLES: dict[Role, int] = {"generator": 0, "critic": 1, "meter": 2}
REACH = 2  # low-resolution pixels to each side that the reduction's kernel looks at
BAND = 8  # low-resolution rows reduced at a time: more of them have more zeros among their weights


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
    """low (N, C, crop/scale, crop/scale) and high (N, C, crop, crop), float32 in [0, 1].

    low is what the generator sees: behind its colours there may be the plane of the quality, quality / 100.
    target: as high, what the content loss is to find in its place: a teacher's result, where there is one.
    """

    low: Tensor
    high: Tensor
    target: Tensor | None = None

    @property
    def wanted(self) -> Tensor:
        """What the content loss compares with."""
        return self.high if self.target is None else self.target


class Results(Protocol):
    """One result for each picture."""

    def levels(self, index: int) -> Levels:
        """uint8 (H, W, 3), of the picture's size."""
        ...


class Place(NamedTuple):
    """Where a crop comes from: the picture's index, the corner of its high side, then quarter turns and a mirror."""

    picture: int
    top: int
    left: int
    quarters: int
    mirrored: bool


Candidate = tuple[tuple[int, int, int], Levels]  # picture, top and left of a place, and the pixels there


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
        workers: int = 0,
        degradations: tuple[Step, ...] = (),
        jpeg: Saver = "codec",
        device: torch.device | str = "cpu",
        quality_plane: bool = False,
        taught: Results | None = None,
    ) -> None:
        """taught: a teacher's results, cut as the pictures are for the generator's target; all crops then lie at
        multiples of the scale, where the low side's pixels are those that the teacher saw.

        workers: threads that prepare batches ahead; 0: each is made when it is asked for. A thread more than there are
        cores costs more than it saves: torch's threads then sleep after each operation instead of waiting for the next.

        device: where batches go. jpeg: who does the saves that end the degradations; tensor: the whole batch, there.
        quality_plane: behind each low side, what is known of its JPEG (`told`). Raises ValueError where tensors cannot
        (`split_at_last_saves`).
        """
        self.pictures, self.crop, self.batch, self.seed, self.taught = pictures, crop, batch, seed, taught
        self.apart = scale if taught else 1  # pixels from one place for a crop to the next
        self.luma, self.candidates, self.workers = luma, candidates, workers
        self.scale, self.degradations, self.device, self.quality_plane = scale, degradations, device, quality_plane
        self._chain, self._saves = split_at_last_saves(degradations) if jpeg == "tensor" else (degradations, ())
        self.margin = (GRID if degradations else REACH) * scale
        self._size = crop + 2 * self.margin
        matrix = torch.from_numpy(bicubic_taps(self._size, self._size // scale, 1 / scale).matrix())
        matrix = matrix if degradations else matrix[REACH:-REACH]
        if not degradations and candidates == 1:  # several are compared with all of the margin
            unused = int(matrix.any(0).nonzero().min())  # pixels at each end that no weight looks at
            self.margin, self._size = self.margin - unused, self._size - 2 * unused
            matrix = matrix[:, unused : unused + self._size]
        self.reduce, self._bands = matrix.contiguous(), _bands(matrix)
        areas = np.array([height * width for height, width in pictures.sizes], dtype=np.float64)
        self.shares: list[float] = np.cumsum(areas / areas.sum()).tolist()  # a pixel is as likely as any other
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
        crops = np.empty((self.batch, self._size, 3, self._size), dtype=np.uint8)
        lows = np.empty((self.batch, 3, self._size // self.scale, self._size // self.scale), dtype=np.uint8)
        saves: list[tuple[Save, ...]] = []
        qualities = [UNCOMPRESSED] * self.batch
        taught = self.taught if key.role == "generator" else None
        targets = np.empty((self.batch, self.crop, self.crop, 3), dtype=np.uint8) if taught else None
        for item, (place, crop) in enumerate(self._drawn(key)):
            # channels side by side in each row: one matrix product reduces the rows of all three as they lie
            crops[item] = _turned(crop, place).transpose(0, 2, 1)
            if taught and targets is not None:
                targets[item] = _turned(_cut(taught.levels(place.picture), place.top, place.left, self.crop), place)
            if self.degradations:
                lows[item], left, qualities[item] = self._degraded(crops[item], key, item)
                saves.append(left)
        wide = torch.from_numpy(crops)
        if self.degradations:
            low = torch.from_numpy(lows).to(self.device).float()
            low = save_in_turn(low, saves)[:, :, GRID:-GRID, GRID:-GRID]
        else:
            wide = wide.float()
            low = self._reduced(wide).to(self.device)
        inside = slice(self.margin, self.margin + self.crop)
        high = wide[:, inside, :, inside].to(self.device).float().transpose(1, 2)
        target = None if targets is None else torch.from_numpy(targets).to(self.device).float().permute(0, 3, 1, 2)
        if self.luma:
            low, high, target = luma(low), luma(high), None if target is None else luma(target)
        low = _share_of_white(low)
        return Batch(
            with_quality(low, qualities) if self.quality_plane else low,
            _share_of_white(high),
            None if target is None else _share_of_white(target),
        )

    def places(self, key: Key) -> list[Place]:
        """Where the crops of a batch come from."""
        return [place for place, _ in self._drawn(key)]

    def _reduced(self, wide: Tensor) -> Tensor:
        """(N, 3, h, w) from (N, H, 3, W): rows first, 8 bit after each axis, as MATLAB does."""
        number, height, _, width = wide.shape
        lines, lows = wide.view(number, height, 3 * width), []
        for span, part in self._bands:
            rows = _round(torch.bmm(part.expand(number, -1, -1), lines[:, span]))
            lows.append(rows.view(number, -1, 3, width) @ self.reduce.T)
        return _round(torch.cat(lows, 1)).transpose(1, 2)

    def _degraded(self, crop: Levels, key: Key, item: int) -> tuple[Levels, tuple[Save, ...], int]:
        """The low side (3, size/scale, size/scale) of one crop with its margin; the saves left to do; its quality."""
        dice = dice_of_crop(self.seed, ROLES[key.role], key.step, key.sub, item, key.attempt)
        high, origin = crop.transpose(0, 2, 1), any_origin(dice)
        made = degrade(high, self._chain, self.scale, dice, origin, self._reduced_levels)
        low, saves = last_saves(made.levels, self._saves, dice, origin)
        return low.transpose(2, 0, 1), saves, told((*made.qualities, *still_seen(saves)), dice)

    def _reduced_levels(self, high: Levels) -> Levels:
        wide = torch.from_numpy(high.transpose(0, 2, 1).astype(np.float32, order="C"))
        return self._reduced(wide[None])[0].to(torch.uint8).numpy().transpose(1, 2, 0)

    def _drawn(self, key: Key) -> Iterator[tuple[Place, Levels]]:
        """Places drawn from the key, and their pixels with the margin, not turned yet: uint8 (size, size, 3)."""
        draws = Draws((self.seed, ROLES[key.role]))
        for item in range(self.batch):
            # the counter's lowest word counts on with every four draws: what tells batches apart stands above it
            draws.turn_to((0, key.attempt << 32 | item, key.sub, key.step))
            yield self._draw(draws)

    def _draw(self, draws: Draws) -> tuple[Place, Levels]:
        found = [self._candidate(draws) for _ in range(self.candidates)]
        (picture, top, left), crop = max(found, key=self._detail) if len(found) > 1 else found[0]
        return Place(picture, top, left, draws.integer(4), bool(draws.integer(2))), crop

    def _candidate(self, draws: Draws) -> Candidate:
        index = min(bisect_right(self.shares, draws.random()), len(self.pictures) - 1)
        picture = self.pictures.levels(index)
        top = self.apart * draws.integer((picture.shape[0] - self.crop) // self.apart + 1)
        left = self.apart * draws.integer((picture.shape[1] - self.crop) // self.apart + 1)
        return (index, top, left), _cut(picture, top - self.margin, left - self.margin, self._size)

    def _detail(self, candidate: Candidate) -> float:
        around = self.margin - REACH * self.scale  # degradations do not change which candidate is taken
        looked_at = slice(around, self._size - around, 2)
        green = candidate[1][looked_at, looked_at, 1].astype(np.int16)
        return float(np.abs(np.diff(green, axis=0)).mean() + np.abs(np.diff(green, axis=1)).mean())


def _cut(picture: Levels, top: int, left: int, size: int) -> Levels:
    """A square that may reach beyond the picture, which is mirrored there as the resize does."""
    height, width = picture.shape[:2]
    if top >= 0 and left >= 0 and top + size <= height and left + size <= width:
        return picture[top : top + size, left : left + size]
    rows, columns = np.arange(top, top + size), np.arange(left, left + size)
    return picture[_mirror(rows, height)][:, _mirror(columns, width)]


def _mirror(index: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    folded = index % (2 * size)
    return np.where(folded < size, folded, 2 * size - 1 - folded)


def _turned(crop: Levels, place: Place) -> Levels:
    """A view of a copy: rows lie far apart in the picture, so each is fetched once, not for every channel or column."""
    turned = crop.copy().swapaxes(0, 1) if place.quarters % 2 else crop.copy()
    upwards, backwards = place.quarters in (1, 2), (place.quarters in (2, 3)) != place.mirrored
    return turned[:: -1 if upwards else 1, :: -1 if backwards else 1]


def _bands(matrix: Tensor) -> list[tuple[slice, Tensor]]:
    """Some rows of the matrix at a time: where columns are not all zero, and the rows there."""
    bands = []
    for top in range(0, len(matrix), BAND):
        rows = matrix[top : top + BAND]
        used = rows.any(0).nonzero()
        span = slice(int(used.min()), int(used.max()) + 1)
        bands.append((span, rows[:, span].contiguous()))
    return bands


def with_quality(colours: Tensor, qualities: Sequence[int]) -> Tensor:
    """(N, C, h, w) with a plane behind it: the quality / 100 of each picture, everywhere the same."""
    plane = torch.tensor(qualities, dtype=torch.float32, device=colours.device).div_(100).view(-1, 1, 1, 1)
    return torch.cat([colours, plane.expand(-1, 1, *colours.shape[2:])], dim=1)


def luma(rgb: Tensor) -> Tensor:
    """Full-range BT.601 luma, (N, 3, h, w) to (N, 1, h, w)."""
    # each product and sum is rounded on its own: runs rely on these bits
    red, green, blue = rgb.chunk(3, dim=1)
    return (red * 0.299).add_(green * 0.587).add_(blue * 0.114)


def _round(levels: Tensor) -> Tensor:
    """8-bit levels, half rounded up, in place."""
    return levels.add_(0.5).floor_().clamp_(0, 255)


def _share_of_white(levels: Tensor) -> Tensor:
    """From 0..255 to 0..1, in the order in memory that networks read, whatever that of `levels` is."""
    return torch.div(levels, 255, out=torch.empty(levels.shape, device=levels.device))
