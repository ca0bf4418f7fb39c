"""Our TIFF writer, judged by tifffile and Pillow; the header reader on odd files."""

import io
import struct

import numpy as np
import pytest
import tifffile
from PIL import Image

from tests.pixels.samples import deep, exif_blob, pil, read_tiff, saved, smooth, tiff_file
from wassr.pixels import picture as picture_module
from wassr.pixels import tiff
from wassr.pixels.exif import fitted_exif
from wassr.pixels.libraries import strict_pillow
from wassr.pixels.picture import Picture, picture_from_array


def written(picture: Picture) -> bytes:
    out = io.BytesIO()
    tiff.write(picture, out)
    return out.getvalue()


def pages(bigtiff: bool = False, kinds: tuple[int, ...] = (0, 0, 0)) -> bytes:
    """A file of several directories, NewSubfileType of each as said."""
    out = io.BytesIO()
    with tifffile.TiffWriter(out, bigtiff=bigtiff) as writer:
        for kind in kinds:
            mask = kind == tiff.MASK
            pixels = smooth(1)[..., 0] > 127 if mask else smooth(3)
            writer.write(pixels, photometric="mask" if mask else "rgb", subfiletype=kind, metadata=None)
    return out.getvalue()


@pytest.mark.parametrize("bigtiff", [False, True])
def test_frames_are_the_pictures_that_are_no_copies_or_masks(bigtiff):
    assert tiff.count_frames(pages(bigtiff)) == 3
    assert tiff.count_frames(pages(bigtiff, (0, 1, 1, 4))) == 1
    assert tiff.count_frames(pages(bigtiff, (0, 1, 2))) == 2  # 2: a page of several


def test_a_circle_or_a_cut_chain_of_directories_ends():
    data = bytearray(pages(kinds=(0, 0)))
    first = struct.unpack_from("<I", data, 4)[0]
    after = first + 2 + 12 * struct.unpack_from("<H", data, first)[0]
    second = struct.unpack_from("<I", data, after)[0]
    with strict_pillow(1000):
        assert tiff.count_frames(bytes(data[:second])) == 1
        struct.pack_into("<I", data, after, first)
        assert tiff.count_frames(bytes(data)) == 1


@pytest.mark.parametrize("make", [smooth, deep])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("strip", [1 << 19, 100])
def test_tifffile_reads_every_layout_exactly(make, channels, strip, monkeypatch):
    monkeypatch.setattr(picture_module, "STRIP_PIXELS", strip)
    pixels = make(channels)
    data = written(picture_from_array(pixels))
    assert np.array_equal(read_tiff(data), pixels[..., 0] if channels == 1 else pixels)
    page = tifffile.TiffFile(io.BytesIO(data)).pages[0]
    assert page.extrasamples == ((2,) if channels in (2, 4) else ())


def test_pillow_reads_pixels_and_metadata():
    exif = fitted_exif(exif_blob(6), 24, 32)
    data = written(Picture(picture_from_array(smooth(3)).colour, exif=exif, xmp=b"<xmp/>", dpi=(300, 150)))
    with Image.open(io.BytesIO(data)) as image:
        assert np.array_equal(np.asarray(image), smooth(3))
        assert image.info["dpi"] == (300, 150)
        assert image.tag_v2[700] == b"<xmp/>"
        found = image.getexif()
        assert found[271] == "Maker"
        assert [float(x) for x in found.get_ifd(34853)[2]] == [47, 30, 0]
        assert found.get_ifd(34665)[37500] == b"note" * 5


def test_odd_exif_does_not_cost_the_picture():
    blob = bytearray(exif_blob(1))
    at = blob.index(b"\x0f\x01\x02\0")  # make, ASCII -> type 99
    blob[at + 2] = 99
    data = written(Picture(picture_from_array(smooth(3)).colour, exif=bytes(blob)))
    assert np.array_equal(read_tiff(data), smooth(3))


@pytest.mark.parametrize(("byteorder", "big"), [("<", False), (">", False), ("<", True)])
def test_header(byteorder, big):
    data = tiff_file(deep(4), photometric="rgb", extrasamples=["unassalpha"], byteorder=byteorder, bigtiff=big)
    header = tiff.read_header(data)
    assert (header.height, header.width, header.orientation, header.first_extra) == (24, 32, 1, 2)
    assert (header.photometric, header.icc, header.xmp, header.dpi) == (2, None, None, None)


def test_header_of_a_palette():
    assert tiff.read_header(saved(pil(3).convert("P"), "TIFF")).photometric == tiff.PALETTE


def test_layout_fields_are_no_exif():
    assert tiff.exif_of(tiff_file(deep(3), photometric="rgb")) is None
    assert tiff.exif_of(b"II*\0\xff\xff\xff\xff") is None
