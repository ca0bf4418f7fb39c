"""PNG's chunks, and files whose rows are missing although every stream in them ends well."""

import struct
import zlib

import pytest
from PIL import Image

from tests.pixels.samples import deep, pil, png_file, saved, smooth
from wassr.pixels import png


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
