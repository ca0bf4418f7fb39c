"""Facts of JPEG files: libjpeg's tables exactly, others by what they do, coefficients as the file's bits have them."""

import io

import imagecodecs
import numpy as np
import pytest
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from tests.pixels.jpeg_oracle import read_coefficients
from tests.pixels.samples import exif_blob, pil, saved, smooth, wide_profile
from wassr.pixels.formats import picture_from_pil, read_picture
from wassr.pixels.jpeg import (
    Jpeg,
    blocks_of,
    coefficients,
    dct,
    facts,
    inverse_dct,
    nearest_quality,
    plane_of,
    quantised,
    standard_table,
    stated_quality,
    stored_luma,
)

# of an old Kodak camera: luma rows 0 to 7
KODAK = (
    *(6, 6, 6, 7, 9, 12, 15, 19),
    *(6, 6, 7, 8, 10, 13, 16, 20),
    *(6, 7, 8, 11, 13, 15, 19, 23),
    *(7, 8, 11, 14, 17, 20, 24, 29),
    *(9, 10, 13, 17, 21, 25, 30, 36),
    *(12, 13, 15, 20, 25, 31, 37, 44),
    *(15, 16, 19, 24, 30, 37, 45, 53),
    *(19, 20, 23, 29, 36, 44, 53, 62),
)


def textured(height: int = 83, width: int = 61) -> Image.Image:
    """Waves and grain, neither black nor white anywhere: nothing is clipped after decoding."""
    grain = np.random.default_rng(0).normal(0, 9, (height, width, 3))
    return Image.fromarray(np.clip(0.6 * smooth(3, height, width) + 50 + grain, 40, 215).astype(np.uint8))


def found(data: bytes) -> Jpeg:
    jpeg = read_picture(data).jpeg
    assert jpeg is not None
    return jpeg


@pytest.mark.parametrize("quality", range(1, 101))
def test_every_quality_of_libjpeg_is_read_exactly(quality: int) -> None:
    jpeg = found(saved(pil(3), "JPEG", quality=quality))
    assert (jpeg.quality, jpeg.standard) == (quality, True)
    chroma = standard_table(quality, chroma=True)
    assert jpeg.tables == (standard_table(quality), chroma, chroma)


def test_steps_of_the_constant_part() -> None:
    steps = {10: 80, 30: 27, 50: 16, 70: 10, 75: 8, 90: 3, 95: 2, 100: 1}
    assert {q: standard_table(q)[0] for q in steps} == steps


@pytest.mark.parametrize(
    ("code", "name", "ratio"),
    [("444", "4:4:4", (1, 1)), ("422", "4:2:2", (2, 1)), ("420", "4:2:0", (2, 2)), ("440", "4:4:0", (1, 2))],
)
def test_subsampling(code: str, name: str, ratio: tuple[int, int]) -> None:
    jpeg = found(imagecodecs.jpeg8_encode(np.asarray(textured()), level=80, subsampling=code))
    assert jpeg.subsampling == ratio
    assert jpeg.sentence == f"JPEG of quality 80, {name}"


def test_gray_and_a_table_of_another_encoder() -> None:
    assert found(saved(pil(1), "JPEG", quality=33)).sentence == "JPEG of quality 33, gray"
    jpeg = found(saved(pil(3), "JPEG", qtables=[list(KODAK), list(KODAK)]))
    assert not jpeg.standard
    assert jpeg.sentence == f"JPEG of quality about {jpeg.quality}, 4:2:0"
    # luma's table alone is not enough to be libjpeg's
    mixed = found(saved(pil(3), "JPEG", qtables=[list(standard_table(70)), list(KODAK)]))
    assert (mixed.quality, mixed.standard) == (70, False)


