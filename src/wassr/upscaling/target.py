"""The size that is asked for, in any of the ways people ask; and from there the exact size of every picture."""

import operator
import re
from dataclasses import dataclass
from math import floor

import numpy as np

from wassr.ground.errors import UsageError


@dataclass(frozen=True)
class Target:
    """At most one way of asking; none means the model's own factor.

    factor: any number above 0. width, height: pixels; both together are a box that the result fits into.
    long_side, short_side: pixels, whatever the orientation. min_size: (long, short), the smallest result that covers
    it in the picture's own orientation; a picture that covers it already keeps its size.
    The aspect is kept: the other side is rounded, so it is right within half a pixel.
    """

    factor: float | None = None
    width: int | None = None
    height: int | None = None
    long_side: int | None = None
    short_side: int | None = None
    min_size: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value is not None:
                object.__setattr__(self, name, _plain(name, value))
        ways = [self.factor, self.width or self.height, self.long_side, self.short_side, self.min_size]
        if sum(way is not None for way in ways) > 1:
            raise UsageError(
                "ask for one size: a factor, width and/or height, a long side, a short side or a minimal size"
            )
        for name, value in vars(self).items():
            for number in value if isinstance(value, tuple) else (value,):
                if number is not None and not 0 < number < 1e6:
                    raise UsageError(f"{name.replace('_', ' ')} {number:g}: must be above 0 (and below a million)")

    def size(self, height: int, width: int, scale: int) -> tuple[int, int]:
        """Height and width of the result for a picture of (height, width) and a model of `scale`."""
        ratio, exact_height, exact_width = self._ratio(height, width, scale)
        return exact_height or max(1, floor(height * ratio + 0.5)), exact_width or max(1, floor(width * ratio + 0.5))

    def factor_for(self, height: int, width: int, scale: int) -> float:
        """How much larger the result is."""
        return self._ratio(height, width, scale)[0]

    def _ratio(self, height: int, width: int, scale: int) -> tuple[float, int, int]:
        """The factor, and the sides that are asked for by number (0: not asked)."""
        long, short = max(height, width), min(height, width)
        if self.width and self.height:
            by_width, by_height = self.width / width, self.height / height
            return (by_width, 0, self.width) if by_width <= by_height else (by_height, self.height, 0)
        if self.width:
            return self.width / width, 0, self.width
        if self.height:
            return self.height / height, self.height, 0
        if self.min_size:
            return max(1.0, max(self.min_size) / long, min(self.min_size) / short), 0, 0
        if self.long_side or self.short_side:
            return (self.long_side / long if self.long_side else (self.short_side or 0) / short), 0, 0
        return float(self.factor or scale), 0, 0

    def words(self) -> str:
        """The target as one stable word: part of what --skip-existing compares."""
        parts = {name: value for name, value in vars(self).items() if value is not None}
        return ",".join(f"{name}={value}" for name, value in parts.items()) or "model"


def _plain(name: str, value: object) -> float | int | tuple[int, int]:
    """The value in Python's own numbers, as NumPy's or a whole float may be given. Raises UsageError."""
    if name == "factor":
        if isinstance(value, bool) or not isinstance(value, int | float | np.number):
            raise UsageError(f"factor {value!r}: give a number")
        return value if isinstance(value, int | float) else float(value)
    if name == "min_size":
        sides = tuple(value) if isinstance(value, tuple | list) else ()
        if len(sides) != 2:
            raise UsageError(f"min size {value!r}: give its two sides, long and short")
        return _pixels(name, sides[0]), _pixels(name, sides[1])
    return _pixels(name, value)


def _pixels(name: str, value: object) -> int:
    whole = int(value) if isinstance(value, float | np.floating) and float(value).is_integer() else value
    try:
        if isinstance(value, bool):
            raise TypeError
        return operator.index(whole)  # type: ignore[arg-type]
    except TypeError:
        raise UsageError(f"{name.replace('_', ' ')} {value!r}: give a whole number of pixels") from None


def parse_min_size(text: str) -> tuple[int, int]:
    """`3840x2160`, or one number for the short side; raises UsageError."""
    found = re.fullmatch(r"(\d+)(?:[xX*](\d+))?", text.strip())
    if not found:
        raise UsageError(
            f"--min-size {text}: give WIDTHxHEIGHT, e.g. 3840x2160, or one number that both sides must reach"
        )
    first = int(found[1])
    second = int(found[2]) if found[2] else first
    return max(first, second), min(first, second)
