"""What the log says of a run: one word, its reason in figures, flags, and the step to take for each wish. No torch.

The trainer, `wassr report` and the tests use this very code, on nothing but the entries of log.jsonl. docs/meter.md
explains the words.
"""

import math
import statistics
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from wassr.training.course import FIDELITY, Course, Point, distance_of, pareto
from wassr.training.trends import detrended, trend

Word = Literal["diverging", "too early", "over-trained", "improving", "plateau"]
Wish = Literal["faithful", "balanced", "perceptual"]


@dataclass(frozen=True)
class Thresholds:
    """With their reasons; the recorded arms of docs/adversarial.md hold them (tests/training/test_verdict.py)."""

    window: int = 6  # validations in a trend: fewer have intervals as wide as the trends of healthy runs
    settled: float = 0.1  # share of a stage before which a fall says nothing: critics throw generators back at first
    fall: float = 6.0  # dB of PSNR-Y under the start: four times what the published SRGANs lose
    under_bicubic: float = 2.0  # dB
    least_consistency: float = 30.0  # dB; a photograph enlarged by any sane network stands above 35
    under_bicubic_consistency: float = 7.0  # dB, as 30 is of clean pictures; of degraded ones bicubic has 28
    guard_events: int = 2
    perceptual_gain: float = 0.01  # of the start's distance in a window: less cannot be seen
    fidelity_gain: float = 0.01  # dB in a window, content runs
    sure: float = 2.0  # deviations of the curve's noise
    steady: float = 0.8  # Kendall's tau of six values: noise alone has it once in a hundred times
    no_effect: float = 0.97  # of the start's perceptual distance
    same_fidelity: float = 0.1  # dB
    silent_ratio: float = 0.05  # r below it: the critic is not heard
    full_saturation: float = 0.9
    blind: float = 0.1  # separation within this of 0.5
    lag: float = 0.25
    memorising: float = 0.5
    swing: float = 0.2  # of the gain
    drift: float = 0.5  # grey levels above the start's
    raster: float = 3.0  # checkerboard, times its background
    raster_rise: float = 1.5  # and times the start's
    least_gain: float = 0.25  # of the best perceptual gain, for `faithful` and `balanced`: the start has the best PSNR


@dataclass(frozen=True)
class Flag:
    """Something that is so whatever the word."""

    name: str
    sentence: str


@dataclass(frozen=True)
class Verdict:
    """step: of the validation it was given at. take: wish -> step of the checkpoint to take."""

    step: int
    word: Word
    sentence: str
    advice: str
    flags: tuple[Flag, ...]
    take: dict[Wish, int]

    def line(self) -> str:
        """All of it in one line, for the log and the terminal."""
        flags = "".join(f"; {flag.name}: {flag.sentence}" for flag in self.flags)
        return f"{self.word}: {self.sentence}; {self.advice}{flags}"


def judge(course: Course, t: Thresholds = Thresholds()) -> Verdict:
    """The verdict at the last validation of a course."""
    word, sentence = _word(course, t)
    take = choices(course, t)
    last = course.points[-1].step
    best = take["balanced"]
    advice = {
        "diverging": f"lower the learning rates; last good: step {_last_good(course, t)}",
        "too early": "go on",
        "over-trained": f"stop; take step {best}",
        "improving": "go on",
        "plateau": f"stop; take step {best}",
    }[word]
    note = "" if course.perceptual == "LPIPS" or course.stage == "content" else " (no perceptual judge at hand)"
    return Verdict(last, word, sentence + note, advice, tuple(_flags(course, t)), take)


def _word(course: Course, t: Thresholds) -> tuple[Word, str]:
    points = course.points
    bad = [reason for point in points[-2:] if (reason := _wrong(course, point, t))]
    window = points[-t.window :]
    events = sum(step > window[0].step for step in course.guarded)
    if len(bad) == 2:
        return "diverging", f"{bad[-1]}, at two validations in a row"
    if events >= t.guard_events:
        return "diverging", f"the guard acted {events} times since step {window[0].step}"
    if len(points) < t.window:
        return "too early", f"{len(points)} of {t.window} validations"
    return _trend_word(course, t)