def test_each_chroma_may_have_a_table_of_its_own() -> None:
    blue, red = standard_table(70, chroma=True), standard_table(40, chroma=True)
    own = [list(standard_table(60)), list(blue), list(red)]
    data = saved(textured(64, 48), "JPEG", qtables=own, subsampling="4:2:0")
    jpeg = found(data)
    assert jpeg.tables == (standard_table(60), blue, red)
    assert jpeg.sentence == "JPEG of quality about 60, 4:2:0"
    for plane, table, true in zip(coefficients(jpeg), jpeg.tables, read_coefficients(data), strict=True):
        there = true[: plane.steps.shape[0], : plane.steps.shape[1]]
        assert plane.table == table
        assert (plane.steps == there).mean() > 0.99


def test_another_table_gets_the_quality_that_errs_as_much() -> None:
    picture = Image.fromarray(np.asarray(textured(240, 320)))

    def error(**options: object) -> float:
        again = Image.open(io.BytesIO(saved(picture, "JPEG", subsampling=0, **options)))
        return float(np.square(np.asarray(again.convert("L"), float) - np.asarray(picture.convert("L"), float)).mean())

    said = nearest_quality(KODAK)
    assert error(quality=said + 5) < error(qtables=[list(KODAK)] * 2) < error(quality=said - 5)


@pytest.mark.parametrize("quality", [12, 50, 80])
@pytest.mark.parametrize("code", ["444", "422", "420", "440"])
def test_coefficients_are_those_in_the_file(quality: int, code: str) -> None:
    data = bytes(imagecodecs.jpeg8_encode(np.asarray(textured()), level=quality, subsampling=code))
    for true, plane in zip(read_coefficients(data), coefficients(found(data)), strict=True):
        assert plane.sure.all()
        assert np.array_equal(plane.steps, true[: plane.steps.shape[0], : plane.steps.shape[1]])


def test_fine_steps_are_found_nearly_always() -> None:
    data = saved(textured(), "JPEG", quality=95, subsampling=0)
    for true, plane in zip(read_coefficients(data), coefficients(found(data)), strict=True):
        wrong = plane.steps != true[: plane.steps.shape[0], : plane.steps.shape[1]]
        assert wrong.mean() < 0.03
        assert np.abs(plane.steps - true[: plane.steps.shape[0], : plane.steps.shape[1]]).max() <= 1


def test_only_whole_blocks_are_there() -> None:
    luma, blue, red = coefficients(found(saved(textured(47, 33), "JPEG", subsampling=2)))
    assert luma.steps.shape[:2] == (5, 4)
    assert blue.steps.shape[:2] == red.steps.shape[:2] == (2, 2)


def test_progressive_and_gray_files_have_the_same_coefficients() -> None:
    plain, progressive = (coefficients(found(saved(textured(), "JPEG", progressive=p))) for p in (False, True))
    assert all(np.array_equal(a.steps, b.steps) for a, b in zip(plain, progressive, strict=True))
    data = saved(textured().convert("L"), "JPEG", quality=60)
    (gray,) = coefficients(found(data))
    assert np.array_equal(gray.steps, read_coefficients(data)[0][:10, :7])


def test_clipped_blocks_are_not_called_sure() -> None:
    """Black and white letters at low quality: the decoder cuts the ringing off, and its coefficients with it."""
    random = np.random.default_rng(0)
    letters = np.kron(random.integers(0, 2, (40, 40)), np.ones((3, 3))).astype(np.uint8) * 255
    data = saved(Image.fromarray(letters), "JPEG", quality=20)
    (plane,) = coefficients(found(data))
    wrong = (plane.steps != read_coefficients(data)[0]).any(axis=(2, 3))
    assert wrong.any()
    assert not (wrong & plane.sure).any()


def test_rgb_and_cmyk_files_have_no_luma() -> None:
    for data in (saved(pil(3), "JPEG", keep_rgb=True), saved(pil(3).convert("CMYK"), "JPEG")):
        jpeg = found(data)
        assert jpeg.sentence == "JPEG of quality 75, 4:4:4"
        assert not jpeg.ycc
        with pytest.raises(ValueError, match="no luma"):
            coefficients(jpeg)


