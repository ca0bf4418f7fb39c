"""Dice that are a function of their key, and what is drawn with them."""

from itertools import product

import numpy as np
import pytest

from wassr.data.dice import dice_of_crop, dice_of_picture, pick, whole_within, within


def test_the_same_key_gives_the_same_and_every_part_of_it_counts() -> None:
    keys = list(product((0, 1), (0, 1), (0, 1), (0, 1), (0, 1), (0, 1)))
    drawn = [tuple(dice_of_crop(*key).random(3)) for key in keys]
    assert len(set(drawn)) == len(keys)
    assert drawn == [tuple(dice_of_crop(*key).random(3)) for key in keys]


def test_other_attempts_and_items_do_not_repeat_the_numbers_in_another_order() -> None:
    """A counter that grows while it is drawn from must not run into that of the next key."""
    first, *others = (
        dice_of_crop(0, 0, 0, 0, item, attempt).random(20_000) for item, attempt in ((0, 0), (1, 0), (0, 1))
    )
    for other in others:
        assert not set(first.tolist()) & set(other.tolist())


def test_pictures_go_by_seed_and_name() -> None:
    drawn = {(seed, name): dice_of_picture(seed, name).random() for seed in (0, 1) for name in ("a.png", "b/a.png")}
    assert len(set(drawn.values())) == 4
    assert dice_of_picture(1, "b/a.png").random() == drawn[1, "b/a.png"]
    dice_of_picture(0, "\udcff.png")  # a name that is no Unicode


def test_ranges_are_even_and_hold_both_ends() -> None:
    dice = np.random.default_rng(0)
    whole = [whole_within((3, 6), dice) for _ in range(4000)]
    assert {whole.count(value) > 900 for value in (3, 4, 5, 6)} == {True}
    assert set(whole) == {3, 4, 5, 6}
    real = [within((0.5, 2.0), dice) for _ in range(4000)]
    assert 0.5 <= min(real) < 0.51
    assert 1.99 < max(real) <= 2.0
    assert np.mean(real) == pytest.approx(1.25, abs=0.03)
    assert within((2.0, 2.0), dice) == 2.0


def test_shares_are_kept_whatever_their_sum_and_order() -> None:
    dice = np.random.default_rng(1)
    drawn = [pick({"b": 6.0, "a": 2.0, "never": 0.0}, dice) for _ in range(4000)]
    assert drawn.count("b") / 4000 == pytest.approx(0.75, abs=0.03)
    assert "never" not in drawn
    one, other = ({"a": 1.0, "b": 2.0, "c": 3.0}, {"c": 3.0, "a": 1.0, "b": 2.0})
    for seed in range(20):
        assert pick(one, np.random.default_rng(seed)) == pick(other, np.random.default_rng(seed))
