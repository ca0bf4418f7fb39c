"""What a batch will cost, before it is run: one tile of every picture is enlarged and written, and timed."""

import mmap
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from wassr.ground.errors import PictureError
from wassr.pixels.formats import check_holds, encode_picture, read_picture
from wassr.pixels.picture import Picture
from wassr.upscaling.batch import Options, read_source
from wassr.upscaling.choice import Choice
from wassr.upscaling.compression import NEVER, Generation, generations
from wassr.upscaling.inputs import Job
from wassr.upscaling.machine import resident_memory
from wassr.upscaling.target import Target

T = TypeVar("T")

FRESH_BYTES = 32 << 20
FRESH_COPIES = 3  # the result, its rows of tiles, its bands: each as large as the result, a piece at a time

BAND_ROWS = 512  # bands.collect's; three of them are alive at a time, beside two rows of tiles


@dataclass(frozen=True)
class Estimate:
    """Of one picture. memory: the process's peak in bytes; disk: bytes; trouble: why it would fail, else empty.

    seconds: those of the picture's result in a run of the same batch: reading, choosing the model, enlarging and
    encoding, with what only the first picture of a shape or format pays. Putting the file on the disk is left out,
    since nothing is written (measured on a local disk: 1 to 2 % of the result's seconds). Starting the program and
    opening the first model belong to no picture. model, jpeg: as in a result. done: made before, so it costs nothing.
    """

    source: str
    target: str
    width: int = 0
    height: int = 0
    tiles: int = 0
    seconds: float = 0.0
    memory: int = 0
    disk: int = 0
    trouble: str = ""
    model: str = ""
    jpeg: tuple[Generation, ...] = ()
    done: bool = False


def estimate(
    job: Job, choice: Choice, options: Options, pending: Callable[[Job, bytes], bool] = lambda job, content: True
) -> Estimate:
    """Time one tile: as the first one and, where there are more, as those after it. Writes nothing.

    pending: whether the result is still to be made (`batch.pending_of`).
    """
    target = "stdout" if job.target is None else str(job.target)
    try:
        if job.trouble:
            raise PictureError(job.source.name, job.trouble)
        start = time.perf_counter()
        content = read_source(job.source)
        if not pending(job, content):
            return Estimate(job.source.name, target, done=True)
        picture = read_picture(content, job.source.name)
        del content
        reading = time.perf_counter() - start
        suffix = options.extension or ".png" if job.target is None else job.target.suffix
        return _measured(job, target, picture, reading, choice, options, suffix)
    except PictureError as error:
        reason = error.reason if error.path == job.source.name else str(error)
        return Estimate(job.source.name, target, trouble=reason)


def _measured(
    job: Job, target: str, picture: Picture, reading: float, choice: Choice, options: Options, suffix: str
) -> Estimate:
    start = time.perf_counter()
    by = choice.of(picture, options.target, job.source.name)
    looking = time.perf_counter() - start
    scale = by.upscaler.card.scale
    height, width = options.target.size(picture.height, picture.width, scale)
    check_holds(suffix, height, width)
    factor = options.target.factor_for(picture.height, picture.width, scale)
    chosen = by.upscaler.for_factor(factor)
    cutting = chosen.cut(picture.height, picture.width)
    part = _middle(picture, cutting.shape)
    asked = Target(factor=factor)
    # taken for a picture that was never compressed: intervals are those of the whole, and back-projection costs as much
    enlarging, large = _timed(cutting.count, lambda: chosen.enlarge(part, asked, job.source.name, found=NEVER))
    share = height * width / (large.height * large.width)
    encoding, encoded = _timed(share, lambda: encode_picture(large, suffix, options.quality, options.strip))
    disk = int(len(encoded) * share)
    if cutting.count > 1:  # the middle may be busier than the rest: the low picture tells by how much
        whole = len(encode_picture(_bare(picture), suffix, options.quality, True))
        piece = len(encode_picture(_bare(part), suffix, options.quality, True))
        disk = int(len(encoded) * whole / piece)
    fresh = 0.0
    if cutting.count > 1:  # later tiles were timed in memory that is warm already; the rest of the result never is
        rest = height * width - large.height * large.width
        fresh = FRESH_COPIES * 4 * large.colour.shape[2] * rest * _seconds_per_fresh_byte()
    seconds = reading + looking + enlarging + encoding + fresh
    memory = _memory(picture, height, width, chosen.card.scale * cutting.shape[0], disk)
    jpeg = generations(by.found)
    return Estimate(
        job.source.name, target, width, height, cutting.count, seconds, memory, disk, model=by.model, jpeg=jpeg
    )


def _seconds_per_fresh_byte() -> float:
    """What the first touch of memory costs here, writing included."""
    with mmap.mmap(-1, FRESH_BYTES) as block:
        values = np.frombuffer(block, dtype=np.float32)
        start = time.perf_counter()
        values.fill(1.0)
        seconds = time.perf_counter() - start
        del values  # a mapping cannot be closed while an array looks at it
    return seconds / FRESH_BYTES


def _timed(runs: float, action: Callable[[], T]) -> tuple[float, T]:
    """Seconds of so many runs of an action, at least one, and its result.

    The first run pays what comes once: a graph is compiled, memory touched, a library loaded. Where there are more,
    each counts as the median of three, so that one disturbance counts for nothing.
    """
    seconds = []
    for _ in range(4 if runs > 1 else 1):
        start = time.perf_counter()
        result = action()
        seconds.append(time.perf_counter() - start)
    first, *later = seconds
    return first + (runs - 1) * sorted(later)[1] if later else first, result


def _middle(picture: Picture, shape: tuple[int, int]) -> Picture:
    top, left = (picture.height - shape[0]) // 2, (picture.width - shape[1]) // 2
    rows, columns = slice(top, top + shape[0]), slice(left, left + shape[1])
    alpha = None if picture.alpha is None else picture.alpha[rows, columns]
    return replace(picture, colour=picture.colour[rows, columns], alpha=alpha, jpeg=None)


def _bare(picture: Picture) -> Picture:
    return replace(picture, icc=None)


def _memory(picture: Picture, height: int, width: int, block: int, disk: int) -> int:
    """Peak of the process: what it needs now, the result as floats, its levels, the bands and the file."""
    channels = picture.colour.shape[2] + (picture.alpha is not None)
    levels = channels * height * width * picture.bits // 8
    bands = 4 * channels * width * (2 * min(block, height) + 3 * min(BAND_ROWS, height))
    return resident_memory() + 4 * channels * height * width + levels + bands + disk
