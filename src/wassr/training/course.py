"""A stage of a run as its log tells it: one point a validation, with fidelity and perceptual distance. No torch."""

from collections.abc import Sequence
from dataclasses import dataclass

from wassr.training.runlog import Entry

FIDELITY = "valid/psnr_y"
PERCEPTUAL = "valid/lpips"
HIGH_BAND = "valid/high_band"


@dataclass(frozen=True)
class Point:
    """One validation, with the last value of every curve since the one before."""

    step: int
    values: dict[str, float]


@dataclass(frozen=True)
class Course:
    """One stage as the log tells it. points: its validations, the start's first. perceptual: what that curve is.

    bicubic: PSNR-Y of plain enlargement, where the log has it. guarded: steps of the guard's events.
    """

    stage: str
    points: tuple[Point, ...]
    bicubic: float | None
    guarded: tuple[int, ...]
    perceptual: str

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
    """The stages of a log that have a validation, in order."""
    begins = [(entry.step, entry.text) for entry in entries if entry.tag == "stage" and entry.text]
    if not begins:  # logs of older versions
        first = next((entry.step for entry in entries if entry.tag == "critic/gap_heldout"), None)
        content = [] if first == 0 else [(0, "content")]
        begins = content + ([(first, "adversarial")] if first is not None else [])
    ends = [step for step, _ in begins[1:]] + [None]
    made = [_course(entries, stage, begin, end) for (begin, stage), end in zip(begins, ends, strict=True)]
    return [course for course in made if course.points]


def _course(entries: Sequence[Entry], stage: str, begin: int, end: int | None) -> Course:
    mine = [entry for entry in entries if begin <= entry.step and (end is None or entry.step <= end)]
    guarded = tuple(entry.step for entry in mine if entry.tag == "guard")
    found: list[Point] = []
    since: dict[str, float] = {}
    for step, values in _by_step(mine):
        since |= values
        if FIDELITY in values:
            found.append(Point(step, since))
            since = {}
    points = tuple(found)
    known = all(PERCEPTUAL in point.values for point in points)
    bicubic = next((entry.value for entry in entries if entry.tag == "bicubic/psnr_y"), None)
    if not known:
        points = tuple(Point(p.step, {k: v for k, v in p.values.items() if k != PERCEPTUAL}) for p in points)
    return Course(stage, points, bicubic, guarded, "LPIPS" if known else "high-band energy")


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
