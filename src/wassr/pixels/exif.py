"""EXIF and XMP made true for a picture that was turned upright and enlarged; everything else is kept byte for byte.

EXIF is a small TIFF file; its fields are patched in place, because writing it anew would move what maker notes point
to. Sources: CIPA DC-008 (Exif 2.32) section 4.6, TIFF 6.0 section 2; Adobe XMP part 2 (tiff: and exif: schemas).
"""

import re
import struct
from dataclasses import dataclass

PREFIX = b"Exif\0\0"

ORIENTATION, IMAGE_WIDTH, IMAGE_HEIGHT = 274, 256, 257
EXIF_IFD, PIXEL_WIDTH, PIXEL_HEIGHT = 34665, 40962, 40963
THUMBNAIL_OFFSET, THUMBNAIL_LENGTH = 513, 514
GPS_IFD = 34853
SHORT, LONG = 3, 4
# the fields of a TIFF's own directory that describe the picture, not the file: ImageDescription, Make, Model, Software,
# DateTime, Artist, HostComputer, Rating, XPTitle..XPSubject, Copyright
DESCRIPTIVE_TAGS = (270, 271, 272, 305, 306, 315, 316, 18246, 18249, 40091, 40092, 40093, 40094, 40095, 33432)


@dataclass(frozen=True)
class _Directory:
    """Where one image file directory stands in the blob: tag -> position of its 12 bytes, and of the next pointer."""

    entries: dict[int, int]
    next_pointer: int


class _Blob:
    """A TIFF structure that can be patched; raises ValueError or struct.error where it is not one."""

    def __init__(self, data: bytes) -> None:
        self.data = bytearray(data)
        order = {b"II": "<", b"MM": ">"}.get(data[:2])
        if order is None:
            raise ValueError("no TIFF structure")
        self.order = order
        magic, self.first = struct.unpack_from(order + "HI", data, 2)
        if magic != 42:
            raise ValueError("no TIFF structure")

    def directory(self, offset: int) -> _Directory:
        (count,) = struct.unpack_from(self.order + "H", self.data, offset)
        end = offset + 2 + 12 * count
        struct.unpack_from(self.order + "I", self.data, end)  # the whole directory is inside
        positions = range(offset + 2, end, 12)
        return _Directory({struct.unpack_from(self.order + "H", self.data, at)[0]: at for at in positions}, end)

    def number(self, directory: _Directory, tag: int) -> int | None:
        """The value of a field that holds one SHORT or LONG, else None."""
        at = directory.entries.get(tag)
        if at is None:
            return None
        kind, count = struct.unpack_from(self.order + "HI", self.data, at + 2)
        if count != 1 or kind not in (SHORT, LONG):
            return None
        return int(struct.unpack_from(self.order + ("H" if kind == SHORT else "I"), self.data, at + 8)[0])

    def set_number(self, directory: _Directory, tag: int, value: int) -> None:
        """Change a number that is there; a SHORT that gets too small for it becomes a LONG (both fit in place)."""
        if self.number(directory, tag) is None:
            return
        at = directory.entries[tag]
        (kind,) = struct.unpack_from(self.order + "H", self.data, at + 2)
        if kind == SHORT and value < 65536:
            struct.pack_into(self.order + "HH", self.data, at + 8, value, 0)
        else:
            struct.pack_into(self.order + "HII", self.data, at + 2, LONG, 1, value)

    def drop_thumbnail(self, directory: _Directory) -> None:
        """Unlink the second directory and wipe the embedded picture: it shows the old one."""
        (offset,) = struct.unpack_from(self.order + "I", self.data, directory.next_pointer)
        struct.pack_into(self.order + "I", self.data, directory.next_pointer, 0)
        if not 0 < offset < len(self.data):
            return
        second = self.directory(offset)
        start, length = self.number(second, THUMBNAIL_OFFSET), self.number(second, THUMBNAIL_LENGTH)
        if not start or not length or start < 8 or start + length > len(self.data):
            return
        if self._shared(directory, start, length):
            return  # a damaged pointer into living fields: unlinked is enough
        if start + length == len(self.data):
            del self.data[start:]
        else:
            self.data[start : start + length] = bytes(length)

    def _shared(self, directory: _Directory, start: int, length: int) -> bool:
        """Whether the span runs into the first directory or the EXIF directory."""
        places = [self.first, directory.next_pointer, self.number(directory, EXIF_IFD) or 0]
        return any(start <= place < start + length for place in places)


def orientation(exif: bytes | None) -> int:
    """The orientation 1..8 stated by EXIF; 1 where it is absent or makes no sense."""
    if not exif:
        return 1
    try:
        blob = _Blob(exif.removeprefix(PREFIX))
        value = blob.number(blob.directory(blob.first), ORIENTATION)
    except (ValueError, struct.error):
        return 1
    return value if value is not None and 1 <= value <= 8 else 1


def fitted_exif(exif: bytes | None, height: int, width: int) -> bytes | None:
    """EXIF for an upright picture of this size: orientation 1, sizes corrected where stated, thumbnail dropped.

    Without the "Exif" prefix; None for what cannot be parsed, because it could not be made true.
    """
    if not exif:
        return None
    try:
        blob = _Blob(exif.removeprefix(PREFIX))
        main = blob.directory(blob.first)
        blob.set_number(main, ORIENTATION, 1)
        blob.set_number(main, IMAGE_WIDTH, width)
        blob.set_number(main, IMAGE_HEIGHT, height)
        details_at = blob.number(main, EXIF_IFD)
        if details_at:
            details = blob.directory(details_at)
            blob.set_number(details, PIXEL_WIDTH, width)
            blob.set_number(details, PIXEL_HEIGHT, height)
        blob.drop_thumbnail(main)
    except (ValueError, struct.error):
        return None
    return bytes(blob.data)


def without_orientation(exif: bytes) -> bytes:
    """EXIF with the orientation field taken out (AVIF says it elsewhere, and its writer would write EXIF anew)."""
    blob = _Blob(exif)
    main = blob.directory(blob.first)
    at = main.entries.get(ORIENTATION)
    if at is None:
        return exif
    end = main.next_pointer + 4
    blob.data[at : end - 12] = blob.data[at + 12 : end]
    struct.pack_into(blob.order + "H", blob.data, blob.first, len(main.entries) - 1)
    return bytes(blob.data)


def fitted_xmp(xmp: bytes | None, height: int, width: int) -> bytes | None:
    """XMP with orientation 1, the new size where one is stated, and without embedded thumbnails."""
    if not xmp:
        return None
    sizes = {b"tiff:Orientation": 1, b"tiff:ImageWidth": width, b"tiff:ImageLength": height}
    sizes |= {b"exif:PixelXDimension": width, b"exif:PixelYDimension": height}
    for name, value in sizes.items():
        number = str(value).encode()
        xmp = re.sub(rb"(\b%s\s*=\s*[\"'])\d+(?=[\"'])" % name, rb"\g<1>" + number, xmp)
        xmp = re.sub(rb"(<%s>)\s*\d+\s*(?=</%s>)" % (name, name), rb"\g<1>" + number, xmp)
    return re.sub(rb"<(xmp|xap):Thumbnails\b.*?</\1:Thumbnails>", b"", xmp, flags=re.DOTALL)
