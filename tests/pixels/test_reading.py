"""Every kind of pixels and metadata that is read, one line of a table each; 16 bits against independent decoders."""

import io
import struct
from collections.abc import Callable

import numpy as np
import pytest
import pyvips
from PIL import Image, ImageOps, PngImagePlugin, features

from tests.pixels.samples import (
    HEIGHT,
    WIDTH,
    deep,
    exif_blob,
    pil,
    png_file,
    saved,
    smooth,
    tiff_file,
    wide_profile,
)
from wassr.ground.errors import PictureError
from wassr.pixels import reading
from wassr.pixels.icc import Stated, srgb_profile, stated_profile, to_srgb
from wassr.pixels.picture import quantise, to_array
from wassr.pixels.png import chunk
from wassr.pixels.reading import decode, decode_rgb, kind_of, picture_from_pil

needs_avif = pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
GRAY, RGB, RGBA, LA = smooth(1), smooth(3), smooth(4), smooth(2)
BITS = (smooth(1) > 127).astype(np.uint8)
INKS = (
    np.array([[[0, 0, 0, 0], [255, 0, 0, 0], [0, 0, 0, 255], [51, 102, 153, 51]]], np.uint8).repeat(8, 0).repeat(8, 1)
)
INKS_AS_RGB = np.array([[[255] * 3, [0, 255, 255], [0] * 3, [163, 122, 82]]], np.uint8).repeat(8, 0).repeat(8, 1)


