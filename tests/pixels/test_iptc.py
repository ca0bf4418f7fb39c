"""Captions of press agencies, on their way from file to file; Pillow reads what was written."""

import io
import struct

import pytest
import tifffile
from PIL import Image, IptcImagePlugin

from tests.pixels.samples import pil, saved, smooth, tiff_file
from wassr.pixels.formats import encode_picture
from wassr.pixels.iptc import of_blocks, segment
from wassr.pixels.reading import decode

CAPTION = b"\x1c\x02x\x00\x0aA red car!\x1c\x02P\x00\x03Ann"


@pytest.mark.parametrize("iptc", [CAPTION, CAPTION + b"\x1c\x02\x19\x00\x01x"])
def test_jpeg_to_jpeg(iptc: bytes) -> None:
    picture = decode(saved(pil(3), "JPEG", extra=segment(iptc)), "x")
    assert picture.iptc == iptc
    data = encode_picture(picture, "jpg")
    with Image.open(io.BytesIO(data)) as image:
        assert IptcImagePlugin.getiptcinfo(image)[2, 80] == b"Ann"
    assert decode(data, "x").iptc == iptc
    assert decode(encode_picture(picture, "jpg", strip=True), "x").iptc is None


@pytest.mark.parametrize("order", "<>")
def test_tiff_as_photoshop_writes_it(order: str) -> None:
    padded = CAPTION + bytes(-len(CAPTION) % 4)
    numbers = struct.unpack(f"{order}{len(padded) // 4}I", padded)
    field = (33723, 4, len(numbers), numbers, True)
    given = tiff_file(smooth(3), photometric="rgb", byteorder=order, extratags=[field])
    assert decode(given, "x").iptc == padded


def test_tiff_and_back() -> None:
    given = tiff_file(smooth(3), photometric="rgb", extratags=[(33723, 7, len(CAPTION), CAPTION, True)])
    picture = decode(given, "x")
    assert picture.iptc == CAPTION
    data = encode_picture(picture, "tif")
    assert tifffile.TiffFile(io.BytesIO(data)).pages[0].tags[33723].value == CAPTION
    assert decode(encode_picture(decode(data, "x"), "jpg"), "x").iptc == CAPTION


def test_what_is_too_long_or_is_none_is_left_out() -> None:
    picture = decode(saved(pil(3), "JPEG"), "x")
    assert picture.iptc is None
    given = tiff_file(smooth(3), photometric="rgb", extratags=[(33723, 7, 70_000, bytes(70_000), True)])
    assert decode(encode_picture(decode(given, "x"), "jpg"), "x").iptc is None
    for nothing in (None, {}, {0x0404: b""}, {0x0404: {"a": 1}}):
        assert of_blocks(nothing) is None
