"""PNG's chunks, and files whose rows are missing although every stream in them ends well."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from tests.pixels.samples import deep, pil, png_file, saved, smooth
from wassr.pixels import png
from wassr.pixels.icc import Stated, srgb_profile
from wassr.pixels.reading import decode


@pytest.mark.parametrize(("bits", "colour_type"), [(8, 2), (16, 2)])
def test_depth_is_read_from_the_header(bits, colour_type):
    pixels = deep(3) if bits == 16 else smooth(3)
    assert png.depth(png_file(pixels, bits, colour_type)) == bits
    assert png.depth(b"\x89PNG\r\n\x1a\n") == 0


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA"])
def test_whole_files_have_all_rows(mode):
    assert png.has_all_rows(saved(pil(3).convert(mode), "PNG"))


@pytest.mark.parametrize("rows", [25, 100, 100_000])
def test_a_header_that_promises_more_is_found_out(rows):
    assert not png.has_all_rows(png_file(smooth(3), 8, 2, height=rows))


def test_a_header_beyond_what_deflate_can_hold_is_found_without_inflating():
    assert png.can_hold_all_rows(saved(Image.new("L", (3000, 3000)), "PNG", compress_level=9))
    assert not png.can_hold_all_rows(png_file(smooth(1), 8, 0, height=1_000_000))


def interlaced(missing: int = 0) -> bytes:
    """A gray Adam7 file of 24 x 32, short of the last `missing` bytes."""
    pixels = smooth(1)[..., 0]
    raw = b""
    for x, y, dx, dy in png.ADAM7:
        for row in pixels[y::dy, x::dx]:
            raw += b"\0" + row.tobytes()
    head = struct.pack(">IIBBBBB", 32, 24, 8, 0, 0, 0, 1)
    data = zlib.compress(raw[: len(raw) - missing])
    return png.SIGNATURE + png.chunk(b"IHDR", head) + png.chunk(b"IDAT", data) + png.chunk(b"IEND", b"")


def test_interlaced_files_are_counted_by_pass():
    assert png.has_all_rows(interlaced())
    assert not png.has_all_rows(interlaced(missing=1))


def test_metadata_are_put_in_front_of_the_pixels():
    plain = saved(pil(3), "PNG")
    pieces = b"".join(png.with_metadata(plain, b"profile", b"exif", b"<xmp/>", (254.0, 127.0)))
    names = [name for name, _ in png.chunks(pieces)]
    assert names == [b"IHDR", b"iCCP", b"pHYs", b"eXIf", b"iTXt", b"IDAT", b"IEND"]
    assert png.find(pieces, b"eXIf") == b"exif"
    assert png.find(pieces, b"iTXt", png.XMP_HEAD) == b"<xmp/>"
    assert png.find(pieces, b"pHYs") == struct.pack(">IIB", 10_000, 5_000, 1)
    assert png.find(pieces, b"tEXt") is None


def test_chunks_end_at_a_torn_end():
    whole = saved(pil(1), "PNG")
    assert [name for name, _ in png.chunks(whole[:-5])][-1] == b"IDAT"


def with_chunks(*more: bytes) -> bytes:
    whole = saved(pil(3), "PNG")
    return whole[:33] + b"".join(more) + whole[33:]


PLACES = (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
P3_PLACES = (31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
LINEAR, USUAL = (png.chunk(b"gAMA", struct.pack(">I", value)) for value in (100_000, 45_455))
SRGB = png.chunk(b"sRGB", b"\0")


def primaries(places: tuple[int, ...]) -> bytes:
    return png.chunk(b"cHRM", struct.pack(">8I", *places))


@pytest.mark.parametrize(
    ("chunks", "found"),
    [
        ((), None),
        ((USUAL, primaries(PLACES)), None),
        ((SRGB, LINEAR), None),
        ((LINEAR,), Stated(gamma=1.0)),
        ((USUAL, primaries(P3_PLACES)), Stated(red=(0.68, 0.32), green=(0.265, 0.69))),
        ((png.chunk(b"cICP", bytes([12, 13, 0, 1])), SRGB), Stated(red=(0.68, 0.32), green=(0.265, 0.69))),
        ((png.chunk(b"cICP", bytes([9, 16, 0, 1])), LINEAR), Stated(gamma=1.0)),
        ((png.chunk(b"cICP", bytes([12, 13, 0, 0])),), None),  # from 16 to 235, as in films
        ((png.chunk(b"gAMA", bytes(4)),), None),
        ((png.chunk(b"gAMA", b"\0\0\0\3"),), None),
        ((png.chunk(b"gAMA", b"\xff" * 4), primaries((200_000,) * 8)), None),
        ((png.chunk(b"gAMA", b"x"), png.chunk(b"cHRM", b"y"), png.chunk(b"cICP", b"z")), None),
    ],
)
def test_colours_that_chunks_state(chunks, found):
    assert png.stated_colours(with_chunks(*chunks)) == found
    by_code = found if chunks and b"cICP\x0c" in chunks[0] else None
    assert png.stated_colours(with_chunks(*chunks), has_profile=True) == by_code


def test_stated_colours_are_converted_as_a_profile_is():
    plain, given = (decode(with_chunks(*chunks), "x") for chunks in ((), (LINEAR,)))
    assert plain.icc is None
    assert given.icc == srgb_profile(gray=False)
    light = plain.colour
    expected = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    assert np.abs(given.colour - expected).max() < 0.01
