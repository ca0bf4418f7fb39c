"""Recorded runs with one thing done wrong are called by it, with both seeds; rooms of thresholds are what they say."""

from dataclasses import replace

import pytest
import thresholds
from recorded import CLASSES

from wassr.training.verdict import Thresholds, judge

RUNS = thresholds.recorded()


def test_two_seeds_of_every_class_are_kept() -> None:
    assert {(run.name, run.seed) for run in RUNS} == {(name, seed) for name in CLASSES for seed in (0, 1)}


@pytest.mark.parametrize("run", RUNS, ids=lambda run: f"{run.name}-{run.seed}")
def test_runs_are_called_by_their_class(run: thresholds.Recorded) -> None:
    assert thresholds.is_called(run.name, judge(run.course))


def test_the_room_of_a_threshold_ends_where_a_run_is_called_something_else() -> None:
    first = [run for run in RUNS if run.seed == thresholds.CHOSEN_ON]
    found = thresholds.room("memorising", first, first)
    assert found.right[1] == len(first)
    assert found.high is not None
    assert found.value < found.high < 1.0  # a memorising critic's gap on held-out crops is a share of the other's
    beyond = replace(Thresholds(), memorising=found.high * 2**0.5)
    assert thresholds.right(first, beyond) < len(first)


def test_the_table_says_where_the_grid_ends_first() -> None:
    one = thresholds.Room("lag", 0.25, None, 0.5, (7, 7, 6))
    assert "| `lag` | 0.25 | free to 0.5 | 7, 7, 6 of 7 |" in thresholds.table([one], 7)
