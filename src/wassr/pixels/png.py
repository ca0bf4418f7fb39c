"""PNG's own matters that neither library does for us: depth, completeness, colours, metadata beside libvips' pixels.

Source: PNG specification, third edition (W3C 2025), sections 5, 8, 11.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import replace

from wassr.pixels.icc import Stated

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # colour type -> samples per pixel
# interlacing: first column, first row, column step, row step of each pass
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
# of cICP (ITU-T H.273): white, red, green, blue; and to which power a level is light (None: sRGB's curve)
D65 = (0.3127, 0.329)
PRIMARIES_OF_CODE = {
    1: (D65, (0.64, 0.33), (0.3, 0.6), (0.15, 0.06)),
    9: (D65, (0.708, 0.292), (0.17, 0.797), (0.131, 0.046)),  # BT.2020
    12: (D65, (0.68, 0.32), (0.265, 0.69), (0.15, 0.06)),  # Display P3
}
FULL_RGB = b"\0\x01"  # no matrix, from 0 to white
GAMMA_OF_CODE = {4: 2.2, 5: 2.8, 8: 1.0, 13: None}
XMP_HEAD = b"XML:com.adobe.xmp\0\0\0\0\0"


def depth(data: bytes) -> int:
    """Bits per sample as the header says: 1, 2, 4, 8 or 16; 0 if the file is too short to say."""
    return data[24] if len(data) > 28 and data[12:16] == b"IHDR" else 0


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(type, content) of each whole chunk; check sums are not looked at, a torn end ends the walk."""
    view, at = memoryview(data), len(SIGNATURE)
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        if at + 12 + length > len(data):
            return
        yield bytes(view[at + 4 : at + 8]), bytes(view[at + 8 : at + 8 + length])
        at += 12 + length


def find(data: bytes, kind: bytes, head: bytes = b"") -> bytes | None:
    """The content of the first chunk of a type that begins with `head` (taken off)."""
    for name, content in chunks(data):
        if name == kind and content.startswith(head):
            return content[len(head) :]
    return None


def stated_colours(data: bytes, has_profile: bool = False) -> Stated | None:
    """What the chunks beside a profile say of the colours; None where they say nothing that counts, or sRGB.

    cICP goes before a profile (of cICP what is made for plain screens counts), a profile before sRGB, that before gAMA
    and cHRM. A gAMA near 1/2.2 is sRGB's curve: that is what writers of old meant by it. Senseless ones are ignored.
    """
    found = dict[bytes, bytes]()
    for name, content in chunks(data):
        if name == b"IDAT":
            break
        found[name] = content
    code = found.get(b"cICP", b"")
    if len(code) == 4 and code[0] in PRIMARIES_OF_CODE and code[1] in GAMMA_OF_CODE and code[2:] == FULL_RGB:
        return Stated(*PRIMARIES_OF_CODE[code[0]], gamma=GAMMA_OF_CODE[code[1]])
    if b"sRGB" in found or has_profile:
        return None
    colours = Stated()
    if len(places := found.get(b"cHRM", b"")) == 32:
        xy = [value / 100_000 for value in struct.unpack(">8I", places)]
        white, red, green, blue = zip(xy[::2], xy[1::2], strict=True)
        colours = Stated(white, red, green, blue) if max(xy) <= 1 else colours
    if len(power := found.get(b"gAMA", b"")) == 4:
        gamma = 100_000 / max(struct.unpack(">I", power)[0], 1)
        colours = replace(colours, gamma=gamma if 0.2 < gamma < 5 and abs(gamma - 2.2) > 0.1 else None)
    return _unless_srgb(colours)


def _unless_srgb(colours: Stated) -> Stated | None:
    plain, places = Stated(), ("white", "red", "green", "blue")
    far = max(abs(a - b) for name in places for a, b in zip(getattr(colours, name), getattr(plain, name), strict=True))
    return None if far < 0.003 and colours.gamma is None else colours


def raw_profile(text: object) -> bytes | None:
    """The bytes of a "Raw profile type ..." text, in which ImageMagick keeps EXIF: name, length, hexadecimal digits."""
    words = text.split() if isinstance(text, str) else []
    try:
        return bytes.fromhex("".join(words[2:])) or None
    except ValueError:
        return None


def promised(data: bytes) -> int:
    """Bytes of filtered rows that the header promises."""
    width, height, bits, colour, _, _, interlaced = struct.unpack_from(">IIBBBBB", data, 16)
    per_pixel = bits * CHANNELS.get(colour, 1)
    sizes = [(width, height)]
    if interlaced:
        sizes = [((width - x + dx - 1) // dx, (height - y + dy - 1) // dy) for x, y, dx, dy in ADAM7]
    return sum(rows * (1 + (columns * per_pixel + 7) // 8) for columns, rows in sizes if columns > 0 and rows > 0)


def can_hold_all_rows(data: bytes) -> bool:
    """Whether a file of this length could hold what its header promises: deflate reaches 1032 : 1 at most."""
    return promised(data) <= 1032 * len(data)


def has_all_rows(data: bytes) -> bool:
    """Whether the compressed data hold as many bytes as the header promises.

    Pillow fills what is missing with black, without a word, where the stream ends properly but early.
    """
    due, inflater, found = promised(data), zlib.decompressobj(), 0
    try:
        for name, content in chunks(data):
            rest = content if name == b"IDAT" else b""
            while rest and found < due:
                found += len(inflater.decompress(rest, 1 << 20))
                rest = inflater.unconsumed_tail
    except zlib.error:
        return False
    return found + len(inflater.flush()) >= due


def chunk(kind: bytes, content: bytes) -> bytes:
    """One chunk with its length and check sum."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def with_metadata(
    png: bytes, icc: bytes | None, exif: bytes | None, xmp: bytes | None, dpi: tuple[float, float] | None
) -> Iterator[bytes]:
    """The pieces of a PNG with these and no other metadata (header and pixels come from `png`)."""
    kept = list(chunks(png))
    yield SIGNATURE + chunk(*kept[0])
    if icc:
        yield chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(icc))
    if dpi:
        yield chunk(b"pHYs", struct.pack(">IIB", *(round(value / 0.0254) for value in dpi), 1))
    if exif:
        yield chunk(b"eXIf", exif)
    if xmp:
        yield chunk(b"iTXt", XMP_HEAD + xmp)
    for name, content in kept:
        if name == b"IDAT":
            yield chunk(name, content)
    yield chunk(b"IEND", b"")
