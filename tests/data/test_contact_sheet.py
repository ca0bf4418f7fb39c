"""The sheet: cells are the pictures that the chain makes, at the size that was promised."""

import numpy as np
from numpy.typing import NDArray

from wassr.data.chain import find_chain
from wassr.data.contact_sheet import AROUND, CELL, DRAWS, GAP, LINES, SHOWN, contact_sheet
from wassr.data.degradations import degrade
from wassr.data.dice import dice_of_picture
from wassr.pixels.caption import LINE
from wassr.pixels.resize import shrink

ROW = CELL + LINES * LINE
TIMES = CELL // SHOWN


def cell(sheet: NDArray[np.uint8], row: int, column: int, height: int = SHOWN, width: int = SHOWN) -> NDArray[np.uint8]:
    """The low-resolution pixels of a cell."""
    whole = sheet[row * ROW :, column * (CELL + GAP) :][: height * TIMES, : width * TIMES]
    low = whole[::TIMES, ::TIMES]
    np.testing.assert_array_equal(whole, low.repeat(TIMES, 0).repeat(TIMES, 1))
    return low


def test_clean_first_then_draws_seed_by_seed() -> None:
    high = np.random.default_rng(0).integers(0, 256, (200, 256, 3), dtype=np.uint8)  # 50 x 64: shown whole
    small = np.random.default_rng(1).integers(0, 256, (7, 90, 3), dtype=np.uint8)
    chain = find_chain("jpeg").steps
    sheet = contact_sheet([("a", high), ("b", small)], chain, 4, 5)
    assert sheet.shape == (2 * ROW, (1 + DRAWS) * (CELL + GAP), 3)
    assert sheet.dtype == np.uint8
    np.testing.assert_array_equal(cell(sheet, 0, 0, 50), shrink(high, 4))
    for number in range(DRAWS):
        low = degrade(high, chain, 4, dice_of_picture(5 + number, "a")).levels
        np.testing.assert_array_equal(cell(sheet, 0, 1 + number, 50), low)
    np.testing.assert_array_equal(cell(sheet, 1, 0, 1, 22), shrink(small[:4, :88], 4))
    for row in range(2):  # every cell has its words: something dark below it
        for column in range(1 + DRAWS):
            words = sheet[row * ROW + CELL :, column * (CELL + GAP) :][: LINES * LINE, : CELL + GAP]
            assert words.min() < 100 < words.mean()


def test_of_a_large_picture_the_draws_are_those_of_the_whole() -> None:
    """Also behind noise, which draws a number for every pixel."""
    high = np.random.default_rng(0).integers(0, 256, (500, 900, 3), dtype=np.uint8)
    chain = find_chain("blind").steps
    for seed in range(4):
        whole, part = (degrade(one, chain, 4, dice_of_picture(seed, "a")) for one in (high, high[:384, :384]))
        assert whole.words == part.words


def test_of_a_large_picture_the_middle_is_shown() -> None:
    high = np.random.default_rng(0).integers(0, 256, (500, 900, 3), dtype=np.uint8)
    clean = cell(contact_sheet([("a", high)], find_chain("web").steps, 4, 0), 0, 0)
    side = (SHOWN + 2 * AROUND) * 4
    top, left = ((full - side) // 2 // 4 * 4 for full in (500, 900))
    whole = shrink(high, 4)
    wanted = whole[top // 4 + AROUND :, left // 4 + AROUND :][:SHOWN, :SHOWN]
    np.testing.assert_array_equal(clean, wanted)