def test_subsampling_of_four_components() -> None:
    data = saved(pil(3).convert("CMYK"), "JPEG", quality=70, subsampling=2)
    assert found(data).sentence == "JPEG of quality 70, 4:2:0"
    image = JpegImageFile(io.BytesIO(data))
    for black in (1, 2):  # as Pillow writes CMYK, as Photoshop writes YCCK
        image.layer = [(1, 2, 1, 0), (2, 1, 1, 0), (3, 1, 1, 0), (4, black, 1, 0)]
        jpeg = facts(image, data)
        assert jpeg is not None
        assert jpeg.sentence == "JPEG of quality 70, 4:2:2"


def test_first_bytes_state_a_quality_once_the_tables_are_among_them() -> None:
    data = saved(pil(3), "JPEG", quality=97, exif=b"Exif\0\0" + exif_blob(thumbnail=bytes(3000)))
    assert stated_quality(data) == stated_quality(data[:4000]) == 97
    assert stated_quality(data[:2000]) is None
    assert stated_quality(b"") is stated_quality(saved(pil(3), "PNG")) is None


def test_luma_is_the_stored_one() -> None:
    data = saved(textured(), "JPEG", quality=90, exif=b"Exif\0\0" + exif_blob(6))
    jpeg = found(data)
    assert (jpeg.height, jpeg.width, jpeg.orientation, jpeg.converted) == (83, 61, 6, False)
    rgb = np.asarray(Image.open(io.BytesIO(data)), dtype=float)
    assert np.abs(stored_luma(jpeg) - rgb @ [0.299, 0.587, 0.114]).max() < 1.5


def test_a_profile_that_changes_colours_is_told() -> None:
    assert found(saved(pil(3), "JPEG", icc_profile=wide_profile())).converted


def test_only_pictures_from_jpeg_files_have_facts() -> None:
    assert read_picture(saved(pil(3), "PNG")).jpeg is None
    assert picture_from_pil(Image.open(io.BytesIO(saved(pil(3), "JPEG")))).jpeg is None


def test_headers_without_sense_have_no_facts() -> None:
    image = JpegImageFile(io.BytesIO(saved(pil(3), "JPEG")))
    image.quantization = {7: [1] * 64}
    assert facts(image, b"") is None
    image.quantization = {0: [0] * 64, 1: [0] * 64}
    assert facts(image, b"") is None
    image.quantization = {0: [1] * 64, 1: [1] * 64}
    for blue, red in (((1, 2), (1, 2)), ((1, 1), (2, 1)), ((0, 0), (0, 0))):
        image.layer = [(1, 1, 1, 0), (2, *blue, 1), (3, *red, 1)]
        assert facts(image, b"") is None
    image.layer = [(1, 4, 2, 0), (2, 1, 1, 1), (3, 1, 1, 1)]
    found = facts(image, b"")
    assert found is not None
    assert found.sentence == "JPEG of quality 100, uncommon subsampling"


def test_transform_is_orthonormal_and_known() -> None:
    plane = np.random.default_rng(0).normal(0, 50, (16, 24)).astype(np.float32)
    blocks = blocks_of(plane)
    assert np.abs(plane_of(inverse_dct(dct(blocks))) - plane).max() < 1e-3
    assert np.isclose(np.square(dct(blocks)).sum(), np.square(plane).sum(), rtol=1e-5)
    flat = dct(np.full((8, 8), 3, dtype=np.float32))
    assert np.isclose(flat[0, 0], 24, atol=1e-4)
    assert np.abs(flat.ravel()[1:]).max() < 1e-4


def test_multiples_are_found_in_a_plane_made_of_them() -> None:
    steps = np.array(standard_table(60), dtype=np.float32).reshape(8, 8)
    multiples = np.random.default_rng(1).integers(-1, 2, (3, 4, 8, 8)).astype(np.float32)
    plane = np.rint(plane_of(inverse_dct(multiples * steps)) + 128)
    again = quantised(np.clip(plane, 0, 255), standard_table(60))
    assert np.array_equal(again.steps[again.sure], multiples[again.sure])
