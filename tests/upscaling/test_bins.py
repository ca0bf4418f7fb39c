"""Bin projection: the truth lies in a file's intervals, whatever the subsampling and however the picture is turned."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.pixels.samples import exif_blob, saved, wide_profile
from tests.upscaling.test_bands import read
from wassr.pixels.colour import rgb_to_ycbcr
from wassr.pixels.formats import picture_from_pil, read_picture
from wassr.pixels.jpeg import blocks_of, dct
from wassr.pixels.jpeg_traces import History, history
from wassr.pixels.picture import to_floats
from wassr.pixels.resize import resize
from wassr.upscaling.bands import Planes, collect
from wassr.upscaling.bins import Bins, InBins, bins_of
from wassr.upscaling.windows import window

EXAMPLES = Path(__file__).parents[2] / "examples" / "train"


def original(height: int = 90, width: int = 106) -> Image.Image:
    with Image.open(EXAMPLES / "street.webp") as opened:
        return opened.convert("RGB").crop((40, 30, 40 + width, 30 + height))


def grey_planes(image: Image.Image) -> np.ndarray:
    """Y, Cb, Cr (3, H, W) in grey levels, 0 in the middle."""
    planes = rgb_to_ycbcr(to_floats(np.asarray(image))) * 255
    planes[..., 0] -= 128
    return planes.transpose(2, 0, 1)


def whole(bins: tuple[Bins, ...], width: float = 1.0) -> tuple[Bins, ...]:
    return tuple(replace(one, width=width) for one in bins)


def found(data: bytes) -> tuple[Bins, ...]:
    """Of a file that was saved once."""
    picture = read_picture(data)
    return bins_of(picture, History(picture.jpeg, ()))


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize("quality", [20, 60])
def test_the_truth_lies_in_the_intervals(subsampling: str, quality: int) -> None:
    image = original()
    bins = found(saved(image, "JPEG", quality=quality, subsampling=subsampling))
    for one, plane in zip(whole(bins), grey_planes(image), strict=True):
        missing = one.missing(plane, 0)
        assert np.abs(missing).mean() < 0.02  # what the encoder rounds
        assert np.abs(one.missing(plane + 40 * np.sin(np.arange(106) / 2), 0)).mean() > 2


def test_a_projected_plane_lies_in_the_intervals() -> None:
    image = original(80, 96)
    (luma, *_) = found(saved(image, "JPEG", quality=40, subsampling=0))
    plane = grey_planes(image)[0] + np.random.default_rng(0).normal(0, 20, (80, 96)).astype(np.float32)
    inside = dct(blocks_of(plane + luma.missing(plane, 0))) / luma.steps
    assert (np.abs(inside - luma.centres) <= 0.25 + 1e-3)[luma.sure].all()


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(1, 60), st.sampled_from([0, 1, 2]))
def test_projection_never_leads_away_from_what_lies_inside(seed: int, strength: float, plane: int) -> None:
    """The intervals are convex and hold the decoded plane: no projection moves away from it."""
    data = saved(original(64, 64), "JPEG", quality=50, subsampling=0)
    inside = grey_planes(Image.open(io.BytesIO(data)))[plane]
    one = whole(found(data))[plane]
    start = inside + np.random.default_rng(seed).normal(0, strength, inside.shape).astype(np.float32)
    assert np.square(start + one.missing(start, 0) - inside).sum() <= 1.001 * np.square(start - inside).sum() + 1


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
def test_turned_pictures(orientation: int, subsampling: str) -> None:
    """Sizes that are no multiples of a block: mirrored, the picture begins with what no block covers."""
    options = {"quality": 30, "subsampling": subsampling}
    stored = found(saved(original(91, 109), "JPEG", **options))
    upright = found(saved(original(91, 109), "JPEG", exif=b"Exif\0\0" + exif_blob(orientation), **options))
    for one, other, plane in zip(stored, upright, grey_planes(original(91, 109)), strict=True):
        plane += 40 * np.sin(np.arange(109) / 3) * np.cos(np.arange(91) / 5)[:, None]
        expected = turned(one.missing(plane, 0), orientation)
        assert np.abs(expected).max() > 5
        assert np.abs(other.missing(turned(plane, orientation), 0) - expected).max() < 1e-2


def turned(plane: np.ndarray, orientation: int) -> np.ndarray:
    """Upright, by Pillow."""
    image = Image.fromarray(plane.astype(np.float32))
    methods = ["FLIP_LEFT_RIGHT", "ROTATE_180", "FLIP_TOP_BOTTOM", "TRANSPOSE", "ROTATE_270", "TRANSVERSE", "ROTATE_90"]
    if orientation > 1:
        image = image.transpose(Image.Transpose[methods[orientation - 2]])
    return np.asarray(image)


@pytest.mark.parametrize("step", [7, 64, 1000])
@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:0"])
def test_bands_of_any_height_give_the_same(step: int, subsampling: str) -> None:
    bins = found(saved(original(91, 77), "JPEG", quality=30, subsampling=subsampling))
    high = np.random.default_rng(1).random((3, 364, 308), dtype=np.float32)
    everything = InBins(Planes(high), bins, 91, 77).rows(0, 364)
    assert np.abs(everything - high).max() > 0.05
    assert np.abs(read(InBins(Planes(high), bins, 91, 77), step) - everything).max() < 1e-5


@pytest.mark.parametrize("scale", [1, 2, 4])
def test_a_base_is_enlarged_with_the_correction(scale: int) -> None:
    bins = found(saved(original(91, 77), "JPEG", quality=30))
    random = np.random.default_rng(1)
    low = random.random((3, 91, 77), dtype=np.float32)
    added = random.random((3, 91 * scale, 77 * scale), dtype=np.float32) - 0.5
    size = 91 * scale, 77 * scale
    whole = added + window(low, size, (0, size[0]), (0, size[1]))
    wanted = read(InBins(Planes(whole), bins, 91, 77), 32)
    kept = added.copy()
    made = read(InBins(Planes(added), bins, 91, 77, low), 32)
    assert np.abs(made - wanted).max() < 1e-5
    np.testing.assert_array_equal(added, kept)  # nothing is added in place


def test_a_result_comes_nearer_to_the_truth() -> None:
    image = original(96, 96)
    high = to_floats(np.asarray(image))
    low = Image.fromarray(np.rint(255 * np.clip(resize(high, 48, 48), 0, 1)).astype(np.uint8))
    blurred = resize(resize(high, 16, 16), 96, 96)
    bins = found(saved(low, "JPEG", quality=80, subsampling=0))
    made = collect(InBins(Planes(np.ascontiguousarray(blurred.transpose(2, 0, 1))), bins, 48, 48))
    assert np.square(made - high).mean() < 0.7 * np.square(blurred - high).mean()


def test_gray_pictures() -> None:
    bins = found(saved(original().convert("L"), "JPEG", quality=50))
    assert len(bins) == 1
    high = np.random.default_rng(0).random((1, 180, 212), dtype=np.float32)
    assert InBins(Planes(high), bins, 90, 106).rows(0, 180).shape == (1, 180, 212)


def test_a_lossless_copy_of_a_jpeg_has_luma_intervals_too() -> None:
    with Image.open(io.BytesIO(saved(original(200, 240), "JPEG", quality=60))) as opened:
        copy = picture_from_pil(opened.convert("RGB").crop((3, 5, 240, 200)))
    (one,) = bins_of(copy, history(copy))
    assert (one.top, one.left, one.down, one.across, one.width) == (3, 5, 1, 1, 0.5)
    truth = grey_planes(original(200, 240))[0, 5:, 3:]
    assert one.sure.mean() > 0.9
    assert np.abs(replace(one, width=1.0).missing(truth, 0)).mean() < 0.02


def test_where_there_are_none() -> None:
    wide = saved(original(), "JPEG", icc_profile=wide_profile())
    for data in (saved(original(), "PNG"), saved(original(), "JPEG", keep_rgb=True), wide):
        assert found(data) == ()


def test_an_earlier_generation_widens_them() -> None:
    with Image.open(EXAMPLES / "rock.webp") as opened:
        first = saved(opened.convert("RGB"), "JPEG", quality=30)
    with Image.open(io.BytesIO(first)) as opened:
        twice = saved(opened, "JPEG", quality=90)
    assert {one.width for one in found(first)} == {0.5}
    picture = read_picture(twice)
    assert {one.width for one in bins_of(picture, history(picture))} == {1.0}
