"""From a Picture to the bytes of a file: one rounding, in strips, metadata true.

Formats without alpha (JPEG, BMP) get the picture composited over white. Formats of 8 bits (all but PNG and TIFF) get
16-bit pictures rounded once. Gray stays one channel where the format knows gray (WebP does not). `strip` leaves out
EXIF, XMP, IPTC and dots per inch; the profile stays, since it says what the numbers mean.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from wassr.pixels import exif as exif_fields
from wassr.pixels import iptc, png, tiff
from wassr.pixels.icc import srgb_profile
from wassr.pixels.libraries import one_line, strict_pillow, vips
from wassr.pixels.picture import Picture, strips

JPEG_FIELD_LIMIT = 65_000  # a JPEG segment holds 64 KB, minus headers


def encode(picture: Picture, kind: str, quality: int | None, strip: bool, out: BinaryIO) -> None:
    """Write the picture in format `kind` (a key of ENCODERS) to a binary stream.

    Raises ValueError with a plain sentence where the format cannot hold it; OSError and others come from the encoder.
    """
    encoder = ENCODERS[kind]
    check_size(kind, picture.height, picture.width)
    if strip:
        picture = replace(picture, exif=None, xmp=None, dpi=None, iptc=None)
    else:
        fitted = exif_fields.fitted_exif(picture.exif, picture.height, picture.width)
        xmp = exif_fields.fitted_xmp(picture.xmp, picture.height, picture.width)
        picture = replace(picture, exif=fitted, xmp=xmp)
    with strict_pillow(picture.height * picture.width):  # it warns about EXIF fields that it does not understand
        encoder.write(picture, encoder.quality if quality is None else quality, out)


def check_size(kind: str, height: int, width: int) -> None:
    """Raises ValueError with a plain sentence where the format cannot hold so many pixels a side."""
    longest = ENCODERS[kind].longest
    if max(height, width) > longest:
        raise ValueError(
            f"{width} x {height} pixels are more than {kind} can hold ({longest} a side); write PNG or TIFF"
        )


def to_pil(picture: Picture, flatten: bool = False) -> Image.Image:
    """A PIL image: L, LA, RGB or RGBA of 8 bits; I;16 for 16-bit gray without alpha (PIL has no 16-bit colour).

    `flatten` composites alpha over white. Profile, EXIF, XMP and dpi stand in `info`, as after opening a file.
    """
    if picture.bits == 16 and picture.gray and picture.alpha is None:
        image = Image.fromarray(np.concatenate([levels for _, levels in strips(picture, 16)])[..., 0])
    else:
        image = _pil8(picture, _mode(picture, not flatten), flatten)
    exif = exif_fields.fitted_exif(picture.exif, picture.height, picture.width)
    extras = {"icc_profile": picture.icc, "exif": exif and exif_fields.PREFIX + exif, "xmp": picture.xmp}
    image.info.update({key: value for key, value in (extras | {"dpi": picture.dpi}).items() if value})
    return image


def _pil8(picture: Picture, mode: str, flatten: bool = False) -> Image.Image:
    """8-bit pixels pasted strip by strip, so that neither a float copy nor a second array is needed."""
    image = Image.new(mode, (picture.width, picture.height))
    for top, levels in strips(picture, 8, flatten):
        image.paste(Image.fromarray(levels[..., 0] if levels.shape[2] == 1 else levels), (0, top))
    return image


def _mode(picture: Picture, alpha: bool = True) -> str:
    base = "L" if picture.gray else "RGB"
    return base + "A" if alpha and picture.alpha is not None else base


def _options(picture: Picture, **more: Any) -> dict[str, Any]:
    """Arguments of Pillow's writers; those it has nothing for are left out."""
    options = {"icc_profile": picture.icc, "exif": picture.exif, "xmp": picture.xmp, "dpi": picture.dpi}
    return {key: value for key, value in options.items() if value} | more


def _write_jpeg(picture: Picture, quality: int, out: BinaryIO) -> None:
    options = _options(picture, quality=quality, subsampling=0)  # 4:4:4: colour is as sharp as luma
    for field in ("exif", "xmp"):
        if len(options.get(field, b"")) > JPEG_FIELD_LIMIT:  # from a PNG or TIFF; JPEG has no room for it
            del options[field]
    if "exif" in options:
        options["exif"] = exif_fields.PREFIX + options["exif"]
    if picture.iptc and len(picture.iptc) <= JPEG_FIELD_LIMIT:
        options["extra"] = iptc.segment(picture.iptc)
    _pil8(picture, _mode(picture, alpha=False), flatten=True).save(out, "JPEG", **options)


