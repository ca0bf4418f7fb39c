"""Real codecs: bytes as the codec writes them, grids where they are said to be, generations as they are drawn."""

import io
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from wassr.data.chain import Jpeg, Webp
from wassr.data.codecs import GRID, jpeg, save_jpeg, saves_of, webp
from wassr.data.filters import Frame
from wassr.data.jpeg_tables import coding


def photograph(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    waves = sum(np.sin(x / rng.uniform(3, 9) + y / rng.uniform(3, 9) + rng.uniform(0, 6)) for _ in range(4))
    return np.clip(127 + 30 * waves[..., None] + rng.normal(0, 6, (height, width, 3)), 0, 255).astype(np.uint8)


def frame(origin: tuple[int, int] = (0, 0)) -> Frame:
    return Frame((64, 64), (16, 16), origin, lambda levels: levels)


def by_pillow(levels: NDArray[np.uint8], kind: str = "JPEG", **options: Any) -> NDArray[np.uint8]:
    out = io.BytesIO()
    Image.fromarray(levels).save(out, kind, **options)
    return np.asarray(Image.open(out).convert("RGB"))


@pytest.mark.parametrize("sampling", ["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize("quality", [5, 30, 75, 98])
def test_a_save_is_the_codecs_own(quality: int, sampling: Any) -> None:
    levels = photograph(50, 67)
    made = save_jpeg(levels, coding("libjpeg", quality, sampling), (0, 0))
    np.testing.assert_array_equal(made, by_pillow(levels, quality=quality, subsampling=sampling))


def test_a_grid_that_begins_before_the_picture_is_that_of_a_larger_picture() -> None:
    """A crop of a saved picture has the same pixels as its own save with the right origin, but for its border."""
    whole = photograph(160, 160)
    chosen = coding("libjpeg", 40, "4:2:0")
    saved = save_jpeg(whole, chosen, (0, 0))
    for top, left in ((16, 32), (21, 37), (31, 47)):
        crop = whole[top : top + 96, left : left + 96]
        made = save_jpeg(crop, chosen, (top % GRID, left % GRID))
        inner = slice(GRID + 1, -GRID - 1)
        wanted = saved[top : top + 96, left : left + 96]
        np.testing.assert_array_equal(made[inner, inner], wanted[inner, inner])
        if (top % GRID, left % GRID) != (0, 0):
            elsewhere = save_jpeg(crop, chosen, (0, 0))
            assert (elsewhere[inner, inner] != wanted[inner, inner]).mean() > 0.5


def edges(levels: NDArray[np.uint8], axis: int) -> int:
    """Where blocks begin along an axis, modulo 8: the column whose step is largest beside its neighbours'."""
    moved = np.moveaxis(levels.astype(float).mean(2), axis, 0)
    step = np.abs(np.diff(moved, axis=0))
    excess = step[1:-1] - 0.5 * (step[:-2] + step[2:])
    sums = np.zeros(8)
    np.add.at(sums, (np.arange(len(excess)) + 2) % 8, excess.sum(1))
    return int(sums.argmax())


@pytest.mark.parametrize("origin", [(0, 0), (3, 5), (8, 15)])
def test_blocks_begin_where_the_origin_says(origin: tuple[int, int]) -> None:
    made, *_ = jpeg(photograph(128, 128), Jpeg(quality=(15, 15), shifted=0), np.random.default_rng(0), frame(origin))
    assert (edges(made, 0), edges(made, 1)) == (-origin[0] % 8, -origin[1] % 8)


def test_shifted_saves_begin_anywhere_and_others_at_the_pictures_own_grid() -> None:
    dice = np.random.default_rng(0)
    own = {save.origin for _ in range(20) for save in saves_of(Jpeg(shifted=0), dice, (3, 9))}
    assert own == {(3, 9)}
    rows, columns = zip(*(saves_of(Jpeg(shifted=1), dice, (0, 0))[0].origin for _ in range(1000)), strict=True)
    assert set(rows) == set(columns) == set(range(GRID))


def test_generations_come_by_their_shares_and_the_last_keeps_the_size() -> None:
    dice = np.random.default_rng(0)
    spec = Jpeg(generations=(1, 2, 1), resized=0.5, sizes=(0.7, 1.4), quality=(5, 98))
    drawn = [saves_of(spec, dice, (0, 0)) for _ in range(2000)]
    counts = [len(saves) for saves in drawn]
    assert [counts.count(n) / 2000 for n in (1, 2, 3)] == pytest.approx([0.25, 0.5, 0.25], abs=0.04)
    assert {saves[-1].size for saves in drawn} == {1.0}
    earlier = [save.size for saves in drawn for save in saves[:-1]]
    assert sum(size == 1 for size in earlier) / len(earlier) == pytest.approx(0.5, abs=0.04)
    others = [size for size in earlier if size != 1]
    assert 0.7 <= min(others) < 0.72
    assert 1.38 < max(others) <= 1.4
    assert {save.coding.quality for saves in drawn for save in saves} == set(range(5, 99))


def test_several_saves_are_saves_of_saves() -> None:
    levels = photograph(64, 80)
    spec = Jpeg(generations=(0, 1), quality=(30, 60), shifted=1)
    made, words, _ = jpeg(levels, spec, np.random.default_rng(3), frame())
    first, second = saves_of(spec, np.random.default_rng(3), (0, 0))
    once = save_jpeg(levels, first.coding, first.origin)
    np.testing.assert_array_equal(made, save_jpeg(once, second.coding, second.origin))
    assert words == f"{first.words}, {second.words}"


def test_a_save_of_another_size_comes_back_to_its_place() -> None:
    levels = photograph(64, 80)
    spec = Jpeg(generations=(0, 1), quality=(95, 95), resized=1, sizes=(1.3, 1.3), chroma={"4:4:4": 1})
    for seed in range(4):
        made, words, _ = jpeg(levels, spec, np.random.default_rng(seed), frame())
        assert made.shape == levels.shape
        assert "x1.30" in words
        assert np.abs(made.astype(float) - levels).mean() < 6  # a shift by one pixel would be 15


def test_gray_stays_gray() -> None:
    gray = np.repeat(photograph(48, 48)[..., :1], 3, axis=2)
    spec = Jpeg(quality=(10, 40), tables={"libjpeg": 1, "photoshop": 1, "phone": 1, "camera": 1})
    for seed in range(6):
        made, *_ = jpeg(gray, spec, np.random.default_rng(seed), frame((3, 4)))
        assert (made == made[..., :1]).all()


def test_webp_is_the_codecs_own() -> None:
    levels = photograph(48, 64)
    made, words, _ = webp(levels, Webp(quality=(60, 60)), np.random.default_rng(0), frame())
    np.testing.assert_array_equal(made, by_pillow(levels, "WEBP", quality=60))
    assert words == "webp q60"
    moved, *_ = webp(levels, Webp(quality=(60, 60)), np.random.default_rng(0), frame((5, 6)))
    assert moved.shape == levels.shape
    assert (moved != made).any()
