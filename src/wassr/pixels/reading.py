"""From the bytes of a file, or a PIL image, to a Picture: decode, turn upright, to sRGB, to float planes.

Pillow decodes all but 16-bit PNG and TIFF. 16-bit colour it would open silently as 8-bit, so libvips decodes it, chosen
by the file's header; and it lets libtiff write to stderr, so libvips decodes TIFF of every depth. Animated files and
files of several pages give their first one. MPO is read as the JPEG it begins with. AVIF of more than 8 bits is read
as 8-bit.
"""

import importlib
import io
import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from PIL import Image

from wassr.ground.errors import PictureError, WassrError
from wassr.pixels import exif as exif_fields
from wassr.pixels import icc, iptc, jpeg, png, tiff
from wassr.pixels.libraries import one_line, strict_pillow
from wassr.pixels.picture import Levels, Picture, RgbLevels, eight_bits, to_floats
from wassr.pixels.raster import COLOURS, Raster, is_gray, pillow_raster, vips_raster

PIXEL_LIMIT = 300_000_000  # more is taken for a decompression bomb

Form = TypeVar("Form")


@dataclass(frozen=True)
class _Extras:
    """What travels beside the pixels."""

    icc: bytes | None
    exif: bytes | None
    xmp: bytes | None
    dpi: tuple[float, float] | None
    format: str
    iptc: bytes | None


def decode(data: bytes, name: str) -> Picture:
    """A picture from the bytes of a file. Raises PictureError, naming `name`, whatever is wrong with them."""
    return _guarded(data, name, _picture)


def decode_rgb(data: bytes, name: str) -> RgbLevels:
    """The 8-bit RGB of that picture, without the way through floats. Raises PictureError as `decode` does."""
    return _guarded(data, name, _rgb)


def _guarded(data: bytes, name: str, form: Callable[[bytes, str, str], Form]) -> Form:
    kind = kind_of(data)
    if kind is None:
        raise PictureError(name, _unknown(data))
    if _says_zero(data, kind):
        raise PictureError(name, f"has zero pixels, as its {kind} header says")
    try:
        with strict_pillow(PIXEL_LIMIT):
            return form(data, kind, name)
    except WassrError:
        raise
    except MemoryError:
        raise PictureError(name, "needs more memory to decode than there is") from None
    except Image.DecompressionBombError:
        raise PictureError(
            name, f"claims more pixels than the limit of {PIXEL_LIMIT // 1_000_000} megapixels"
        ) from None
    except Exception as error:  # decoders raise nearly anything on damaged bytes, and all of it means the same
        why = f"cannot be decoded as {kind} ({one_line(error)})"
        if "not supported" in why:
            raise PictureError(name, f"{why}; save it anew as PNG or plain TIFF") from error
        reason = f"is damaged or incomplete and {why}"
        raise PictureError(name, reason) from error


def picture_from_pil(image: Image.Image, name: str = "image") -> Picture:
    """A picture from a PIL image of any mode that has 1, 8 or 16 bits, but LAB; metadata in `image.info` come along.

    Orientation and profile are handled as for a file; of what else a PNG states of its colours a PIL image knows too
    little. Raises PictureError for other modes and for zero pixels.
    """
    if 0 in image.size:
        raise PictureError(name, "has zero pixels")
    try:
        with strict_pillow(PIXEL_LIMIT):
            raster = pillow_raster(image, name)
            extras = _extras(image, image.format or "PIL")  # some of it may stand behind the pixels
    except (WassrError, MemoryError):
        raise
    except Exception as error:  # a lazily opened file whose pixels turn out damaged: as in `_guarded`
        raise PictureError(name, f"is damaged or incomplete and cannot be decoded ({one_line(error)})") from error
    return _developed(replace(raster, orientation=exif_fields.orientation(extras.exif)), extras)


def kind_of(data: bytes) -> str | None:
    """The format by the first bytes, whatever the file is called; None if it is none of those read here."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp" and (b"avif" in data[8:64] or b"avis" in data[8:64]):
        return "AVIF"
    return next((kind for start, kind in SIGNATURES.items() if data.startswith(start)), None)


def _picture(data: bytes, kind: str, name: str) -> Picture:
    raster, extras, opened = _decoded(data, kind, name)
    frames = tiff.count_frames(data) if kind == "TIFF" else _count_frames(opened)
    picture = replace(_developed(raster, extras), frames=frames)
    if kind != "JPEG":
        return picture
    return replace(picture, jpeg=jpeg.facts(opened, data, raster.orientation, _converts(raster, extras)))


def _rgb(data: bytes, kind: str, name: str) -> RgbLevels:
    raster, extras, _ = _decoded(data, kind, name)
    upright = _upright(raster.levels, raster.orientation)[..., : COLOURS[raster.model]]
    levels = eight_bits(_srgb(upright, extras.icc, raster.model)[0])
    rgb = levels if levels.shape[2] == 3 else np.repeat(levels, 3, axis=2)
    bits = 8 * raster.levels.dtype.itemsize
    return RgbLevels(np.ascontiguousarray(rgb), bits, raster.model == "gray", extras.format)


def _decoded(data: bytes, kind: str, name: str) -> tuple[Raster, _Extras, Any]:
    """Pixels, what travels beside them, and Pillow's image if there is one."""
    if kind == "TIFF":
        return *_decode_tiff(data, name), None
    opened = _open(data, kind, name)
    if kind == "PNG":
        return *_decode_png(data, opened, name), opened
    raster = pillow_raster(opened, name)
    extras = _extras(opened, kind)
    return replace(raster, orientation=exif_fields.orientation(extras.exif)), extras, opened


