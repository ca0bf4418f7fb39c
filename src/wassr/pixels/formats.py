"""The doors of the pixels floor: read a picture, write a picture; everything bad becomes one PictureError.

    read_picture("photo.jpg") -> Picture          write_picture(picture, "large.png")
    read_rgb(Path("photo.jpg")) -> 8-bit RGB
    picture_from_array, picture_from_pil          to_array, to_pil

Which formats, and what happens to profiles, alpha and depth: see `reading`, `writing` and `icc`.
"""

import io
import operator
import os
import struct
from pathlib import Path
from typing import BinaryIO

from wassr.ground.errors import PictureError, UsageError
from wassr.ground.files import whole_file
from wassr.pixels.libraries import one_line
from wassr.pixels.picture import Picture, RgbLevels, picture_from_array, to_array
from wassr.pixels.reading import PIXEL_LIMIT, decode, decode_rgb, picture_from_pil
from wassr.pixels.writing import ENCODERS, check_size, encode, to_pil

__all__ = [
    "PIXEL_LIMIT",
    "READABLE",
    "WRITABLE",
    "check_holds",
    "encode_picture",
    "holds_alpha",
    "picture_from_array",
    "picture_from_pil",
    "read_picture",
    "read_rgb",
    "to_array",
    "to_pil",
    "write_picture",
    "written_suffix",
]


def read_picture(source: str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO, name: str = "") -> Picture:
    """Read a picture from a file, from bytes or from a binary stream.

    Raises PictureError for everything that keeps it from being a whole picture (missing, a folder, unreadable, empty,
    no picture, zero pixels, too many pixels, damaged, truncated, unsupported pixels), naming `name` or the path.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        return decode(bytes(source), name or "picture")
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        return decode(_content(path, name or str(path)), name or str(path))
    name = name or str(getattr(source, "name", "stream"))
    try:
        data = source.read()
    except (OSError, ValueError) as error:  # ValueError: it is closed, or of text
        raise PictureError(name, f"cannot be read ({getattr(error, 'strerror', None) or one_line(error)})") from error
    if isinstance(data, str):
        raise PictureError(name, "is a stream of text, not of bytes; open it with mode 'rb'")
    return decode(bytes(data), name)


def read_rgb(path: Path) -> RgbLevels:
    """The file's picture as 8-bit RGB: the levels that `to_array` gives of `read_picture`, made without floats.

    Raises PictureError as `read_picture` does.
    """
    return decode_rgb(_content(path, str(path)), str(path))


def write_picture(picture: Picture, target: Path | str, quality: int | None = None, strip: bool = False) -> None:
    """Write a picture to a file, whole or not at all; the format follows the suffix (WRITABLE).

    quality: 1..100 for JPEG (default 95, always 4:4:4), WebP (95; 100 is lossless) and AVIF (90); without effect on
    PNG, TIFF and BMP, which are lossless. strip: leave out EXIF, XMP, IPTC and dots per inch. Raises PictureError where
    the file cannot be written, UsageError for a quality out of range.
    """
    target = Path(target)
    kind = WRITABLE.get(target.suffix.lower())
    if kind is None:
        raise PictureError(target, f"has no suffix of a format that is written here ({', '.join(WRITABLE)})")
    quality = _checked(quality)
    try:
        with whole_file(target) as temporary, temporary.open("wb") as out:
            encode(picture, kind, quality, strip, out)
    except MemoryError:
        raise PictureError(target, "needs more memory to encode than there is") from None
    except OSError as error:
        raise PictureError(target, f"cannot be written ({error.strerror or one_line(error)})") from error
    except (ValueError, TypeError, OverflowError, struct.error) as error:  # of metadata that encoders cannot hold
        raise PictureError(target, f"cannot be written: {one_line(error)}") from error


def encode_picture(picture: Picture, format: str, quality: int | None = None, strip: bool = False) -> bytes:
    """The bytes of the file that `write_picture` would write; `format` is a name ("PNG") or a suffix (".png")."""
    kind = _kind(format)
    quality = _checked(quality)
    out = io.BytesIO()
    try:
        encode(picture, kind, quality, strip, out)
    except (OSError, ValueError, TypeError, OverflowError, struct.error, MemoryError) as error:
        raise PictureError(f"picture as {kind}", f"cannot be encoded: {one_line(error)}") from error
    return out.getvalue()


def check_holds(format: str, height: int, width: int) -> None:
    """Raises PictureError where a picture of this size is more than the format (as in `encode_picture`) can hold."""
    kind = _kind(format)
    try:
        check_size(kind, height, width)
    except ValueError as error:
        raise PictureError(f"picture as {kind}", f"cannot be encoded: {one_line(error)}") from error


def holds_alpha(format: str) -> bool:
    """Whether the format (as in `encode_picture`) keeps transparency; the others lay it on white."""
    return ENCODERS[_kind(format)].alpha


def written_suffix(suffix: str) -> str:
    """The suffix that a picture with this one is written with: its own, JPEG's for its other ones, else PNG's."""
    known = suffix.lower() in WRITABLE
    return suffix if known else ".jpg" if suffix.lower() in (".jpe", ".jfif", ".mpo") else ".png"


def _content(path: Path, name: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise PictureError(name, "no such file") from None
    except IsADirectoryError:
        raise PictureError(name, "is a folder, not a picture") from None
    except PermissionError:
        reason = "is a folder, not a picture" if path.is_dir() else "cannot be read: permission denied"
        raise PictureError(name, reason) from None
    except MemoryError:
        raise PictureError(name, "is larger than the memory there is") from None
    except (OSError, ValueError) as error:  # ValueError: a name with a zero byte
        raise PictureError(name, f"cannot be read ({one_line(error)})") from error


def _kind(format: str) -> str:
    """The encoder's name for a name or suffix. Raises UsageError where nothing is written so."""
    kind = WRITABLE.get(f".{format.lower().removeprefix('.')}")
    if kind is None:
        raise UsageError(f"pictures are not written as {format!r}; choose one of {', '.join(WRITABLE)}")
    return kind


def _checked(quality: int | None) -> int | None:
    """As Python's own integer, which encoders want. Raises UsageError."""
    if quality is None:
        return None
    try:
        number = operator.index(quality)
    except TypeError:
        number = 0
    if not 1 <= number <= 100:
        raise UsageError(f"quality must be a whole number from 1 to 100, not {quality!r}")
    return number


WRITABLE = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".bmp": "BMP",
    ".avif": "AVIF",
}
# suffixes that a folder is searched for; what a file really is, its first bytes tell
READABLE = frozenset({*WRITABLE, ".jpe", ".jfif", ".mpo", ".gif"})
