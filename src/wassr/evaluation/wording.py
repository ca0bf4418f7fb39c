"""Numbers and differences in words, the same on the screen, in Markdown, in JSON and on the page."""

import math

from wassr.evaluation.metrics import Metric
from wassr.evaluation.statistics import LEVEL, Paired, smallest_p

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
    pictures = f"{pair.count} picture{'s' if pair.count > 1 else ''}"
    if pair.above == pair.below == 0:
        return f"no difference: equal on {'all ' if pair.count > 1 else ''}{pictures}"
    mean = f"{_signed(pair.difference, unit)} {unit}".rstrip()
    if pair.count == 1:
        return f"undecided: {mean}; one picture cannot decide"
    if not pair.shown:
        span = f"{_signed(pair.low, unit)} to {_signed(pair.high, unit)}"
        found = f"{mean} ({span}, {_p(pair.p)}, better on {pair.above} of {pictures})"
        few = smallest_p(pair.count) >= LEVEL
        return f"undecided: {found}; so few cannot decide" if few else f"no difference shown: {found}"
    if float(number(pair.difference, unit)) == 0:
        return f"no difference worth a number (under {number(10.0 ** -_digits(unit), unit)} {unit}".rstrip() + ")"
    word, size = ("better", pair) if pair.difference > 0 else ("worse", pair.turned)
    by = f"{number(size.difference, unit)} {unit}".rstrip()
    span = f"{number(size.low, unit)} to {number(size.high, unit)}"
    return f"{model} is {word} by {by} ({span}, {_p(pair.p)}, {size.above} of {pictures})"


def _digits(unit: str) -> int:
    return DIGITS.get(unit, 2)


def _signed(value: float, unit: str) -> str:
    return f"{'+' if value > 0 else ''}{number(value, unit)}"


def _p(value: float) -> str:
    return "p < 0.0001" if value < 1e-4 else f"p {value:.2g}"
