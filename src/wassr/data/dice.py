"""Random numbers that are a pure function of a key: counter-based (Philox), so that nothing depends on what was drawn
before, on workers or on processes."""

import hashlib
from collections.abc import Mapping
from typing import TypeVar

import numpy as np

Dice = np.random.Generator
K = TypeVar("K", bound=str)

APART = 16  # from the roles of the stream, whose dice for places have keys of their own


def dice_of_crop(seed: int, role: int, step: int, sub: int, item: int, attempt: int) -> Dice:
    """The dice of what is done to one crop of the stream; as many numbers as anyone wants before they repeat."""
    counter = [0, attempt << 32 | item, sub, step]
    return np.random.Generator(np.random.Philox(key=[seed, APART + role], counter=counter))


def dice_of_picture(seed: int, name: str) -> Dice:
    """The dice of what is done to a whole picture, by its name: other pictures in the folder change nothing.

    seed: below 2^53, since NumPy makes a double of it beside a larger number, as half of the names' are.
    """
    number = int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()[:8], "little")
    return np.random.Generator(np.random.Philox(key=[seed, number]))


def own_dice(dice: Dice) -> Dice:
    """Dice for something that throws them a number of times that is not known; costs the others two throws."""
    return np.random.Generator(np.random.Philox(key=dice.integers(0, 2**63, 2, dtype=np.uint64)))


def within(bounds: tuple[float, float], dice: Dice) -> float:
    """A number drawn evenly from a range."""
    return float(bounds[0] + (bounds[1] - bounds[0]) * dice.random())


def whole_within(bounds: tuple[int, int], dice: Dice) -> int:
    """A whole number drawn evenly from a range, both ends included."""
    return int(dice.integers(bounds[0], bounds[1] + 1))


def pick(shares: Mapping[K, float], dice: Dice) -> K:
    """A key drawn by its share of the sum; the order in which they are written does not matter."""
    left = sum(shares.values()) * dice.random()
    names = sorted(shares)
    for name in names:
        left -= shares[name]
        if left < 0:
            return name
    return names[-1]
