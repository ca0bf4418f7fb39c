"""EXIF and XMP after turning and enlarging, judged by Pillow's reader."""

import struct
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image

from tests.pixels.samples import exif_blob
from wassr.pixels.exif import PREFIX, fitted_exif, fitted_xmp, orientation, without_orientation

THUMBNAIL = b"\xff\xd8the old picture, small\xff\xd9"


def opened(blob: bytes) -> Image.Exif:
    exif = Image.Exif()
    exif.load(blob)
    return exif


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("prefix", [b"", PREFIX])
@pytest.mark.parametrize("value", range(1, 9))
def test_orientation_is_found_and_reset(value, prefix, order):
    blob = prefix + exif_blob(value, order=order)
    assert orientation(blob) == value
    fitted = fitted_exif(blob, 96, 128)
    assert orientation(fitted) == 1
    assert opened(fitted)[274] == 1


@pytest.mark.parametrize(
    "blob", [None, b"", b"Exif\0\0", b"II*\0", b"garbage" * 9, exif_blob(0), exif_blob(9), exif_blob(None)]
)
def test_no_orientation_counts_as_upright(blob):
    assert orientation(blob) == 1


@pytest.mark.parametrize(("height", "width"), [(96, 128), (70_000, 90_000)])
def test_sizes_are_corrected_and_the_rest_kept(height, width):
    fitted = opened(fitted_exif(exif_blob(6), height, width))
    assert (fitted[256], fitted[257]) == (width, height)
    details, place = fitted.get_ifd(34665), fitted.get_ifd(34853)
    assert (details[40962], details[40963]) == (width, height)
    assert details[36867] == "2020:01:02 03:04:05"
    assert details[37500] == b"note" * 5
    assert (fitted[271], place[1], [float(x) for x in place[2]]) == ("Maker", "N", [47, 30, 0])


@pytest.mark.parametrize("order", ["<", ">"])
def test_thumbnail_is_dropped(order):
    blob = exif_blob(1, thumbnail=THUMBNAIL, order=order)
    assert opened(blob).get_ifd(ExifTags.IFD.IFD1), "the sample has a second directory"
    fitted = fitted_exif(blob, 10, 10)
    assert not opened(fitted).get_ifd(ExifTags.IFD.IFD1)
    assert b"old picture" not in fitted
    assert len(fitted) <= len(blob) - len(THUMBNAIL)


def test_thumbnail_in_the_middle_is_wiped():
    blob = exif_blob(1, thumbnail=THUMBNAIL) + b"after"
    fitted = fitted_exif(blob, 10, 10)
    assert b"old picture" not in fitted
    assert fitted.endswith(b"after")


def test_thumbnail_pointer_into_living_fields_spoils_nothing():
    blob = bytearray(exif_blob(6, thumbnail=THUMBNAIL))
    at = blob.rindex(b"\x01\x02\x04\0\x01\0\0\0") + 8  # tag 513, LONG, one value
    blob[at : at + 4] = (8).to_bytes(4, "little")
    fitted = opened(fitted_exif(bytes(blob), 10, 10))
    assert (fitted[271], fitted[274]) == ("Maker", 1)


def test_a_preview_that_cannot_be_read_costs_nothing_else():
    blob = bytearray(exif_blob(6, thumbnail=THUMBNAIL))
    after = 8 + 2 + 12 * struct.unpack_from("<H", blob, 8)[0]
    struct.pack_into("<I", blob, after, len(blob) - 1)
    fitted = opened(fitted_exif(bytes(blob), 10, 10))
    assert (fitted[271], fitted[274], fitted.get_ifd(34853)[1]) == ("Maker", 1, "N")


def test_a_pointer_that_leads_nowhere_costs_its_directory_only():
    blob = bytearray(exif_blob(6))
    at = blob.index(struct.pack("<HHI", 34665, 4, 1)) + 8
    struct.pack_into("<I", blob, at, 60_000)
    fitted = fitted_exif(bytes(blob), 10, 10)
    assert orientation(fitted) == 1
    assert orientation(bytes(blob)) == 6


@pytest.mark.parametrize("order", "<>")
def test_a_last_pointer_that_was_left_away(order):
    mark = b"II*\0" if order == "<" else b"MM\0*"
    blob = mark + struct.pack(order + "IHHHIHH", 8, 1, 274, 3, 1, 6, 0)
    assert orientation(blob) == 6
    assert orientation(fitted_exif(blob, 10, 10)) == 1