def _decode_png(data: bytes, opened: Image.Image, name: str) -> tuple[Raster, _Extras]:
    if not png.can_hold_all_rows(data):
        raise PictureError(name, MISSING_ROWS)
    depth = png.depth(data)
    if opened.mode == "L" and depth < 8 and "transparency" in opened.info:  # Pillow scales the grays, but not this one
        opened.info["transparency"] *= 255 // (2**depth - 1)
    if depth == 16:
        raster = vips_raster(data, "pngload_buffer", name)
    else:
        raster = pillow_raster(opened, name)
        # rows that are missing come out as zeros, so only a picture that ends in zeros has to be counted
        if not raster.levels[-2:].any() and not png.has_all_rows(data):
            raise PictureError(name, MISSING_ROWS)
    extras = _extras(opened, "PNG")
    colours = png.stated_colours(data, has_profile=bool(extras.icc))
    extras = replace(
        extras,
        icc=extras.icc if colours is None else icc.stated_profile(colours, gray=raster.model == "gray"),
        exif=extras.exif or png.find(data, b"eXIf"),
        xmp=extras.xmp or png.find(data, b"iTXt", png.XMP_HEAD),
    )
    return replace(raster, orientation=exif_fields.orientation(extras.exif)), extras


def _decode_tiff(data: bytes, name: str) -> tuple[Raster, _Extras]:
    if data[4:11] == CR2_HEAD:
        raise PictureError(name, RAW)
    header = tiff.read_header(data)
    if header.raw:
        raise PictureError(name, RAW)
    _check_size(header.width, header.height, name)
    if header.photometric not in tiff.PHOTOMETRICS:
        raise PictureError(
            name, f"has TIFF colours of kind {header.photometric}, which are not supported; save it as RGB"
        )
    if not header.complete:
        raise PictureError(name, "is incomplete: its TIFF header lists fewer strips or tiles than its size needs")
    raster = vips_raster(data, "tiffload_buffer", name)
    levels = raster.levels
    if header.first_extra == 0:  # unspecified data, not alpha
        levels = levels[..., : COLOURS[raster.model]]
    if header.photometric == tiff.PALETTE:
        if header.icc and levels.shape[2] < 3:  # a palette is one of RGB, and so is its profile
            levels = np.concatenate([levels[..., :1].repeat(3, axis=2), levels[..., 1:]], axis=2)
        elif not header.icc and levels.shape[2] >= 3 and is_gray(levels):
            levels = levels[..., 2:]
    model: icc.Model = "gray" if levels.shape[2] < 3 else "cmyk" if raster.model == "cmyk" else "rgb"
    extras = _Extras(header.icc, tiff.exif_of(data), header.xmp, _sane_dpi(header.dpi), "TIFF", header.iptc)
    return Raster(levels, model, header.orientation), extras


def _open(data: bytes, kind: str, name: str) -> Any:
    module, opener = OPENERS[kind]
    plugin = importlib.import_module(f"PIL.{module}")  # only the plugin that is needed: Pillow has forty
    if not getattr(plugin, "SUPPORTED", True):
        raise PictureError(name, f"is {kind}, which this build of Pillow cannot read")
    image = getattr(plugin, opener)(io.BytesIO(data))
    _check_size(image.width, image.height, name)
    return image


def _count_frames(opened: Any) -> int:
    """How many frames Pillow's image has; of a GIF they are gone through, without being decoded."""
    try:
        return int(getattr(opened, "n_frames", 1))
    except Exception:  # damage behind the first frame, in any of the decoders' ways, must not cost the first
        return 1


def _check_size(width: int, height: int, name: str) -> None:
    if not width or not height:
        raise PictureError(name, "has zero pixels, as its header says")
    if width * height > PIXEL_LIMIT:
        limit = PIXEL_LIMIT // 1_000_000
        raise PictureError(name, f"claims {width} x {height} pixels, more than the limit of {limit} megapixels")


def _extras(image: Image.Image, kind: str) -> _Extras:
    info = image.info
    xmp = info.get("xmp")
    exif = info.get("exif") or png.raw_profile(info.get("Raw profile type exif"))
    return _Extras(
        icc=info.get("icc_profile") or None,
        exif=exif if isinstance(exif, bytes) and exif else None,
        xmp=xmp.encode() if isinstance(xmp, str) else xmp or None,
        dpi=_sane_dpi(info.get("dpi")),
        format=kind,
        iptc=iptc.of_blocks(info.get("photoshop")),
    )


