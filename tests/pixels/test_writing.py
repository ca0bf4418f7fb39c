"""What is written, line by line of a table, read back by us and by others."""

import io
import subprocess
import sys
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, features

from tests.pixels.samples import deep, exif_blob, pil, read_png16, read_tiff, saved, smooth, wide_profile
from wassr.pixels import png
from wassr.pixels.exif import fitted_exif
from wassr.pixels.formats import encode_picture, read_picture
from wassr.pixels.icc import srgb_profile
from wassr.pixels.picture import Picture, picture_from_array, quantise, to_array
from wassr.pixels.writing import ENCODERS, encode, to_pil

KINDS = ["PNG", "JPEG", "WEBP", "TIFF", "BMP"] + (["AVIF"] if features.check("avif") else [])
LOSSLESS = [("PNG", None), ("TIFF", None), ("BMP", None), ("WEBP", 100)]


def written(picture: Picture, kind: str, quality: int | None = None, strip: bool = False) -> bytes:
    out = io.BytesIO()
    encode(picture, kind, quality, strip, out)
    return out.getvalue()


@pytest.mark.parametrize(("kind", "quality"), LOSSLESS)
@pytest.mark.parametrize("channels", [1, 3])
def test_lossless_formats_keep_8_bits_exactly(kind, quality, channels):
    pixels = smooth(channels)
    back = read_picture(written(picture_from_array(pixels), kind, quality))
    expected = pixels.repeat(3, axis=2) if kind == "WEBP" and channels == 1 else pixels
    assert np.array_equal(to_array(back).reshape(expected.shape), expected)
    assert back.gray == (expected.shape[2] == 1)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_16_bits_are_exact_to_us_and_to_others(kind, channels):
    pixels = deep(channels)
    data = written(picture_from_array(pixels), kind)
    ours = to_array(read_picture(data), np.uint16).reshape(pixels.shape)
    theirs = (read_png16 if kind == "PNG" else read_tiff)(data).reshape(pixels.shape)
    assert np.array_equal(ours, pixels)
    assert np.array_equal(theirs, pixels)
    assert len(np.unique(theirs)) > 256


def test_every_16_bit_level_survives_png():
    ramp = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    assert np.array_equal(read_png16(written(picture_from_array(ramp), "PNG")), ramp)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "BMP"])
def test_16_bits_are_rounded_once_for_8_bit_formats(kind):
    levels = np.array([[0, 128, 129, 257, 32767, 32896, 65406, 65407, 65535]], dtype=np.uint16)
    back = read_picture(written(picture_from_array(np.repeat(levels, 8, 0).repeat(8, 1)), kind, 100))
    assert back.bits == 8
    expected = np.floor(levels[0] / 257 + 0.5)
    assert np.abs(to_array(back).reshape(8, 72, -1)[4, 4::8, 0] - expected).max() <= (1 if kind == "JPEG" else 0)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
def test_alpha_is_kept(kind):
    back = to_array(read_picture(written(picture_from_array(smooth(4)), kind, 100)))
    visible = smooth(4)[..., 3:] > 0
    assert np.array_equal(back[..., 3], smooth(4)[..., 3])
    assert np.array_equal(back * visible, smooth(4) * visible)


@pytest.mark.skipif("AVIF" not in KINDS, reason="this Pillow has no AVIF")
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_avif(channels):
    back = read_picture(written(picture_from_array(smooth(channels)), "AVIF"))
    assert (back.alpha is not None) == (channels in (2, 4))
    assert back.gray == (channels == 1)
    colours = 1 if channels < 3 else 3
    assert np.abs(back.colour[..., :colours] * 255 - smooth(channels)[..., :colours]).mean() < 3


@pytest.mark.parametrize("kind", ["JPEG", "BMP"])
@pytest.mark.parametrize("channels", [2, 4])
def test_formats_without_alpha_get_white_below(kind, channels):
    pixels = np.zeros((16, 32, channels), np.uint8)
    pixels[:, :16, -1] = 255
    back = to_array(read_picture(written(picture_from_array(pixels), kind)))
    assert back[:, :12].max() < 8
    assert back[:, 20:].min() > 247
    assert back.ndim == (2 if channels == 2 else 3)


