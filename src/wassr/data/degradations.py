"""From the high side to the low side through a chain of degradations. No torch.

All that is random comes from the dice that are given: same dice, same bytes (with the same versions of NumPy and of
Pillow's codecs).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wassr.data import codecs, filters
from wassr.data.chain import Kind, Reduce, Step
from wassr.data.codecs import Save
from wassr.data.dice import Dice
from wassr.data.filters import Degraded, Frame, Levels
from wassr.pixels.jpeg_traces import UNCOMPRESSED
from wassr.pixels.resize import shrink


@dataclass(frozen=True)
class Low:
    """The low side, and what was done to it, in words. qualities: of JPEG saves that can be seen, the latest last."""

    levels: Levels
    words: tuple[str, ...]
    qualities: tuple[int, ...] = ()


def degrade(
    high: Levels,
    steps: tuple[Step, ...],
    scale: int,
    dice: Dice,
    origin: tuple[int, int] = (0, 0),
    reduce: Callable[[Levels], Levels] | None = None,
) -> Low:
    """The low side of `high`, uint8 (H, W, 3) whose sides are multiples of the scale.

    origin: where the picture begins in the grid of codecs, (0, 0) for a whole picture. reduce: equals the benchmarks'
    reduction, which it stands for where there is a faster way. Raises ValueError for sides that are no multiples.
    """
    size = (high.shape[0], high.shape[1])
    if size[0] % scale or size[1] % scale:
        raise ValueError(f"sides of {size[1]} x {size[0]} are no multiples of the scale {scale}")
    low = (size[0] // scale, size[1] // scale)
    frame = Frame(size, low, origin, reduce or (lambda levels: shrink(levels, scale)))
    levels, said = high, list[str]()
    qualities: tuple[int, ...] = ()
    for step in with_reduction(steps):
        if isinstance(step.spec, Kind) and dice.random() >= step.spec.probability:
            continue
        levels, words, seen = DEGRADATIONS[step.kind](levels, step.spec, dice, frame)
        qualities = (*qualities, *seen) if step.jpeg else ()
        said.append(words)
    if levels.shape[:2] != low:  # the blocks go with the resize
        qualities = ()
    return Low(filters.resized(levels, low, "bicubic"), tuple(words for words in said if words), qualities)


def told(qualities: Sequence[int], dice: Dice) -> int:
    """What is known of JPEG saves, the latest last, when a picture reaches its user.

    The last one stands in a file, an earlier and worse one is found as often as not, and some pictures hide all of it.
    A network that learns so bears that it is told too much.
    """
    hidden, found = dice.random() < HIDDEN, dice.random() < FOUND
    if hidden or not qualities:
        return UNCOMPRESSED
    return min(qualities) if found else qualities[-1]


def last_saves(
    levels: Levels, steps: tuple[Step, ...], dice: Dice, origin: tuple[int, int]
) -> tuple[Levels, tuple[Save, ...]]:
    """What the JPEG steps that end a chain draw, as in `degrade`, and the picture that these saves are to be done to.

    Saves up to the last one of another size are done here, by the codec: those that are left keep the size.
    """
    comes = (step.jpeg for step in steps if step.jpeg and dice.random() < step.jpeg.probability)
    saves = [save for spec in comes for save in codecs.saves_of(spec, dice, origin)]
    first = codecs.resized_saves(saves)
    if first:  # one follows: the last save of a step keeps the size
        size = (levels.shape[0], levels.shape[1])
        levels = filters.resized(codecs.saved(levels, saves[:first]), size, saves[first].filter)
    return levels, tuple(saves[first:])


def with_reduction(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The chain with its reduction, which comes first where the chain does not say."""
    return steps if any(step.kind == "reduce" for step in steps) else (Step(reduce=Reduce()), *steps)


def whole_multiple(levels: Levels, scale: int) -> Levels:
    """The picture without the last rows and columns that make no whole pixel of the low side."""
    height, width = (size // scale * scale for size in levels.shape[:2])
    return levels[:height, :width]


HIDDEN, FOUND = 0.05, 0.5  # shares of pictures
DEGRADATIONS: dict[str, Callable[..., Degraded]] = {
    "blur": filters.blur,
    "resize": filters.resize,
    "noise": filters.noise,
    "jpeg": codecs.jpeg,
    "webp": codecs.webp,
    "reduce": filters.reduce,
}
