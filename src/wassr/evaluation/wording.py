"""Numbers and differences in words, the same on the screen, in Markdown, in JSON and on the page."""

import math

from wassr.evaluation.metrics import Metric
from wassr.evaluation.statistics import LEVEL, Paired, smallest_p
from wassr.ground.words import counted

DIGITS = {"": 4, "grey levels": 3}  # after the point, by unit; 2 for every other unit


def number(value: float, unit: str) -> str:
    """A value with the digits that its unit deserves; the unit itself stands at the head of the column."""
    digits = _digits(unit)
    return "-" if math.isnan(value) else f"{round(value, digits) + 0.0:.{digits}f}"  # + 0.0: no minus before a zero


def gain(metric: Metric, pair: Paired) -> Paired:
    """A paired difference so that positive is better, also where less is better; of no use where nobody is ranked."""
    return pair if metric.higher_is_better or metric.unranked else pair.turned


def in_words(model: str, metric: Metric, pair: Paired | None) -> str:
    """What a paired difference to another model, as `gain` gives it, says of `model`, with interval, p and counts.

    None: there are no pairs.
    """
    if pair is None:
        return "says nothing about these pictures"
    unit = metric.unit
    pictures = counted(pair.count, "picture")
    if pair.above == pair.below == 0:
        return f"no difference: equal on {'all ' if pair.count > 1 else ''}{pictures}"
    if pair.count == 1:
        return f"undecided: {_leaning(metric, pair)}; one picture cannot decide"
    if not pair.shown:
        span = _span(pair.low, pair.high, unit)
        found = f"{_leaning(metric, pair)} ({span}, {_p(pair.p)}, better on {pair.above} of {pictures})"
        few = smallest_p(pair.count) >= LEVEL
        return f"undecided: {found}; so few cannot decide" if few else f"no difference shown: {found}"
    if _none(pair.difference, unit):
        return f"no difference worth a number (under {number(10.0 ** -_digits(unit), unit)} {unit}".rstrip() + ")"
    size = pair if pair.difference > 0 else pair.turned
    span = f"{number(size.low, unit)} to {number(size.high, unit)}"
    return f"{model} is {_leaning(metric, pair)} ({span}, {_p(pair.p)}, {size.above} of {pictures})"


def _digits(unit: str) -> int:
    return DIGITS.get(unit, 2)


def _leaning(metric: Metric, pair: Paired) -> str:
    """The mean difference by a word instead of a sign: of LPIPS, a reader would take a sign the wrong way round."""
    unit, word = metric.unit, "better" if pair.difference > 0 else "worse"
    if math.isinf(pair.difference):
        whole = "the input" if metric.reference == "low" else "the original"
        who, where = "" if word == "better" else "the other ", "" if pair.count == 1 else " on a picture at least"
        return f"{word} without bound, {who}being equal to {whole}{where}"
    size = f"{number(abs(pair.difference), unit)} {unit}".rstrip()
    return size if math.isnan(pair.difference) or _none(pair.difference, unit) else f"{word} by {size}"


def _span(low: float, high: float, unit: str) -> str:
    """An interval in the same words, with the word once where its ends are on one side; none where both round to 0."""
    if math.isnan(low) or math.isnan(high):
        return "no interval"
    worse, better = (number(abs(value), unit) for value in (low, high))
    if low < 0 < high and not (_none(low, unit) or _none(high, unit)):
        return f"{worse} worse to {better} better"
    if _none(low, unit) and _none(high, unit):
        return f"{worse} to {better}"
    return f"{worse} to {better} better" if high > 0 and not _none(high, unit) else f"{better} to {worse} worse"


def _none(value: float, unit: str) -> bool:
    """Whether nothing of it is left in the digits shown."""
    return float(number(value, unit)) == 0


def _p(value: float) -> str:
    return "p < 0.0001" if value < 1e-4 else f"p {value:.2g}"