def test_jpeg_is_full_chroma_and_of_quality_95():
    picture = picture_from_array(smooth(3))
    data = written(picture, "JPEG")
    with Image.open(io.BytesIO(data)) as image:
        assert image.layer[0][1:3] == image.layer[1][1:3] == (1, 1)
    assert data == written(picture, "JPEG", 95)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if ENCODERS[kind].quality])
def test_quality_changes_the_size(kind):
    noisy = picture_from_array(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    sizes = [len(written(noisy, kind, quality)) for quality in (20, 45, 90)]
    assert sizes[0] < sizes[1] < sizes[2]


def full(picture: Picture) -> Picture:
    exif = fitted_exif(exif_blob(6), 24, 32)
    return replace(picture, icc=srgb_profile(picture.gray), exif=exif, xmp=b"<xmp/>", dpi=(300.0, 300.0))


@pytest.mark.parametrize(
    "array",
    [smooth(3), smooth(1), smooth(2), smooth(4), deep(3), deep(1)],
    ids=["RGB", "L", "LA", "RGBA", "RGB16", "L16"],
)
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "BMP"])
def test_metadata_are_written_and_true(kind, array):
    large = np.repeat(np.repeat(array, 2, axis=0), 2, axis=1)
    back = read_picture(written(full(picture_from_array(large)), kind))
    exif = Image.Exif()
    exif.load(back.exif)
    details = exif.get_ifd(34665)
    assert (details[40962], details[40963]) == (64, 48)
    assert exif[271] == "Maker"
    assert exif.get(274, 1) == 1
    assert [float(x) for x in exif.get_ifd(34853)[2]] == [47, 30, 0]
    assert back.xmp == b"<xmp/>"
    assert back.icc == srgb_profile(back.gray)
    assert back.dpi == (None if kind in ("WEBP", "AVIF") else pytest.approx((300, 300), abs=0.1))


@pytest.mark.parametrize("array", [smooth(3), deep(3)], ids=["8", "16"])
@pytest.mark.parametrize("kind", KINDS)
def test_strip_leaves_the_profile_only(kind, array):
    back = read_picture(written(full(picture_from_array(array)), kind, strip=True))
    assert (back.exif, back.xmp) == (None, None)
    assert back.dpi is None or kind == "BMP"  # BMP has the field always
    assert back.icc == (None if kind == "BMP" else srgb_profile(False))


@pytest.mark.parametrize("array", [smooth(3), deep(3)], ids=["8", "16"])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "BMP"])
def test_nothing_is_invented(kind, array):
    back = read_picture(written(picture_from_array(array), kind))
    assert (back.icc, back.exif, back.xmp, back.dpi) == (None, None, None, None)


def test_wide_gamut_in_srgb_out_looks_the_same():
    """As displayed, in CIELAB: the file with a P3 profile, and ours with the sRGB profile."""
    wide = saved(pil(3), "PNG", icc_profile=wide_profile())
    ours = encode_picture(read_picture(wide), "png")

    def lab(data: bytes) -> np.ndarray:
        import pyvips

        image = pyvips.Image.pngload_buffer(data).icc_import(embedded=True, intent="relative")
        return image.numpy()

    difference = np.sqrt(((lab(wide) - lab(ours)) ** 2).sum(axis=2))
    assert np.median(difference) < 0.6
    assert np.percentile(difference, 75) < 1  # the rest lies outside sRGB and is clipped


def test_exif_too_long_for_jpeg_is_left_out():
    blob = fitted_exif(exif_blob(1) + bytes(70_000), 24, 32)
    picture = replace(picture_from_array(smooth(3)), exif=blob, xmp=b"x" * 70_000)
    assert read_picture(written(picture, "JPEG")).exif is None
    assert read_picture(written(picture, "PNG")).exif == blob


