"""The strips of a validation: columns and cells as their words say."""

import numpy as np

from tests.training.conftest import waves
from wassr.pixels.resize import shrink
from wassr.training.gallery import SIDE, strips
from wassr.training.samples import DIFFERENCES, SAMPLES, Levels
from wassr.training.validation import Pair, bicubic


def pairs() -> list[Pair]:
    highs = [waves(160, 152, 0), waves(64, 72, 1), waves(64, 72, 2), waves(64, 72, 3)]
    return [Pair(str(i), shrink(high, 4), high) for i, high in enumerate(highs)]


def black(low: Levels) -> Levels:
    return np.zeros((low.shape[0] * 4, low.shape[1] * 4, 3), np.uint8)


def test_content_stage() -> None:
    ((kind, made),) = strips(pairs(), 4, black, None).items()
    assert (kind, made.columns) == (SAMPLES, ("low", "bicubic", "now", "high"))
    assert made.cells == ((SIDE, SIDE), (64, 72), (64, 72))
    high = pairs()[0].high
    np.testing.assert_array_equal(made.cell(0, "high"), high[16 : 16 + SIDE, 12 : 12 + SIDE])
    np.testing.assert_array_equal(made.cell(2, "high"), pairs()[2].high)
    np.testing.assert_array_equal(made.cell(1, "bicubic"), bicubic(4)(pairs()[1].low))
    assert not made.cell(1, "now").any()


def test_adversarial_stage_shows_what_has_changed() -> None:
    made = strips(pairs(), 4, black, lambda low: black(low) + 10)
    assert made[SAMPLES].columns == ("low", "bicubic", "start", "now", "high")
    assert made[DIFFERENCES].columns == ("start", "now", "difference")
    assert (made[DIFFERENCES].cell(1, "start") == 10).all()
    assert (made[DIFFERENCES].cell(1, "difference") == 128 - 4 * 10).all()
