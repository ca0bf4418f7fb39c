"""EXIF and XMP made true for a picture that was turned upright and enlarged; everything else is kept byte for byte.

EXIF is a small TIFF file; its fields are patched in place, because writing it anew would move what maker notes point
to. Sources: CIPA DC-008 (Exif 2.32) section 4.6, TIFF 6.0 section 2; Adobe XMP part 2 (tiff: and exif: schemas).
"""

import re
import struct
from contextlib import suppress
from dataclasses import dataclass

PREFIX = b"Exif\0\0"

ORIENTATION, IMAGE_WIDTH, IMAGE_HEIGHT = 274, 256, 257
EXIF_IFD, PIXEL_WIDTH, PIXEL_HEIGHT = 34665, 40962, 40963
COLOUR_SPACE, SRGB = 40961, 1
INTEROPERABILITY, INDEX = 40965, 1  # a directory, and the field in it that names the colours
ADOBE_RGB_INDEX, SRGB_INDEX = b"R03\0", b"R98\0"
THUMBNAIL_OFFSET, THUMBNAIL_LENGTH = 513, 514
GPS_IFD = 34853
SHORT, LONG = 3, 4
# the fields of a TIFF's own directory that describe the picture, not the file: ImageDescription, Make, Model, Software,
# DateTime, Artist, HostComputer, Rating, XPTitle..XPSubject, Copyright
DESCRIPTIVE_TAGS = (270, 271, 272, 305, 306, 315, 316, 18246, 18249, 40091, 40092, 40093, 40094, 40095, 33432)


# names in XMP of what does not come along: the gain map of Ultra HDR, the film of a motion photo
ABSENT = rb"hdrgm:\w+|GCamera:(?:MotionPhoto|MicroVideo)\w*"
MOST_ENDLESS = 20  # elements without an end that are looked for


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
        if end > len(self.data):
            raise ValueError("a directory that is cut")
        self.data.extend(bytes(max(0, end + 4 - len(self.data))))  # some writers leave the last next pointer away
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

    def set_srgb(self, details: _Directory) -> None:
        """Say sRGB where a colour space is stated: in the EXIF directory `details`, and in that of interoperability."""
        self.set_number(details, COLOUR_SPACE, SRGB)
        offset = self.number(details, INTEROPERABILITY)
        at = self.directory(offset).entries.get(INDEX) if offset else None
        if at is not None and self.data[at + 8 : at + 12] == ADOBE_RGB_INDEX:
            self.data[at + 8 : at + 12] = SRGB_INDEX

    def drop_thumbnail(self, directory: _Directory) -> None:
        """Unlink the second directory and wipe the embedded picture: it shows the old one."""
        (offset,) = struct.unpack_from(self.order + "I", self.data, directory.next_pointer)
        struct.pack_into(self.order + "I", self.data, directory.next_pointer, 0)
        if not 0 < offset < len(self.data):
            return
        try:
            second = self.directory(offset)
        except (ValueError, struct.error):  # unlinked is enough
            return
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


def fitted_exif(exif: bytes | None, height: int, width: int, to_srgb: bool = False) -> bytes | None:
    """EXIF for an upright picture of this size: orientation 1, sizes corrected where stated, thumbnail dropped.

    Without the "Exif" prefix; None for what cannot be parsed, because it could not be made true. to_srgb: the pixels
    were converted from another colour space, so that what states one is set to sRGB.
    """
    if not exif:
        return None
    try:
        blob = _Blob(exif.removeprefix(PREFIX))
        main = blob.directory(blob.first)
        blob.set_number(main, ORIENTATION, 1)
        blob.set_number(main, IMAGE_WIDTH, width)
        blob.set_number(main, IMAGE_HEIGHT, height)
        blob.drop_thumbnail(main)
    except (ValueError, struct.error):
        return None
    with suppress(ValueError, struct.error):  # a pointer that leads nowhere states nothing that could be false
        if details_at := blob.number(main, EXIF_IFD):
            details = blob.directory(details_at)
            blob.set_number(details, PIXEL_WIDTH, width)
            blob.set_number(details, PIXEL_HEIGHT, height)
            if to_srgb:
                blob.set_srgb(details)
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
    """XMP with orientation 1, the new size where one is stated, without embedded thumbnails and without what speaks of
    pictures that do not come along: the gain map of Ultra HDR, the film of a motion photo."""
    if not xmp:
        return None
    sizes = {b"tiff:Orientation": 1, b"tiff:ImageWidth": width, b"tiff:ImageLength": height}
    sizes |= {b"exif:PixelXDimension": width, b"exif:PixelYDimension": height}
    for name, value in sizes.items():
        number = str(value).encode()
        xmp = re.sub(rb"(\b%s\s*=\s*[\"'])\d+(?=[\"'])" % name, rb"\g<1>" + number, xmp)
        xmp = re.sub(rb"(<%s>)\s*\d+\s*(?=</%s>)" % (name, name), rb"\g<1>" + number, xmp)
    xmp = re.sub(rb"\s(?:%s)\s*=\s*(?:\"[^\"]*\"|'[^']*')" % ABSENT, b"", xmp)
    return _without_elements(xmp, rb"<((?:xmp|xap):Thumbnails|G?Container:Directory|%s)\b[^<>]*>" % ABSENT)


def _without_elements(xmp: bytes, opening: bytes) -> bytes:
    """Without the elements whose opening tag is so, its name the group 1; an element without its end stays."""
    kept, done, endless = [], 0, set[bytes]()
    for found in re.finditer(opening, xmp):
        name, end = found[1], found.end()
        if found.start() < done or name in endless or len(endless) > MOST_ENDLESS:  # inside one that goes; no end
            continue
        if not found[0].endswith(b"/>"):
            closing = b"</%s>" % name
            at = xmp.find(closing, end)
            if at < 0:
                endless.add(name)
                continue
            end = at + len(closing)
        kept.append(xmp[done : found.start()])
        done = end
    return b"".join([*kept, xmp[done:]])
