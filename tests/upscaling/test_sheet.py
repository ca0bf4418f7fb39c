from pathlib import Path

import numpy as np
import pytest

from tests.upscaling.family import PARENT, tiny_family
from tests.upscaling.tiny import photo
from wassr.ground.errors import UsageError
from wassr.pixels.caption import LINE
from wassr.pixels.picture import Picture
from wassr.upscaling.sheet import CELL, GAP, LABEL, PLACES, STRENGTHS, at_strengths, changing_places, contact_sheet
from wassr.upscaling.target import Target
from wassr.upscaling.upscaler import Upscaler


@pytest.fixture(scope="module")
def upscaler(tmp_path_factory: pytest.TempPathFactory) -> Upscaler:
    return Upscaler(tiny_family(tmp_path_factory.mktemp("family")), precision="float32", threads=1)


def test_columns_are_the_results_at_five_strengths(upscaler: Upscaler) -> None:
    picture, seen = Picture(photo(160, 200), bits=16, icc=b"p", exif=b"e"), []
    steps = at_strengths(upscaler)
    sheet = contact_sheet(steps, picture, Target(), "x", lambda done, total: seen.append(done / total))
    assert (sheet.height, sheet.width) == (LINE + PLACES * (LINE + CELL + GAP), len(STRENGTHS) * (CELL + GAP))
    assert (sheet.bits, sheet.icc, sheet.exif, sheet.alpha) == (16, b"p", None, None)
    assert seen == sorted(seen)
    assert seen[-1] == 1
    made = [step.enlarge(picture).colour for step in steps]
    top, left = changing_places(made[0], made[-1], CELL)[0]
    assert made[0].shape == (640, 800, 3)
    for column, result in enumerate(made):
        x = column * (CELL + GAP)
        assert np.array_equal(
            sheet.colour[2 * LINE : 2 * LINE + CELL, x : x + CELL], result[top : top + CELL, left : left + CELL]
        )
    assert not np.array_equal(made[1], made[2])


def test_the_places_are_those_that_change_most() -> None:
    one = np.zeros((100, 130, 3), np.float32)
    other = one.copy()
    other[45, 85] = 0.5
    other[0, 0] = 0.9
    other[99, 129] = 1  # beyond the grid
    assert changing_places(one, other, 40, 2) == [(0, 0), (40, 80)]


@pytest.mark.parametrize("gray", [False, True])
def test_a_small_picture_has_fewer_and_smaller_places(gray: bool, upscaler: Upscaler) -> None:
    """20 x 40 pixels hold two places of 20; the columns stay as wide as what is written above them."""
    sheet = contact_sheet(at_strengths(upscaler), Picture(photo(10, 20, gray)), Target(factor=2), "x")
    assert sheet.colour.shape == (LINE + 2 * (LINE + 20 + GAP), 5 * (LABEL + GAP), 1 if gray else 3)


def test_a_content_model_alone_has_no_strengths(tmp_path: Path) -> None:
    path = tiny_family(tmp_path)
    with pytest.raises(UsageError, match="was not trained from"):
        at_strengths(Upscaler(path.with_stem(PARENT)))