def _trend_word(course: Course, t: Thresholds) -> tuple[Word, str]:
    """Over-trained, improving or plateau, by what the stage is for."""
    if course.stage == "content":
        values, name, unit, least = [-v for v in course.fidelity()], "PSNR-Y", " dB", t.fidelity_gain
    else:
        values, name, unit = course.distance(), course.perceptual, ""
        least = t.perceptual_gain * max(values[0], 1e-9)
    sign = -1 if course.stage == "content" else 1
    steps = [point.step for point in course.points]
    found = trend(steps[-t.window :], values[-t.window :])
    best = int(np.argmin(values))
    now = statistics.median(values[-t.window :])
    worse = now - values[best]
    luck = math.sqrt(2 * math.log(len(values)))  # deviations by which the best of so many is better than it is
    if best < len(values) - t.window and worse > max((t.sure + luck) * found.spread, least):
        return (
            "over-trained",
            f"{name} was {sign * values[best]:.4g}{unit} at step {steps[best]}, now {sign * now:.4g}{unit}",
        )
    if found.rises and found.order >= t.steady and found.change >= max(t.sure * found.spread, least):
        return (
            "over-trained",
            f"{name} was {sign * values[best]:.4g}{unit} at step {steps[best]} and gets worse, "
            f"now {sign * values[-1]:.4g}{unit}",
        )
    word: Word = "improving" if found.falls and -found.change >= least else "plateau"
    span = steps[-1] - steps[-t.window]
    low, high = sorted((sign * found.low * span, sign * found.high * span))
    return word, (
        f"{name} {sign * values[-t.window]:.4g} to {sign * values[-1]:.4g}{unit} since step {steps[-t.window]}, "
        f"trend {sign * found.change:+.2g} ({low:+.2g} to {high:+.2g})"
    )


def _wrong(course: Course, point: Point, t: Thresholds) -> str | None:
    """Why a validation is that of a run that falls apart; what is fallen early may come back."""
    return _fallen(course, point, t) if point.values.get("stage/share", 1.0) > t.settled else None


def _fallen(course: Course, point: Point, t: Thresholds) -> str | None:
    """Why nobody wants the pictures of a validation, whenever it was.

    The start's are taken as they are, and the best of a stage so far: a network that learns from nothing passes every
    limit from below.
    """
    if point.values[FIDELITY] >= max(p.values[FIDELITY] for p in course.points if p.step <= point.step):
        return None
    fidelity, start = point.values[FIDELITY], course.start.values[FIDELITY]
    consistency = point.values.get("valid/lr_consistency")
    if fidelity < start - t.fall:
        return f"PSNR-Y {fidelity:.2f} dB, {start - fidelity:.1f} under the start"
    if course.bicubic is not None and fidelity < course.bicubic - t.under_bicubic:
        return f"PSNR-Y {fidelity:.2f} dB, {course.bicubic - fidelity:.1f} under bicubic"
    least = t.least_consistency
    if course.bicubic_consistency is not None:
        least = min(least, course.bicubic_consistency - t.under_bicubic_consistency)
    if consistency is not None and consistency < least:
        return f"LR-consistency {consistency:.2f} dB, under {least:.3g}"
    return None


def _last_good(course: Course, t: Thresholds) -> int:
    good = [point.step for point in course.points if not _wrong(course, point, t)]
    return good[-1] if good else course.start.step


def _flags(course: Course, t: Thresholds) -> list[Flag]:
    found: list[Flag] = []
    if course.stage == "adversarial":
        found += _critic_flags(course, t)
    return found + _faults(course, course.points[-1], t)


def _faults(course: Course, point: Point, t: Thresholds) -> list[Flag]:
    """What is wrong with the pictures of one validation."""
    found, values, start = [], point.values, course.start.values
    drift, before = values.get("valid/colour_drift", 0.0), start.get("valid/colour_drift", 0.0)
    if drift > before + t.drift:
        found.append(Flag("colour drift", f"{drift:.2f} grey levels, at the start {before:.2f}"))
    raster, before = values.get("valid/checkerboard", 0.0), start.get("valid/checkerboard", 0.0)
    if raster > t.raster and raster > t.raster_rise * before:
        found.append(
            Flag("checkerboard", f"error {raster:.1f} times its background at the raster, at the start {before:.1f}")
        )
    return found


def _critic_flags(course: Course, t: Thresholds) -> list[Flag]:
    found = []
    if len(course.points) >= t.window:
        found += [flag for flag in (_no_effect(course, t), _oscillating(course, t)) if flag]
    lag, memory = _recent(course, "critic/lag", t), _recent(course, "critic/memorising", t)
    if lag is not None and lag > t.lag:
        found.append(
            Flag("critic lags", f"more critic steps would raise its claim by {lag:.0%}; raise them or its rate")
        )
    elif passed := _passed(course, t):
        found.append(passed)
    if memory is not None and memory > t.memorising:
        found.append(Flag("critic memorises", f"its held-out gap is {1 - memory:.0%} of that on training crops"))
    return found