def test_converted_pixels_are_no_adobe_rgb_any_more():
    exif = Image.Exif()
    exif[34665] = {40961: 65535, 40965: {1: "R03"}}
    blob = exif.tobytes()
    kept, converted = (opened(fitted_exif(blob, 10, 10, to_srgb=to_srgb)) for to_srgb in (False, True))
    assert (kept.get_ifd(34665)[40961], kept.get_ifd(40965)[1]) == (65535, "R03")
    assert (converted.get_ifd(34665)[40961], converted.get_ifd(40965)[1]) == (1, "R98")


def test_orientation_can_be_taken_out():
    bare = opened(without_orientation(exif_blob(6)))
    assert 274 not in bare
    assert (bare[271], bare.get_ifd(34853)[1]) == ("Maker", "N")
    assert without_orientation(exif_blob(None)) == exif_blob(None)


@given(st.integers(0, 400), st.binary(min_size=1, max_size=6))
@settings(max_examples=300)
def test_damaged_exif_never_breaks(at, garbage):
    blob = bytearray(exif_blob(6, thumbnail=THUMBNAIL))
    blob[at : at + len(garbage)] = garbage
    assert 1 <= orientation(bytes(blob)) <= 8
    fitted = fitted_exif(bytes(blob), 50, 60)
    assert fitted is None or orientation(fitted) == 1 or orientation(bytes(blob)) == 1


@given(st.integers(0, 300))
def test_cut_exif_never_breaks(length):
    blob = exif_blob(6)[:length]
    assert orientation(blob) in (1, 6)
    fitted_exif(blob, 50, 60)


def test_xmp_is_made_true():
    xmp = (
        b'<x:xmpmeta><rdf:Description tiff:Orientation="6" tiff:ImageWidth=\'32\' dc:title="x">'
        b"<exif:PixelXDimension>32</exif:PixelXDimension><exif:PixelYDimension> 24 </exif:PixelYDimension>"
        b"<xmp:Thumbnails><rdf:Alt>old\nold</rdf:Alt></xmp:Thumbnails></rdf:Description></x:xmpmeta>"
    )
    assert fitted_xmp(xmp, 96, 128) == (
        b'<x:xmpmeta><rdf:Description tiff:Orientation="1" tiff:ImageWidth=\'128\' dc:title="x">'
        b"<exif:PixelXDimension>128</exif:PixelXDimension><exif:PixelYDimension>96</exif:PixelYDimension>"
        b"</rdf:Description></x:xmpmeta>"
    )
    assert fitted_xmp(None, 1, 1) is None


def test_xmp_speaks_of_no_picture_that_does_not_come_along():
    xmp = (
        b'<rdf:Description xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0" dc:title="x"'
        b" GCamera:MotionPhoto='1' GCamera:MotionPhotoVersion=\"1\"><Container:Directory><rdf:Seq>old\n</rdf:Seq>"
        b"</Container:Directory></rdf:Description>"
    )
    assert fitted_xmp(xmp, 96, 128) == (
        b'<rdf:Description xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" dc:title="x"></rdf:Description>'
    )
    elements = (
        b"<a><hdrgm:Version>1.0</hdrgm:Version><GCamera:MotionPhoto>1</GCamera:MotionPhoto><GCamera:MicroVideo/>"
        b'<GContainer:Directory>\n<b/></GContainer:Directory><dc:title x="1">y</dc:title></a>'
    )
    assert fitted_xmp(elements, 96, 128) == b'<a><dc:title x="1">y</dc:title></a>'
    torn = b"<hdrgm:A>" * 3 + b"<hdrgm:B><c/>"
    assert fitted_xmp(torn, 96, 128) == torn


def test_xmp_without_ends_takes_no_time():
    for piece in (b"<hdrgm:A>", b"<hdrgm:A ", b" hdrgm:A=", b" hdrgmm", b"<xmp:Thumbnails>"):
        whole = piece * (1_000_000 // len(piece))
        begun = time.process_time()
        assert fitted_xmp(whole, 96, 128) == whole
        assert time.process_time() - begun < 5  # seconds; quadratic it would be many minutes
