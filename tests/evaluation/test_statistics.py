"""Intervals and the paired test against SciPy, by counting all signs, and by their properties."""

import itertools
import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from wassr.evaluation.statistics import EXACT, interval, paired, smallest_p, wilcoxon

numbers = st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=30)


def test_interval_is_scipys_percentile_bootstrap() -> None:
    values = np.random.default_rng(3).gamma(2.0, 3.0, 40)
    theirs = scipy.stats.bootstrap(
        (values,), np.mean, n_resamples=10_000, method="percentile", random_state=np.random.default_rng(1)
    ).confidence_interval
    spread = theirs.high - theirs.low
    assert interval(values) == pytest.approx((theirs.low, theirs.high), abs=0.03 * spread)


def test_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    draw = np.random.default_rng(5)
    hits = 0
    for _ in range(200):
        low, high = interval(draw.normal(7.0, 2.0, 30))
        hits += low < 7.0 < high
    assert 180 <= hits <= 198  # 95 % of 200 is 190; a percentile interval of 30 values covers a little less


@settings(max_examples=25, deadline=None)
@given(values=numbers, shift=st.floats(-100, 100))
def test_interval_lies_within_the_values_and_moves_with_them(values: list[float], shift: float) -> None:
    low, high = interval(values)
    assert min(values) - 1e-9 <= low <= high <= max(values) + 1e-9
    assert interval(values) == (low, high)
    moved = interval([value + shift for value in values])
    assert moved == pytest.approx((low + shift, high + shift), abs=1e-6)


def test_one_value_says_nothing_and_infinite_values_are_kept() -> None:
    assert interval([26.1]) == (-math.inf, math.inf)
    low, high = interval([30.0, 31.0, math.inf])
    assert low >= 30.0
    assert high == math.inf


@pytest.mark.parametrize("count", [5, 14, 49])
def test_wilcoxon_without_ties_is_scipys_exact_one(count: int) -> None:
    d = np.random.default_rng(count).normal(0.3, 1.0, count)
    assert wilcoxon(d) == pytest.approx(scipy.stats.wilcoxon(d, method="exact").pvalue, abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(d=st.lists(st.integers(-4, 4), min_size=1, max_size=10))
def test_wilcoxon_with_ties_and_zeros_is_the_count_over_all_signs(d: list[int]) -> None:
    kept = [abs(value) for value in d if value]
    ranks = scipy.stats.rankdata(kept)
    observed = sum(rank for rank, value in zip(ranks, [v for v in d if v], strict=True) if value > 0)
    centre = sum(ranks) / 2
    sums = [
        sum(r for r, up in zip(ranks, signs, strict=True) if up)
        for signs in itertools.product((0, 1), repeat=len(kept))
    ]
    extreme = sum(abs(value - centre) >= abs(observed - centre) - 1e-9 for value in sums)
    assert wilcoxon(d) == pytest.approx(extreme / len(sums), abs=1e-12)


def test_many_pairs_take_scipys_normal_curve() -> None:
    d = np.random.default_rng(0).normal(0.1, 1.0, EXACT + 100).round(1)  # with ties and zeros
    theirs = scipy.stats.wilcoxon(d, zero_method="wilcox", method="asymptotic", correction=False).pvalue
    assert wilcoxon(d) == pytest.approx(theirs, rel=1e-9)


def test_the_exact_count_and_the_normal_curve_meet() -> None:
    d = np.random.default_rng(1).normal(0.1, 1.0, EXACT)
    assert wilcoxon(d) == pytest.approx(scipy.stats.wilcoxon(d, method="asymptotic").pvalue, abs=2e-3)


def test_no_set_of_pictures_shows_less_than_the_smallest_p() -> None:
    for count in (1, 5, 6, 14):
        assert wilcoxon(np.arange(1, count + 1)) == pytest.approx(smallest_p(count))
    assert smallest_p(5) > 0.05 > smallest_p(6)  # Set5 alone can show no difference


@settings(max_examples=25, deadline=None)
@given(values=numbers, seed=st.integers(0, 1000))
def test_swapping_the_models_turns_the_sign_only(values: list[float], seed: int) -> None:
    other = np.random.default_rng(seed).permutation(values)
    one, back = paired(values, other), paired(other, values)
    assert back.difference == pytest.approx(-one.difference)
    assert (back.above, back.below, back.count, back.p) == (one.below, one.above, one.count, one.p)
    assert back == one.turned
    assert 0 < one.p <= 1


@given(values=numbers)
def test_a_model_against_itself_shows_nothing(values: list[float]) -> None:
    same = paired(values, values)
    assert (same.difference, same.low, same.high, same.p) == (0.0, 0.0, 0.0, 1.0)
    assert not same.shown


def test_a_steady_gain_is_shown_and_noise_is_not() -> None:
    draw = np.random.default_rng(2)
    base = draw.normal(28, 3, 14)
    gain = paired(base + draw.normal(0.3, 0.1, 14), base)
    assert gain.shown
    assert gain.low < 0.3 < gain.high
    assert gain.p == pytest.approx(2 / 2**14)
    assert not paired(base + draw.normal(0, 0.3, 14), base).shown
    assert not paired([31.0], [30.0]).shown
    assert not paired(base[:5] + 1 + base[:5] / 100, base[:5]).shown  # five pictures cannot


def test_equal_infinities_differ_by_nothing() -> None:
    found = paired([math.inf, 30.0, math.inf], [math.inf, 30.0, 30.0])
    assert (found.above, found.below, found.difference) == (1, 0, math.inf)
    assert not found.shown


def test_lists_that_are_no_pairs_are_refused() -> None:
    with pytest.raises(ValueError, match="1 and 2 values are no pairs"):
        paired([1.0], [1.0, 2.0])
    with pytest.raises(ValueError):
        paired([], [])