def palette_image() -> Image.Image:
    """Stripes of four colours."""
    image = Image.fromarray(np.tile(np.arange(4, dtype=np.uint8).repeat(WIDTH // 4), (HEIGHT, 1)), "P")
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 8, 7])
    return image


def palette(**options: object) -> bytes:
    return saved(palette_image(), "PNG", **options)


COLOURS = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [9, 8, 7]], np.uint8)
STRIPES = np.tile(COLOURS.repeat(WIDTH // 4, axis=0), (HEIGHT, 1, 1))


def gray_palette() -> bytes:
    image = pil(1).convert("P")
    return saved(image, "PNG")


def with_alpha(colour: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    return np.concatenate([colour, np.broadcast_to(alpha, (*colour.shape[:2], 1)).astype(colour.dtype)], axis=2)


STRIPE_ALPHA = np.repeat([255, 255, 0, 255], WIDTH // 4)[None, :, None]
KEY16 = chunk(b"tRNS", struct.pack(">3H", *deep(3)[0, 0]))
KEYED16 = with_alpha(deep(3), np.where(np.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH, 1) == 0, 0, 65535))

# name, file, pixels as they must come out, largest difference in levels
LOSSLESS: dict[str, tuple[Callable[[], bytes], np.ndarray]] = {
    "PNG 1 bit": (lambda: saved(Image.fromarray(BITS[..., 0] * 255).convert("1"), "PNG"), BITS * 255),
    "PNG gray": (lambda: saved(pil(1), "PNG"), GRAY),
    "PNG gray alpha": (lambda: saved(pil(2), "PNG"), LA),
    "PNG RGB": (lambda: saved(pil(3), "PNG"), RGB),
    "PNG RGBA": (lambda: saved(pil(4), "PNG"), RGBA),
    "PNG palette": (palette, STRIPES),
    "PNG palette, one clear": (lambda: palette(transparency=2), with_alpha(STRIPES, STRIPE_ALPHA)),
    "PNG palette, alphas": (
        lambda: palette(transparency=bytes([255, 255, 0, 255])),
        with_alpha(STRIPES, STRIPE_ALPHA),
    ),
    "PNG palette of grays": (gray_palette, GRAY),
    "PNG gray, one clear": (
        lambda: saved(pil(1), "PNG", transparency=int(GRAY[0, 0, 0])),
        with_alpha(GRAY, np.where(GRAY[0, 0, 0] == GRAY, 0, 255)),
    ),
    "PNG RGB, one clear": (
        lambda: saved(pil(3), "PNG", transparency=tuple(int(v) for v in RGB[0, 0])),
        with_alpha(RGB, np.where((RGB[0, 0] == RGB).all(axis=2, keepdims=True), 0, 255)),
    ),
    "PNG 16 gray": (lambda: png_file(deep(1), 16, 0), deep(1)),
    "PNG 16 gray alpha": (lambda: png_file(deep(2), 16, 4), deep(2)),
    "PNG 16 RGB": (lambda: png_file(deep(3), 16, 2), deep(3)),
    "PNG 16 RGBA": (lambda: png_file(deep(4), 16, 6), deep(4)),
    "PNG 16 RGB, one clear": (lambda: png_file(deep(3), 16, 2, KEY16), KEYED16),
    "BMP gray": (lambda: saved(pil(1), "BMP"), GRAY),
    "BMP RGB": (lambda: saved(pil(3), "BMP"), RGB),
    "GIF": (lambda: saved(pil(1), "GIF"), GRAY),
    "TIFF gray": (lambda: saved(pil(1), "TIFF"), GRAY),
    "TIFF white is zero": (lambda: tiff_file(255 - GRAY[..., 0], photometric="miniswhite"), GRAY),
    "TIFF RGB LZW": (lambda: saved(pil(3), "TIFF", compression="tiff_lzw"), RGB),
    "TIFF 1 bit": (lambda: saved(Image.fromarray(BITS[..., 0] * 255).convert("1"), "TIFF"), BITS * 255),
    "TIFF gray alpha": (lambda: saved(pil(2), "TIFF"), LA),
    "TIFF palette": (lambda: saved(palette_image(), "TIFF"), STRIPES),
    "TIFF palette of grays": (lambda: saved(pil(1).convert("P"), "TIFF"), GRAY),
    "TIFF RGBA": (lambda: saved(pil(4), "TIFF"), RGBA),
    "TIFF CMYK": (lambda: saved(Image.fromarray(INKS, "CMYK"), "TIFF"), INKS_AS_RGB),
    "TIFF 16 gray": (lambda: tiff_file(deep(1)[..., 0], photometric="minisblack"), deep(1)),
    "TIFF 16 white is zero": (lambda: tiff_file(65535 - deep(1)[..., 0], photometric="miniswhite"), deep(1)),
    "TIFF 16 gray alpha": (
        lambda: tiff_file(deep(2), photometric="minisblack", extrasamples=["unassalpha"], planarconfig="contig"),
        deep(2),
    ),
    "TIFF 16 RGB": (lambda: tiff_file(deep(3), photometric="rgb"), deep(3)),
    "TIFF 16 RGB big-endian": (lambda: tiff_file(deep(3), photometric="rgb", byteorder=">"), deep(3)),
    "TIFF 16 RGB big": (lambda: tiff_file(deep(3), photometric="rgb", bigtiff=True), deep(3)),
    "TIFF 16 RGB tiled": (lambda: tiff_file(deep(3), photometric="rgb", tile=(16, 16), compression="zlib"), deep(3)),
    "TIFF 16 RGB planes": (
        lambda: tiff_file(deep(3).transpose(2, 0, 1), photometric="rgb", planarconfig="separate"),
        deep(3),
    ),
    "TIFF 16 RGBA": (lambda: tiff_file(deep(4), photometric="rgb", extrasamples=["unassalpha"]), deep(4)),
    "TIFF 16 RGB + unknown": (
        lambda: tiff_file(deep(4), photometric="rgb", extrasamples=["unspecified"]),
        deep(4)[..., :3],
    ),
    "WebP lossless": (lambda: saved(pil(3), "WEBP", lossless=True), RGB),
    "WebP lossless alpha": (lambda: saved(pil(4), "WEBP", lossless=True, exact=True), RGBA),
}
LOSSY: dict[str, tuple[Callable[[], bytes], np.ndarray]] = {
    "JPEG gray": (lambda: saved(pil(1), "JPEG", quality=95), GRAY),
    "JPEG YCbCr 4:2:0": (lambda: saved(pil(3), "JPEG", quality=95), RGB),
    "JPEG YCbCr 4:4:4": (lambda: saved(pil(3), "JPEG", quality=95, subsampling=0), RGB),
    "JPEG progressive": (lambda: saved(pil(3), "JPEG", quality=95, progressive=True), RGB),
    "JPEG RGB": (lambda: saved(pil(3), "JPEG", quality=95, keep_rgb=True), RGB),
    "JPEG CMYK (Adobe, inverted)": (lambda: saved(Image.fromarray(INKS, "CMYK"), "JPEG", quality=98), INKS_AS_RGB),
    "MPO": (lambda: saved(pil(3), "MPO", save_all=True, append_images=[pil(3).rotate(180)], quality=95), RGB),
    "TIFF JPEG": (lambda: saved(pil(3), "TIFF", compression="jpeg", quality=95), RGB),
    "WebP": (lambda: saved(pil(3), "WEBP", quality=95), RGB),
}


@pytest.mark.parametrize("name", LOSSLESS)
def test_lossless_pixels_are_exact(name):
    make, expected = LOSSLESS[name]
    picture = decode(make(), name)
    assert picture.bits == 8 * expected.dtype.itemsize
    assert picture.gray == (expected.shape[2] < 3)
    got = to_array(picture, expected.dtype)
    assert np.array_equal(got[..., None] if got.ndim == 2 else got, expected)
    assert (picture.icc, picture.exif, picture.xmp) == (None, None, None)


@pytest.mark.parametrize("name", LOSSY)
def test_lossy_pixels_are_close(name):
    make, expected = LOSSY[name]
    picture = decode(make(), name)
    assert picture.colour.shape == expected.shape
    assert np.abs(picture.colour * 255 - expected).mean() < 3
    assert picture.alpha is None
    assert picture.bits == 8


def check_rgb(data: bytes) -> None:
    """The short way gives the levels of the long one."""
    picture, short = decode(data, "x"), decode_rgb(data, "x")
    levels = quantise(picture.colour, 8)
    assert np.array_equal(short.levels, np.repeat(levels, 3, axis=2) if picture.gray else levels)
    assert (short.levels.dtype, short.levels.flags.c_contiguous) == (np.uint8, True)
    assert (short.bits, short.gray, short.source_format) == (picture.bits, picture.gray, picture.source_format)


@pytest.mark.parametrize("name", [*LOSSLESS, *LOSSY])
def test_8_bit_rgb_without_floats_is_the_same(name):
    check_rgb((LOSSLESS | LOSSY)[name][0]())


@pytest.mark.parametrize("kind", ["PNG", "PNG16", "JPEG", "WEBP", "TIFF", "TIFF16"])
@pytest.mark.parametrize("orientation", [3, 5, 6])
def test_8_bit_rgb_is_turned_upright(kind, orientation):
    check_rgb(oriented(kind, orientation)[0])


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF"])
def test_8_bit_rgb_is_converted_by_the_profile(kind):
    check_rgb(saved(pil(3), kind, icc_profile=wide_profile()))
    check_rgb(saved(pil(1), kind, icc_profile=srgb_profile(gray=True)))
    check_rgb(saved(Image.fromarray(INKS, "CMYK"), "JPEG", icc_profile=bytes(pyvips.Image.profile_load("cmyk"))))


@needs_avif
@pytest.mark.parametrize("channels", [3, 4])
def test_avif(channels):
    picture = decode(saved(pil(channels), "AVIF", quality=95, subsampling="4:4:4"), "AVIF")
    assert picture.source_format == "AVIF"
    assert np.abs(picture.colour * 255 - RGBA[..., :3]).mean() < 3
    assert (picture.alpha is not None) == (channels == 4)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF"])
def test_formats_are_known_by_their_bytes(kind):
    data = saved(pil(3), kind)
    assert kind_of(data) == kind
    assert decode(data, "x").source_format == kind


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF"])
def test_of_several_frames_the_first_is_read(kind):
    frames = [Image.new("RGB", (20, 10), colour) for colour in ("red", "lime", "blue")]
    data = saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=100, lossless=True)
    picture = decode(data, kind)
    assert np.allclose(picture.colour, (1, 0, 0))
    assert picture.colour.shape == (10, 20, 3)
    assert picture.frames == 3


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF", "JPEG", "BMP"])
def test_a_single_picture_is_one_frame(kind):
    assert decode(saved(pil(3), kind), kind).frames == 1


def test_damage_behind_the_first_frame_costs_nothing_of_it():
    frames = [Image.fromarray(np.full((10, 20), level, np.uint8)) for level in (0, 100, 200)]
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=100)
    assert decode(data, "x").frames == 3
    assert decode(data[: len(data) // 2], "x").colour.shape == (10, 20, 1)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_premultiplied_alpha_is_divided_out(kind):
    half = np.iinfo(kind).max // 2 + 1
    planes = np.full((HEIGHT, WIDTH, 4), half, dtype=kind)
    planes[..., :3] = half // 2
    picture = decode(tiff_file(planes, photometric="rgb", extrasamples=["assocalpha"]), "x")
    assert np.allclose(picture.colour, 0.5, atol=1 / 255)
    assert np.allclose(picture.alpha, 0.5, atol=1 / 255)


# --- orientation ------------------------------------------------------------------------------------------------


def oriented(kind: str, orientation: int) -> tuple[bytes, np.ndarray]:
    """A file with an EXIF orientation, and its pixels as Pillow turns them."""
    image = Image.fromarray(RGB)
    exif = Image.Exif()
    exif[274] = orientation
    if kind == "PNG16":
        data = png_file(deep(3), 16, 2, chunk(b"eXIf", exif.tobytes()[6:]))
        return data, turned(deep(3), orientation)
    if kind == "TIFF16":
        return tiff_file(deep(3), photometric="rgb", extratags=[(274, 3, 1, orientation)]), turned(deep(3), orientation)
    options = {"WEBP": {"lossless": True}, "JPEG": {"quality": 98, "subsampling": 0}}.get(kind, {})
    return saved(image, kind, exif=exif, **options), turned(RGB, orientation)


def turned(pixels: np.ndarray, orientation: int) -> np.ndarray:
    planes = []
    for c in range(3):
        image = Image.fromarray(pixels[..., c].astype(np.int32), "I")
        image.getexif()[274] = orientation
        planes.append(np.asarray(ImageOps.exif_transpose(image)))
    return np.stack(planes, axis=-1)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    "kind", ["JPEG", "PNG", "PNG16", "WEBP", "TIFF", "TIFF16", pytest.param("AVIF", marks=needs_avif)]
)
def test_all_eight_orientations(kind, orientation):
    data, expected = oriented(kind, orientation)
    picture = decode(data, kind)
    white = 65535 if picture.bits == 16 else 255
    assert picture.colour.shape == expected.shape
    assert np.abs(picture.colour * white - expected).mean() < (4 if kind in ("JPEG", "AVIF") else 0.01)
    if picture.exif:  # the tag says upright now
        exif = Image.Exif()
        exif.load(picture.exif)
        assert exif.get(274, 1) == 1


def test_exif_as_imagemagick_keeps_it_in_png():
    info = PngImagePlugin.PngInfo()
    blob = exif_blob(6)
    info.add_text("Raw profile type exif", f"\nexif\n{len(blob):8}\n{blob.hex()}\n", zip=True)
    picture = decode(saved(pil(3), "PNG", pnginfo=info), "x")
    assert (picture.height, picture.width) == (WIDTH, HEIGHT)
    assert picture.exif
    info = PngImagePlugin.PngInfo()
    info.add_text("Raw profile type exif", "\nexif\n 9\nno digits\n")
    assert decode(saved(pil(3), "PNG", pnginfo=info), "x").exif is None


def test_exif_behind_the_pixels_of_an_opened_picture():
    data = png_file(smooth(3), 8, 2)
    end = data.rindex(b"IEND") - 4
    data = data[:end] + chunk(b"eXIf", exif_blob(6)) + data[end:]
    for picture in (decode(data, "x"), picture_from_pil(Image.open(io.BytesIO(data)))):
        assert (picture.height, picture.width) == (WIDTH, HEIGHT)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_a_clear_gray_of_few_bits(bits):
    levels = np.arange(8, dtype=np.uint8)[None] % 2**bits
    packed = np.packbits(np.unpackbits(levels[..., None], axis=2)[..., -bits:].reshape(1, -1), axis=1)
    data = png_file(packed, bits, 0, chunk(b"tRNS", struct.pack(">H", 2**bits - 1)), width=8)
    picture = decode(data, "x")
    assert np.array_equal(picture.alpha[0], levels[0] < 2**bits - 1)
    assert np.allclose(picture.colour[0, :, 0], levels[0] / (2**bits - 1))


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_a_palette_of_grays_with_a_profile_of_colours_is_converted(kind):
    profile = stated_profile(Stated(gamma=1.8), gray=False)
    colour = decode(saved(pil(1).convert("RGB"), kind, icc_profile=profile), "x").colour
    by_palette = decode(saved(pil(1).convert("P"), kind, icc_profile=profile), "x")
    assert by_palette.icc == srgb_profile(gray=False)
    assert np.allclose(by_palette.colour, colour, atol=1 / 255)
    assert np.abs(colour - smooth(1) / 255).max() > 0.05


def test_resolution_turns_along():
    blob = exif_blob(6)
    data = saved(pil(3), "PNG", exif=blob, dpi=(300, 100))
    assert decode(data, "x").dpi == pytest.approx((100, 300), abs=0.1)


# --- metadata ---------------------------------------------------------------------------------------------------


def png_with_xmp(**options: object) -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", "<xmp/>")
    return saved(pil(3), "PNG", pnginfo=info, **options)


def tiff_with_xmp(exif: bytes, **options: object) -> bytes:
    tags = Image.Exif()
    tags.load(exif)
    tags[700] = b"<xmp/>"
    return saved(pil(3), "TIFF", exif=tags, **options)


METADATA = {
    "JPEG": lambda **options: saved(pil(3), "JPEG", xmp=b"<xmp/>", **options),
    "PNG": png_with_xmp,
    "TIFF": tiff_with_xmp,
    "WEBP": lambda **options: saved(pil(3), "WEBP", xmp=b"<xmp/>", **{k: v for k, v in options.items() if k != "dpi"}),
}


@pytest.mark.parametrize("kind", METADATA)
def test_metadata_are_kept(kind):
    data = METADATA[kind](exif=b"Exif\0\0" + exif_blob(6), dpi=(300, 300))
    picture = decode(data, kind)
    exif = Image.Exif()
    exif.load(picture.exif)
    assert exif[271] == "Maker"
    assert [float(x) for x in exif.get_ifd(34853)[2]] == [47, 30, 0]
    assert exif.get_ifd(34665)[36867] == "2020:01:02 03:04:05"
    assert picture.xmp == b"<xmp/>"
    assert picture.dpi == (None if kind == "WEBP" else pytest.approx((300, 300), abs=0.1))


def test_metadata_after_the_pixels_of_a_16_bit_png():
    late = png_file(deep(3), 16, 2)
    end = late.rindex(b"IEND") - 4
    data = late[:end] + chunk(b"eXIf", exif_blob(1)) + chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<xmp/>") + late[end:]
    picture = decode(data, "x")
    assert picture.exif
    assert picture.xmp == b"<xmp/>"


def test_metadata_of_a_16_bit_tiff():
    data = tiff_file(
        deep(3),
        photometric="rgb",
        resolution=(100, 100),
        resolutionunit="CENTIMETER",
        iccprofile=wide_profile(),
        extratags=[(271, 2, 6, "Maker"), (700, 1, 6, b"<xmp/>")],
    )
    picture = decode(data, "x")
    exif = Image.Exif()
    exif.load(picture.exif)
    assert exif[271] == "Maker"
    assert 256 not in exif, "the old file's layout does not describe the picture"
    assert picture.dpi == pytest.approx((254, 254))
    assert picture.xmp == b"<xmp/>"
    assert picture.icc == srgb_profile(gray=False)
    assert np.array_equal(to_array(picture, np.uint16), to_srgb(deep(3), wide_profile(), "rgb"))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", pytest.param("AVIF", marks=needs_avif)])
def test_profiles_become_srgb(kind):
    options = {"WEBP": {"lossless": True}, "JPEG": {"quality": 98, "subsampling": 0}}.get(kind, {})
    plain = decode(saved(pil(3), kind, **options), "plain")
    wide = decode(saved(pil(3), kind, icc_profile=wide_profile(), **options), "wide")
    same = decode(saved(pil(3), kind, icc_profile=srgb_profile(gray=False), **options), "same")
    broken = decode(saved(pil(3), kind, icc_profile=wide_profile()[:200] + bytes(280), **options), "broken")
    expected = to_srgb(to_array(plain, np.uint8), wide_profile(), "rgb")
    assert np.array_equal(to_array(wide, np.uint16), expected)
    assert np.array_equal(same.colour, plain.colour), "sRGB into sRGB touches nothing"
    assert np.array_equal(broken.colour, plain.colour), "a broken profile counts as sRGB"
    assert (plain.icc, wide.icc, same.icc, broken.icc) == (None, srgb_profile(False), srgb_profile(False), None)


def test_gray_with_a_gray_profile_stays_gray():
    picture = decode(saved(pil(1), "PNG", icc_profile=srgb_profile(gray=True)), "x")
    assert picture.gray
    assert picture.icc == srgb_profile(gray=True)
    assert np.array_equal(to_array(picture), GRAY[..., 0])


def test_cmyk_with_a_profile_is_converted_by_it():
    profile = bytes(pyvips.Image.profile_load("cmyk"))
    picture = decode(saved(Image.fromarray(INKS, "CMYK"), "JPEG", quality=98, icc_profile=profile), "x")
    assert picture.icc == srgb_profile(gray=False)
    expected = to_srgb(INKS, profile, "cmyk") / 65535
    assert np.abs(picture.colour - expected).mean() < 0.02


def test_alpha_is_not_touched_by_the_profile():
    picture = decode(saved(pil(4), "PNG", icc_profile=wide_profile()), "x")
    assert np.array_equal(to_array(picture)[..., 3], RGBA[..., 3])
    assert np.abs(to_array(picture)[..., :3].astype(int) - RGBA[..., :3]).max() > 10


# --- PIL images -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I;16", "La", "RGBa"])
def test_pil_images_of_every_mode(mode):
    source = Image.fromarray(deep(1)[..., 0]) if mode == "I;16" else None
    if source is None:
        source = pil(4).convert("RGB").convert(mode) if mode in ("P", "CMYK", "YCbCr") else pil(4)
        source = pil(1) if mode in ("1", "L") else source
        source = pil(2).convert("La") if mode == "La" else source.convert(mode)
    picture = picture_from_pil(source)
    assert picture.bits == (16 if mode == "I;16" else 8)
    assert picture.gray == (mode in ("1", "L", "LA", "I;16", "La"))
    assert (picture.alpha is not None) == (mode in ("LA", "RGBA", "La", "RGBa"))
    target = {"1": "L", "La": "LA", "RGBa": "RGBA"}.get(mode, mode if mode in ("L", "LA", "RGBA", "I;16") else "RGB")
    expected = np.asarray(source.convert(target))
    assert np.abs(to_array(picture, expected.dtype).astype(int) - expected).max() <= 1


def test_pil_images_bring_their_metadata():
    opened = Image.open(io.BytesIO(saved(pil(3), "JPEG", exif=b"Exif\0\0" + exif_blob(6), icc_profile=wide_profile())))
    picture = picture_from_pil(opened)
    assert (picture.height, picture.width) == (WIDTH, HEIGHT)
    assert picture.icc == srgb_profile(gray=False)


@pytest.mark.parametrize("mode", ["F", "I", "LAB"])
def test_other_pil_modes_are_refused(mode):
    with pytest.raises(PictureError, match=r"screenshot.*'" + mode):
        picture_from_pil(Image.new(mode, (4, 4)), "screenshot")


def test_pil_images_without_pixels_are_refused():
    with pytest.raises(PictureError, match="zero pixels"):
        picture_from_pil(Image.new("RGB", (0, 4)))


def test_a_pil_image_that_memory_does_not_hold_is_not_called_damaged(monkeypatch):
    def none_left(*_):
        raise MemoryError

    monkeypatch.setattr(reading, "pillow_raster", none_left)
    with pytest.raises(MemoryError):
        reading.picture_from_pil(Image.new("RGB", (4, 4)))
