"""Inputs saved as JPEG: by Pillow's tables, on the grids that are named, and read as a user's file."""

import io

import numpy as np
import PIL
import pytest
from numpy.typing import NDArray
from PIL import Image, JpegImagePlugin
from scipy.fft import dctn

from tests.evaluation.material import levels
from wassr.evaluation.compressed import SHIFT, Saved, codec, decoded, jpeg_file, parse
from wassr.ground.errors import UsageError
from wassr.pixels.jpeg import standard_table

LOW = levels(83, 101)


def saved_once(pixels: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """By Pillow alone."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=quality, subsampling=2)
    return np.asarray(Image.open(out))


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("clean,90,70", ["clean", "90", "70"]),
        ("30, 100 ,clean,1", ["clean", "100", "30", "1"]),
        ("70", ["70"]),
        ("clean", ["clean"]),
    ],
)
def test_qualities_in_one_order(text: str, labels: list[str]) -> None:
    assert [one.label for one in parse(text)] == labels


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "--jpeg: names no quality; write clean and whole numbers from 1 to 100"),
        (" , ", "--jpeg: names no quality"),
        ("101", "--jpeg 101: 101 is no quality; write clean and whole numbers"),
        ("0", "0 is no quality"),
        ("70,abc", "--jpeg 70,abc: abc is no quality"),
        ("70,,50", "nothing between commas is no quality"),
        ("70.5", "70.5 is no quality"),
        ("-5", "-5 is no quality"),
        ("\u0667\u0660", "is no quality"),
        ("9" * 5000, "is no quality"),
        ("70,50,070", "70 is there twice; name each once"),
        ("clean,70,clean", "clean is there twice"),
    ],
)
def test_what_is_no_quality_is_one_line(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        parse(text)
    assert "\n" not in str(caught.value)


def test_twice_needs_something_to_save() -> None:
    assert [one.word for one in parse("clean,70", double=True)] == ["clean", "jpeg-70-double"]
    with pytest.raises(UsageError, match="--double: --jpeg clean saves nothing"):
        parse("clean", double=True)


def test_clean_is_not_saved() -> None:
    assert jpeg_file(LOW, Saved(None)) is None
    assert Saved(None).protocol == ""


@pytest.mark.parametrize("quality", [1, 30, 90, 100])
def test_the_file_is_what_pillow_writes(quality: int) -> None:
    file = jpeg_file(LOW, Saved(quality))
    assert file is not None
    with Image.open(io.BytesIO(file)) as image:
        assert isinstance(image, JpegImagePlugin.JpegImageFile)
        assert JpegImagePlugin.get_sampling(image) == 2  # 4:2:0
        assert tuple(image.quantization[0]) == standard_table(quality)
        assert "progressive" not in image.info
    np.testing.assert_array_equal(decoded(file), saved_once(LOW, quality))


def test_gray_stays_gray() -> None:
    file = jpeg_file(np.repeat(LOW[..., :1], 3, axis=2), Saved(40))
    assert file is not None
    made = decoded(file)
    assert (made[..., 0] == made[..., 1]).all()
    assert (made[..., 0] == made[..., 2]).all()


def near_steps(plane: NDArray[np.uint8], step: int) -> float:
    """How far the first horizontal frequency of 8x8 blocks is from multiples of a step: a quarter of it by chance."""
    height, width = (size // 8 * 8 for size in plane.shape)
    blocks = plane[:height, :width].reshape(height // 8, 8, width // 8, 8).swapaxes(1, 2).astype(np.float64)
    found = dctn(blocks, axes=(2, 3), norm="ortho")[..., 0, 1] / step
    return float(np.abs(found - np.round(found)).mean())


def test_the_first_of_two_saves_lies_on_blocks_half_a_block_away() -> None:
    noise = np.random.default_rng(0).normal(0, 12, (*LOW.shape[:2], 1))
    gray = np.clip(LOW[..., :1] // 2 + 60 + noise, 0, 255).astype(np.uint8).repeat(3, axis=2)
    saved = Saved(100, double=True)
    file = jpeg_file(gray, saved)
    assert file is not None
    made = decoded(file)[..., 0]
    step = standard_table(80)[1]
    assert (made.shape, saved.first, SHIFT, step) == (gray.shape[:2], 80, 4, 4)
    assert near_steps(made[4:, 4:], step) < 0.12
    for top, left in ((0, 0), (4, 0), (0, 4), (3, 4), (4, 5)):
        assert near_steps(made[top:, left:], step) > 0.18, (top, left)


@pytest.mark.parametrize(("quality", "first"), [(95, 75), (90, 70), (30, 10), (20, 10), (10, 10), (5, 5), (1, 1)])
def test_the_first_quality_is_lower_but_never_none(quality: int, first: int) -> None:
    assert Saved(quality, double=True).first == first
    assert Saved(quality).first is None


def test_twice_is_farther_from_the_picture_than_once() -> None:
    def error(saved: Saved) -> float:
        file = jpeg_file(LOW, saved)
        assert file is not None
        return float(np.mean((decoded(file).astype(np.float64) - LOW) ** 2))

    for quality in (90, 70):
        assert error(Saved(quality, double=True)) > 1.2 * error(Saved(quality))


def test_the_protocol_names_codec_and_qualities() -> None:
    assert codec().startswith(f"Pillow {PIL.__version__}, libjpeg")
    once, twice = Saved(70).protocol, Saved(70, double=True).protocol
    assert once.startswith(f"saved as JPEG of quality 70 (4:2:0; {codec()}) and decoded; ")
    assert "of quality 50, blocks shifted by 4 rows and columns, then of quality 70 (4:2:0" in twice
    assert once.endswith("is compared with the clean one")
