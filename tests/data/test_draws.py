"""The draws: number for number those of NumPy's Generator."""

import numpy as np
import pytest

from wassr.data.draws import Draws

KEY = (7, 2)


def numpys(counter: tuple[int, int, int, int]) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(key=KEY, counter=counter))


@pytest.mark.parametrize("count", [1, 2, 3, 4, 1000, 2**16 + 1, 2**31 + 1, 3 * 10**9, 2**32 - 1])
def test_integers_are_numpys(count: int) -> None:
    """Large counts reject up to half of what they draw."""
    draws, wanted = Draws(KEY), numpys((0, 3, 1, 5))
    draws.turn_to((0, 3, 1, 5))
    assert [draws.integer(count) for _ in range(500)] == [int(wanted.integers(count)) for _ in range(500)]


def test_so_are_both_kinds_in_any_order() -> None:
    """A number from [0, 1) takes a word of its own and leaves half a word waiting."""
    draws = Draws(KEY)
    for item in range(20):
        counter = (item % 3, item, 2, 2**40)
        wanted = numpys(counter)
        draws.turn_to(counter)
        for turn in np.random.default_rng(item).integers(5, size=item):
            if turn == 0:
                assert draws.random() == wanted.random()
            else:
                assert draws.integer(10 ** int(turn)) == int(wanted.integers(10 ** int(turn)))


def test_a_counter_gives_the_same_whatever_was_drawn_before() -> None:
    draws, made = Draws(KEY), []
    for drawn in range(6):
        draws.turn_to((0, 0, 0, 1))
        made.append((draws.random(), draws.integer(10), draws.random()))
        draws.turn_to((0, 0, 0, 2))
        for _ in range(drawn):
            draws.integer(10)
    assert len(set(made)) == 1
