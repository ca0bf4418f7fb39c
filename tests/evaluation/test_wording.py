"""Differences in words: the right direction, and no claim that the pictures cannot bear."""

import math

import pytest

from tests.evaluation.material import DISTANCE
from wassr.evaluation.metrics import METRICS, Metric
from wassr.evaluation.statistics import paired
from wassr.evaluation.wording import gain, in_words, number

PSNR, CONSISTENCY = METRICS["psnr_y"], METRICS["lr_consistency"]
SOME = [30.0, 31.5, 28.25, 33.0, 29.0, 30.5, 27.75, 32.0]
MORE = [value + 0.25 for value in SOME]
MIXED = [value + (-1) ** i for i, value in enumerate(SOME)]
TINY = [value + 0.001 for value in SOME]
WORSE = [0.05 + 0.1178 + step for step in (-0.02, -0.01, 0, 0.01, 0.02)]  # of less is better
INFINITE = [math.inf] * 6


@pytest.mark.parametrize(
    ("one", "other", "metric", "words"),
    [
        (MORE, SOME, PSNR, "m is better by 0.25 dB (0.25 to 0.25, p 0.0078, 8 of 8 pictures)"),
        (SOME, MORE, PSNR, "m is worse by 0.25 dB (0.25 to 0.25, p 0.0078, 8 of 8 pictures)"),
        (SOME, MORE, DISTANCE, "m is better by 0.2500 (0.2500 to 0.2500, p 0.0078, 8 of 8 pictures)"),
        (MORE, SOME, DISTANCE, "m is worse by 0.2500 (0.2500 to 0.2500, p 0.0078, 8 of 8 pictures)"),
        (MIXED, SOME, PSNR, "no difference shown: 0.00 dB (0.75 worse to 0.75 better, p 1, better on 4 of 8 pictures)"),
        (
            [value - 0.25 for value in MIXED],
            SOME,
            DISTANCE,
            "no difference shown: better by 0.2500 (0.5000 worse to 1.0000 better, p 0.28, better on 4 of 8 pictures)",
        ),
        (
            *(MORE[:5], SOME[:5], PSNR),
            "undecided: better by 0.25 dB (0.25 to 0.25 better, p 0.062, better on 5 of 5 pictures); so few cannot",
        ),
        (
            *(SOME[:5], MORE[:5], DISTANCE),
            "undecided: better by 0.2500 (0.2500 to 0.2500 better, p 0.062, better on 5 of 5 pictures); so few cannot",
        ),
        (
            *(WORSE, [0.05] * 5, DISTANCE),
            "undecided: worse by 0.1178 (0.1058 to 0.1298 worse, p 0.062, better on 0 of 5 pictures); so few cannot",
        ),
        ([0.1668], [0.2277], DISTANCE, "undecided: better by 0.0609; one picture cannot decide"),
        ([0.1668], [0.0490], DISTANCE, "undecided: worse by 0.1178; one picture cannot decide"),
        ([30.001], [30.0], PSNR, "undecided: 0.00 dB; one picture cannot decide"),
        ([math.inf], [30.0], PSNR, "undecided: better without bound, being equal to the original; one picture cannot"),
        ([30.0], [math.inf], PSNR, "undecided: worse without bound, the other being equal to the original; one"),
        (
            [math.inf],
            [30.0],
            CONSISTENCY,
            "undecided: better without bound, being equal to the input; one picture cannot",
        ),
        (SOME, SOME, PSNR, "no difference: equal on all 8 pictures"),
        (SOME[:1], SOME[:1], PSNR, "no difference: equal on 1 picture"),
        (INFINITE, INFINITE, PSNR, "no difference: equal on all 6 pictures"),
        (INFINITE, SOME[:6], PSNR, "m is better without bound, being equal to the original on a picture at least (inf"),
        (TINY, SOME, PSNR, "no difference worth a number (under 0.01 dB)"),
    ],
)
def test_what_is_said(one: list[float], other: list[float], metric: Metric, words: str) -> None:
    said = in_words("m", metric, gain(metric, paired(one, other)))
    assert said.startswith(words)
    assert said.startswith("m is ") == paired(one, other).shown or "worth" in said
    assert "+" not in said
    assert "-0" not in said


def test_no_pairs_say_nothing() -> None:
    assert in_words("m", PSNR, None) == "says nothing about these pictures"


def test_numbers_have_the_digits_of_their_unit() -> None:
    assert (number(26.0841, "dB"), number(0.70412, ""), number(math.inf, "dB")) == ("26.08", "0.7041", "inf")
    assert (number(math.nan, ""), number(-0.001, "dB")) == ("-", "0.00")