@pytest.mark.parametrize(("kind", "side"), [("JPEG", 65_536), ("WEBP", 16_384)])
def test_too_long_for_the_format(kind, side):
    picture = picture_from_array(np.zeros((1, side), np.uint8))
    with pytest.raises(ValueError, match="PNG or TIFF"):
        written(picture, kind)
    assert read_picture(written(picture, "PNG")).width == side


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("make", [smooth, deep])
def test_to_pil(make, channels):
    picture = full(picture_from_array(make(channels)))
    image = to_pil(picture)
    modes = {1: "I;16" if make is deep else "L", 2: "LA", 3: "RGB", 4: "RGBA"}
    assert image.mode == modes[channels]
    kind = np.uint16 if image.mode == "I;16" else np.uint8
    assert np.array_equal(np.asarray(image), to_array(picture, kind))
    assert image.info["icc_profile"] == picture.icc
    assert image.info["dpi"] == (300, 300)
    again = Image.Exif()
    again.load(image.info["exif"])
    assert again[271] == "Maker"
    assert to_pil(picture, flatten=True).mode == ("I;16" if image.mode == "I;16" else image.mode.rstrip("A"))


def test_png_of_16_bits_has_the_order_of_chunks_that_readers_expect():
    data = written(full(picture_from_array(deep(3))), "PNG")
    names = [name for name, _ in png.chunks(data)]
    assert names[0] == b"IHDR"
    assert names.index(b"iCCP") < names.index(b"IDAT")
    assert names[-1] == b"IEND"
    with Image.open(io.BytesIO(data)) as image:
        image.load()


@pytest.mark.parametrize("bits", [8, 16])
def test_every_writer_rounds_alike(bits):
    values = np.random.default_rng(0).random((300, 400, 1)).astype(np.float32)
    levels = (np.arange(2**bits) + 0.5) / (2**bits - 1)  # as near to halves as float32 gets
    values.flat[: min(len(levels), values.size)] = levels
    picture = Picture(values, bits=bits)
    kind = np.uint8 if bits == 8 else np.uint16
    expected = quantise(values, bits)[..., 0]
    for name in ("PNG", "TIFF"):
        assert np.array_equal(to_array(read_picture(written(picture, name)), kind), expected)


RSS_CHILD = """
import sys, numpy as np
from pathlib import Path
from wassr.pixels.formats import write_picture
from wassr.pixels.picture import Picture
def peak():  # of this program alone: ru_maxrss counts the parent's memory at the fork, too
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
planes = np.empty((5000, 8000, 3), np.float32)
planes[:] = np.linspace(0, 1, 8000, dtype=np.float32)[:, None]
before = peak()
write_picture(Picture(planes, bits=int(sys.argv[2])), Path(sys.argv[1]))
print((peak() - before) * 1024 / planes.nbytes)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads the kernel's peak from /proc")
@pytest.mark.parametrize(("name", "bits"), [("a.png", 8), ("a.png", 16), ("a.jpg", 8), ("a.tif", 16)])
def test_40_megapixels_are_written_within_half_of_the_planes_memory(name, bits, tmp_path):
    child = [sys.executable, "-c", RSS_CHILD, str(tmp_path / name), str(bits)]
    done = subprocess.run(child, capture_output=True, text=True, check=True)
    assert float(done.stdout) < 0.5


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG"])
@pytest.mark.parametrize("bits", [8, 16])
def test_no_full_size_float_copy(kind, bits):
    """Peak of Python's allocations beside the planes: less than half of their size (4 bytes a sample)."""
    planes = np.tile(smooth(3, 256, 256).astype(np.float32) / 255, (6, 6, 1))
    picture = Picture(planes, bits=bits)
    tracemalloc.start()
    try:
        written(picture, kind)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < planes.nbytes / 2 + 8 * 4 * 3 * (1 << 19) / 4
