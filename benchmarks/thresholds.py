"""How far each threshold of the verdict may move: chosen on one recorded run of each class, checked on the other.

python benchmarks/thresholds.py [--save]

benchmarks/recorded.py made the runs, two seeds of each class. A threshold's room is the widest stretch around its value
in which every run of seed 0 is called by its class, all other thresholds as they are; runs of seed 1, which took no
part in any choice, are then counted at both ends of the room and at the value itself. --save fills docs/meter.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import get_args

import readme

from wassr.training.course import Course, courses
from wassr.training.runlog import read_log
from wassr.training.verdict import Thresholds, Verdict, Word, judge

LOGS = Path(__file__).parent / "results" / "recorded"
PAGE = Path(__file__).parent.parent / "docs" / "meter.md"
CHOSEN_ON, CHECKED_ON = 0, 1
FLAGS = {"memorising": "critic memorises", "lagging": "critic lags", "no-effect": "no effect"}
LEAST = {"window": 3}  # no trend without
MOST = dict.fromkeys(("settled", "steady", "full_saturation", "memorising", "least_gain"), 1.0)  # shares
FACTORS = [2 ** (k / 2) for k in range(1, 9)]  # up to 16 times as much, and as little


@dataclass(frozen=True)
class Recorded:
    """A run of a class."""

    name: str
    seed: int
    course: Course


@dataclass(frozen=True)
class Room:
    """low, high: of a threshold; None where the grid ends first. right: runs of the other seed called by their class at
    low, at the value, at high."""

    threshold: str
    value: float
    low: float | None
    high: float | None
    right: tuple[int, int, int]


def recorded(folder: Path = LOGS) -> list[Recorded]:
    """All runs that are kept, by name."""
    found = []
    for path in sorted(folder.glob("*.jsonl")):
        name, _, seed = path.stem.rpartition("-")
        found.append(Recorded(name, int(seed), courses(read_log(path))[-1]))
    return found


def is_called(name: str, verdict: Verdict) -> bool:
    """Whether a verdict calls a run by its class: its word, one of its flags, or nothing amiss."""
    if name == "good":
        return verdict.word in ("improving", "plateau") and not verdict.flags
    if name in get_args(Word):
        return verdict.word == name
    return FLAGS.get(name, name) in {flag.name for flag in verdict.flags}


def right(runs: Iterable[Recorded], t: Thresholds) -> int:
    """How many runs are called by their class."""
    return sum(is_called(run.name, judge(run.course, t)) for run in runs)


def room(threshold: str, runs: Sequence[Recorded], checks: Sequence[Recorded]) -> Room:
    """Of one threshold."""
    usual = Thresholds()
    value = getattr(usual, threshold)

    def at(moved: float) -> Thresholds:
        return replace(usual, **{threshold: type(value)(moved)})

    def end(factors: Iterable[float]) -> tuple[float, bool]:
        last = value
        for factor in factors:
            moved = type(value)(round(value * factor, 12))
            if moved == last or not LEAST.get(threshold, 0) <= moved <= MOST.get(threshold, moved):
                continue
            if right(runs, at(moved)) < len(runs):
                return last, True
            last = moved
        return last, False

    (low, low_ends), (high, high_ends) = end(1 / f for f in FACTORS), end(FACTORS)
    counts = tuple(right(checks, at(moved)) for moved in (low, value, high))
    assert len(counts) == 3
    return Room(threshold, value, low if low_ends else None, high if high_ends else None, counts)


def table(rooms: Sequence[Room], runs: int) -> str:
    """Markdown. runs: of the seed that checks."""
    lines = ["| threshold | value | room, seed 0 | seed 1 right at its ends and value |", "|---|---|---|---|"]
    for one in rooms:
        low = "free" if one.low is None else f"{one.low:.3g}"
        high = "free" if one.high is None else f"{one.high:.3g}"
        counts = f"{one.right[0]}, {one.right[1]}, {one.right[2]} of {runs}"
        lines.append(f"| `{one.threshold}` | {one.value:g} | {low} to {high} | {counts} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--save", action="store_true", help="fill docs/meter.md")
    options = parser.parse_args(arguments)
    runs = [run for run in recorded() if run.seed == CHOSEN_ON]
    checks = [run for run in recorded() if run.seed == CHECKED_ON]
    missed = [run.name for run in runs if not is_called(run.name, judge(run.course))]
    if missed:
        print(f"not called by their class, so there is no room: {', '.join(missed)} of seed {CHOSEN_ON}")
        return 1
    found = table([room(field.name, runs, checks) for field in fields(Thresholds)], len(checks))
    print(found)
    if options.save:
        readme.put(PAGE, {"thresholds": found})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
