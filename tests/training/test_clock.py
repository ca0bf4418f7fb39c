"""A clock that goes on by one second whenever it is read."""

from itertools import count

import pytest

from wassr.training import clock


def test_an_inner_part_is_taken_out_of_the_one_around_it(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = count()
    monkeypatch.setattr(clock.time, "perf_counter", lambda: float(next(seconds)))
    kept = clock.Clock()
    kept.turn_to("critic")
    with kept.part("penalty"):
        pass
    with pytest.raises(ZeroDivisionError), kept.part("penalty"):
        raise ZeroDivisionError  # a refused step: the clock goes on right
    assert kept.end() == 6
    assert kept.spent == {"generator": 1, "critic": 3, "penalty": 2}
    kept.restart()
    assert kept.end() == 1


def test_without_a_clock_blocks_are_blocks() -> None:
    with clock.uncounted("penalty"):
        pass