def _no_effect(course: Course, t: Thresholds) -> Flag | None:
    distance, fidelity = course.distance(), course.fidelity()
    if distance[-1] <= t.no_effect * distance[0] or abs(fidelity[-1] - fidelity[0]) >= t.same_fidelity:
        return None
    ratio, full = _recent(course, "critic/ratio", t), _recent(course, "critic/saturation", t)
    separation = _recent(course, "critic/separation", t)
    causes = []
    if ratio is not None and ratio < t.silent_ratio:
        causes.append(f"the critic's gradient is {ratio:.2g} of the content loss's")
    if full is not None and full > t.full_saturation:
        causes.append(f"{full:.0%} of its weights stand at the clip bound")
    if separation is not None and abs(separation - 0.5) < t.blind:
        causes.append(f"it cannot tell (separation {separation:.2f})")
    why = f": {', '.join(causes)}" if causes else ""
    return Flag("no effect", f"{course.perceptual} {distance[-1]:.4g}, at the start {distance[0]:.4g}{why}")


def _passed(course: Course, t: Thresholds) -> Flag | None:
    """A critic that never learnt to judge claims 0. One that rates generated above real, on crops of training too, was
    right about a generator that is gone; ten steps at a low rate would not show it."""
    gap, separation = _recent(course, "critic/gap_training", t), _recent(course, "critic/separation", t)
    if gap is None or separation is None or gap >= 0 or separation >= 0.5 - t.blind:
        return None
    return Flag("critic lags", f"it rates generated pictures above real ones (separation {separation:.2f})")


def _oscillating(course: Course, t: Thresholds) -> Flag | None:
    values = course.distance()
    half = min(len(values) // 2, len(values) - t.window)
    steps = [point.step for point in course.points][half:]
    rest = detrended(steps, values[half:])
    swing, gain = float(np.std(rest)), values[0] - statistics.median(values[half:])
    if gain <= max(swing, (1 - t.no_effect) * values[0]) or swing <= t.swing * gain:
        return None
    return Flag("oscillating", f"{course.perceptual} swings by {swing:.2g}, {swing / gain:.0%} of what was gained")


def _recent(course: Course, tag: str, t: Thresholds, count: int = 3) -> float | None:
    """Median of the last values of a curve within the window; curves have gaps, and what is older says nothing."""
    values = [point.values[tag] for point in course.points[-t.window :] if tag in point.values][-count:]
    return statistics.median(values) if values else None


def offered(course: Course, t: Thresholds = Thresholds()) -> tuple[list[Point], list[Point]]:
    """What is to choose from: the Pareto sets of the validations that did not fall apart, and of those of them whose
    pictures have no fault that is flagged; the start is among both."""
    whole = [point for point in course.points if not _fallen(course, point, t)]
    return pareto(whole), pareto([point for point in whole if not _faults(course, point, t)])


def choices(course: Course, t: Thresholds = Thresholds()) -> dict[Wish, int]:
    """Steps of a Pareto set for each wish, from faithful over balanced to perceptual never more faithful.

    Of the set without faults, unless it has less than a quarter of the gain that the other has.

    perceptual: the smallest distance. faithful: the highest fidelity that has a quarter of the best perceptual gain.
    balanced: of those that have it, nearest to best fidelity and best distance at once, each in units of the set's own
    range. Content stages, and where no gain can be seen: one for all, the highest fidelity that is not farther than the
    start, which is the start itself where nothing was gained.
    """
    front, faultless = offered(course, t)
    begun = distance_of(course.start)
    gains = [begun - min(map(distance_of, points)) for points in (front, faultless)]
    if course.stage == "content" or gains[1] >= t.least_gain * gains[0]:
        front = faultless
    least = min(front, key=distance_of)
    gain = begun - distance_of(least)
    if course.stage == "content":
        most = max(front, key=_fidelity)
        return dict.fromkeys(get_args(Wish), most.step)
    if gain <= 0 or gain < t.perceptual_gain * begun:
        most = max((point for point in front if distance_of(point) <= begun), key=_fidelity)
        return dict.fromkeys(get_args(Wish), most.step)
    gained = [point for point in front if distance_of(point) <= begun - t.least_gain * gain]
    most = max(front, key=_fidelity)
    height = max(_fidelity(most) - _fidelity(least), 1e-9)
    width = max(distance_of(most) - distance_of(least), 1e-9)

    def far(point: Point) -> float:
        down = (_fidelity(most) - _fidelity(point)) / height
        right = (distance_of(point) - distance_of(least)) / width
        return down**2 + right**2

    return {
        "faithful": max(gained, key=_fidelity).step,
        "balanced": min(gained, key=far).step,
        "perceptual": least.step,
    }


def _fidelity(point: Point) -> float:
    return point.values[FIDELITY]