def _write_png(picture: Picture, _quality: int, out: BinaryIO) -> None:
    out.writelines(png.with_metadata(_bare_png(picture), picture.icc, picture.exif, picture.xmp, picture.dpi))


def _bare_png(picture: Picture) -> bytes:
    """A PNG without metadata by libvips: it quantises the float planes piece by piece while it compresses, and is three
    times faster than Pillow at the same size."""
    image = _vips_plane(picture.colour)
    if picture.alpha is not None:
        image = image.bandjoin(_vips_plane(picture.alpha[..., None]))
    deep = picture.bits == 16
    space = ("grey16" if deep else "b-w") if picture.gray else ("rgb16" if deep else "srgb")
    image = image.linear(65535 if deep else 255, 0.5).cast("ushort" if deep else "uchar").copy(interpretation=space)
    try:
        return bytes(image.pngsave_buffer(compression=PNG_LEVEL, filter="paeth", keep="none"))
    except vips().Error as error:
        raise OSError(one_line(error)) from error


def _vips_plane(values: np.ndarray[Any, Any]) -> Any:
    height, width, bands = values.shape
    return vips().Image.new_from_memory(np.ascontiguousarray(values).data, width, height, bands, "float")


def _write_webp(picture: Picture, quality: int, out: BinaryIO) -> None:
    image, icc = _coloured(picture)
    options = _options(replace(picture, icc=icc, dpi=None), quality=quality, lossless=quality == 100)
    options["method"] = WEBP_METHOD
    image.save(out, "WEBP", **options)


def _coloured(picture: Picture) -> tuple[Image.Image, bytes | None]:
    """RGB or RGBA whatever the picture is, and the profile for it: for formats that know no gray."""
    image = _pil8(picture, _mode(picture))
    if not picture.gray:
        return image, picture.icc
    return image.convert(image.mode.replace("L", "RGB")), picture.icc and srgb_profile(gray=False)


def _write_avif(picture: Picture, quality: int, out: BinaryIO) -> None:
    from PIL import AvifImagePlugin

    if not AvifImagePlugin.SUPPORTED:
        raise ValueError("this build of Pillow cannot write AVIF; write WebP or JPEG")
    one_channel = picture.gray and picture.alpha is None  # gray with alpha it does not know
    image, icc = (_pil8(picture, "L"), picture.icc) if one_channel else _coloured(picture)
    options = _options(replace(picture, icc=icc, dpi=None), quality=quality)
    options["speed"] = AVIF_SPEED
    options["subsampling"] = "4:0:0" if one_channel else "4:4:4"
    if "exif" in options:
        options["exif"] = exif_fields.without_orientation(options["exif"])
    image.save(out, "AVIF", **options)


def _write_bmp(picture: Picture, _quality: int, out: BinaryIO) -> None:
    options = {"dpi": picture.dpi} if picture.dpi else {}
    _pil8(picture, _mode(picture, alpha=False), flatten=True).save(out, "BMP", **options)


def _write_tiff(picture: Picture, _quality: int, out: BinaryIO) -> None:
    tiff.write(picture, out)


@dataclass(frozen=True)
class Encoder:
    """How one format is written: its default quality (0 where it has none), the longest side it can hold, and whether
    it holds transparency."""

    write: Callable[[Picture, int, BinaryIO], None]
    quality: int
    longest: int
    alpha: bool = True


# Measured on a photo enlarged to 4.3 megapixels, one thread, milliseconds per megapixel: PNG at level 3 6.0 MB in 46
# (level 6: 5.8 MB, 102; Pillow's 4: 5.8 MB, 147); WebP's method 2 1.01 MB in 49 (4: .99 MB, 103); AVIF's speed 8 .92 MB
# in 378 (6: .80 MB, 795)
PNG_LEVEL = 3
WEBP_METHOD = 2
AVIF_SPEED = 8
ENCODERS = {
    "PNG": Encoder(_write_png, 0, 2**31 - 1),
    "JPEG": Encoder(_write_jpeg, 95, 65_535, alpha=False),
    "WEBP": Encoder(_write_webp, 95, 16_383),
    "TIFF": Encoder(_write_tiff, 0, 2**31 - 1),
    "BMP": Encoder(_write_bmp, 0, 32_767 * 2, alpha=False),
    "AVIF": Encoder(_write_avif, 90, 65_536),
}