def _sane_dpi(dpi: Any) -> tuple[float, float] | None:
    if not isinstance(dpi, tuple) or len(dpi) != 2:
        return None
    across, down = float(dpi[0]), float(dpi[1])
    return (across, down) if all(0.01 < value < 1e6 for value in (across, down)) else None


def _converts(raster: Raster, extras: _Extras) -> bool:
    """Whether its profile changes the colours on their way to sRGB."""
    return bool(extras.icc) and icc.effect(extras.icc or b"", raster.model) == "converts"


def _developed(raster: Raster, extras: _Extras) -> Picture:
    """Upright sRGB float planes from decoded pixels."""
    levels = _upright(raster.levels, raster.orientation)
    colours = COLOURS[raster.model]
    alpha = to_floats(levels[..., colours]) if levels.shape[2] > colours else None
    colour, profile = _srgb(levels[..., :colours], extras.icc, raster.model)
    height, width = colour.shape[:2]
    dpi = extras.dpi
    return Picture(
        colour=to_floats(colour),
        alpha=alpha,
        bits=8 * levels.dtype.itemsize,
        icc=profile,
        exif=exif_fields.fitted_exif(extras.exif, height, width, to_srgb=_converts(raster, extras)),
        xmp=exif_fields.fitted_xmp(extras.xmp, height, width),
        dpi=(dpi[1], dpi[0]) if dpi and raster.orientation >= 5 else dpi,
        source_format=extras.format,
        iptc=extras.iptc,
    )


def _srgb(levels: Levels, profile: bytes | None, model: icc.Model) -> tuple[Levels, bytes | None]:
    """Colour as sRGB levels, and the profile that says so if the source had a usable one."""
    effect = icc.effect(profile, model) if profile else "broken"
    if profile and effect == "converts":
        levels = icc.to_srgb(levels, profile, model)
    elif model == "cmyk":
        levels = icc.naive_rgb(levels)
    tag = None if effect == "broken" else icc.srgb_profile(gray=model == "gray")
    return levels, tag


def _upright(levels: Levels, orientation: int) -> Levels:
    """Pixels turned so that EXIF orientation 1 is true."""
    if orientation >= 5:  # 5 is the transpose; 6, 7, 8 are it mirrored
        levels = levels.transpose(1, 0, 2)
    rows, columns = MIRRORED[orientation]
    return levels[:: -1 if rows else 1, :: -1 if columns else 1]


def _says_zero(data: bytes, kind: str) -> bool:
    fields, offset = SIZE_FIELDS.get(kind, ("", 0))
    return (
        bool(fields) and len(data) >= offset + struct.calcsize(fields) and 0 in struct.unpack_from(fields, data, offset)
    )


def _unknown(data: bytes) -> str:
    if not data:
        return "is empty (0 bytes)"
    if data[4:8] == b"ftyp" and data[8:12] in (b"heic", b"heix", b"mif1"):
        return "is a HEIC picture, which is not supported; convert it to JPEG or PNG first"
    if data.startswith(RAW_SIGNATURES) or data[4:12] == b"ftypcrx ":
        return RAW
    return f"is not a picture in a format that is read here ({', '.join(OPENERS)})"


SIGNATURES = {
    png.SIGNATURE: "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"BM": "BMP",
    b"GIF8": "GIF",
}
OPENERS = {  # Pillow plugin, class
    "PNG": ("PngImagePlugin", "PngImageFile"),
    "JPEG": ("JpegImagePlugin", "JpegImageFile"),
    "WEBP": ("WebPImagePlugin", "WebPImageFile"),
    "TIFF": ("TiffImagePlugin", "TiffImageFile"),
    "BMP": ("BmpImagePlugin", "BmpImageFile"),
    "AVIF": ("AvifImagePlugin", "AvifImageFile"),
    "GIF": ("GifImagePlugin", "GifImageFile"),
}
SIZE_FIELDS = {"PNG": (">II", 16), "BMP": ("<ii", 18), "GIF": ("<HH", 6)}
RAW = "is a camera's raw file, which is not supported; develop it to TIFF, PNG or JPEG first"
RAW_SIGNATURES = (b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FOVb")  # RAF, three of ORF, RW2, X3F
CR2_HEAD = b"\x10\0\0\0CR\x02"  # where a TIFF says where its first directory is, and what stands before that
MISSING_ROWS = "is incomplete: it holds fewer rows of pixels than its PNG header promises"
# EXIF orientation -> rows mirrored, columns mirrored (after the transpose from 5 on)
MIRRORED = {1: (0, 0), 2: (0, 1), 3: (1, 1), 4: (1, 0), 5: (0, 0), 6: (0, 1), 7: (1, 1), 8: (1, 0)}
