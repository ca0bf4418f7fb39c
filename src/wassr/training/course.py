"""A stage of a run as its log tells it: one point a validation, with fidelity and perceptual distance. No torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wassr.training.runlog import ENDED, Entry

FIDELITY = "valid/psnr_y"
PERCEPTUAL = "valid/lpips"
HIGH_BAND = "valid/high_band"
BICUBIC, BICUBIC_CONSISTENCY = "bicubic/psnr_y", "bicubic/lr_consistency"


@dataclass(frozen=True)
class Point:
    """One validation, with the last value of every curve since the one before."""

    step: int
    values: dict[str, float]


@dataclass(frozen=True)
class Course:
    """One stage as the log tells it. points: its validations, the start's first. perceptual: what that curve is.

    bicubic, bicubic_consistency: PSNR-Y and LR-consistency of plain enlargement, where the log has them. guarded: steps
    of the guard's events. ended: before its time, because its verdict advised it.
    """

    stage: str
    points: tuple[Point, ...]
    bicubic: float | None
    guarded: tuple[int, ...]
    perceptual: str
    ended: bool = False
    bicubic_consistency: float | None = None

    @property
    def start(self) -> Point:
        """Before the first step."""
        return self.points[0]

    @property
    def can_be_judged(self) -> bool:
        """What an adversarial stage is for is not seen in fidelity alone; logs of older versions hold no more."""
        return self.stage == "content" or bool({PERCEPTUAL, HIGH_BAND} & self.points[-1].values.keys())

    def fidelity(self) -> list[float]:
        """PSNR-Y at each validation, dB."""
        return [point.values[FIDELITY] for point in self.points]

    def distance(self) -> list[float]:
        """Perceptual distance at each validation; smaller is better."""
        return [distance_of(point) for point in self.points]


def courses(entries: Sequence[Entry]) -> list[Course]:
    """The stages of a log that have a validation, in order.

    They are told apart by where they stand in the log: the last step of one is the border, where the next begins.
    """
    begins = [(place, entry.text) for place, entry in enumerate(entries) if entry.tag == "stage" and entry.text]
    if not begins:  # logs of older versions
        first = next((place for place, entry in enumerate(entries) if entry.tag == "critic/gap_heldout"), None)
        begins = [] if first is not None and entries[first].step == 0 else [(0, "content")]
        begins += [(first if begins else 0, "adversarial")] if first is not None else []
    ends = [place for place, _ in begins[1:]] + [None]
    plain = {entry.tag: entry.value for entry in reversed(entries) if entry.tag in (BICUBIC, BICUBIC_CONSISTENCY)}
    made: list[Course] = []
    for (begin, stage), end in zip(begins, ends, strict=True):
        made.append(_course(stage, entries[begin:end], made[-1].points[-1:] if made else (), plain))
    return [course for course in made if course.points]


def _course(stage: str, mine: Sequence[Entry], before: tuple[Point, ...], plain: Mapping[str, float | None]) -> Course:
    """before: the last validation of the stage before; where it is the border, it may be measured once only."""
    by_step = _by_step(mine)
    if before and by_step and before[0].step == by_step[0][0] and FIDELITY not in by_step[0][1]:
        by_step[0] = (by_step[0][0], before[0].values | by_step[0][1])
    found: list[Point] = []
    since: dict[str, float] = {}
    for step, values in by_step:
        since |= values
        if FIDELITY in values:
            found.append(Point(step, since))
            since = {}
    points = tuple(found)
    known = all(PERCEPTUAL in point.values for point in points)
    if not known:
        points = tuple(Point(p.step, {k: v for k, v in p.values.items() if k != PERCEPTUAL}) for p in points)
    return Course(
        stage,
        points,
        plain.get(BICUBIC),
        guarded=tuple(entry.step for entry in mine if entry.tag == "guard"),
        perceptual="LPIPS" if known else "high-band energy",
        ended=any(entry.tag == ENDED for entry in mine),
        bicubic_consistency=plain.get(BICUBIC_CONSISTENCY),
    )


def _by_step(entries: Sequence[Entry]) -> list[tuple[int, dict[str, float]]]:
    steps: dict[int, dict[str, float]] = {}
    for entry in entries:
        if entry.value is not None:
            steps.setdefault(entry.step, {})[entry.tag] = entry.value
    return sorted(steps.items())


def distance_of(point: Point) -> float:
    """LPIPS; without a judge the distance of high-band energy from that of the originals."""
    return point.values.get(PERCEPTUAL, abs(1 - point.values.get(HIGH_BAND, 1.0)))


def pareto(points: Sequence[Point]) -> list[Point]:
    """The points that no other one beats in fidelity and perceptual distance at once; of equal ones the first."""
    kept = []
    for point in points:
        mine = (-point.values[FIDELITY], distance_of(point))
        others = [((-o.values[FIDELITY], distance_of(o)), o.step) for o in points if o is not point]
        beaten = any(
            other[0] <= mine[0] and other[1] <= mine[1] and (other != mine or step < point.step)
            for other, step in others
        )
        if not beaten:
            kept.append(point)
    return kept
