"""Small pictures and files for the tests of this floor, made here, so that every expected value is known."""

import io
import struct
import zlib
from typing import Any

import imagecodecs
import numpy as np
import pyvips
import tifffile
from numpy.typing import NDArray
from PIL import Image

from wassr.pixels.png import SIGNATURE, chunk

HEIGHT, WIDTH = 24, 32


def smooth(channels: int = 3, height: int = HEIGHT, width: int = WIDTH) -> NDArray[np.uint8]:
    """Soft waves (H, W, C), which lossy formats keep within a few levels."""
    y, x = np.mgrid[:height, :width]
    planes = [128 + 100 * np.sin(x / 9 + c) * np.cos(y / 7 + 2 * c) for c in range(channels)]
    return np.stack(planes, axis=-1).round().astype(np.uint8)


def deep(channels: int = 3, height: int = HEIGHT, width: int = WIDTH) -> NDArray[np.uint16]:
    """16-bit noise (H, W, C): nearly every sample a level of its own."""
    return np.random.default_rng(1).integers(0, 65536, (height, width, channels), dtype=np.uint16)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def pil(channels: int = 3) -> Image.Image:
    pixels = smooth(channels)
    return Image.fromarray(pixels[..., 0] if channels == 1 else pixels)


def png_file(pixels: NDArray[Any], bits: int, colour_type: int, *extra: bytes, **lies: int) -> bytes:
    """A PNG written by hand: rows of samples (H, W, C) or packed bytes; extra chunks; width or height may lie."""
    rows = pixels.astype(">u2" if bits == 16 else np.uint8).reshape(len(pixels), -1).view(np.uint8)
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    width, height = lies.get("width", pixels.shape[1]), lies.get("height", pixels.shape[0])
    head = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0)
    pieces = chunk(b"IHDR", head), *extra, chunk(b"IDAT", zlib.compress(raw)), chunk(b"IEND", b"")
    return SIGNATURE + b"".join(pieces)


def tiff_file(pixels: NDArray[Any], **options: Any) -> bytes:
    out = io.BytesIO()
    tifffile.imwrite(out, pixels, metadata=None, software=False, **options)
    return out.getvalue()


def exif_blob(orientation: int | None = 6, gps: bool = True, thumbnail: bytes = b"", order: str = "<") -> bytes:
    """An EXIF blob written by hand: make, orientation, sizes as SHORT and LONG, GPS latitude, maker note, preview."""
    main = [(271, 2, b"Maker\0"), (256, 4, WIDTH), (257, 3, HEIGHT)]
    if orientation is not None:
        main.append((274, 3, orientation))
    details = [(40962, 4, WIDTH), (40963, 3, HEIGHT), (36867, 2, b"2020:01:02 03:04:05\0"), (37500, 7, b"note" * 5)]
    place = [(1, 2, b"N\0"), (2, 5, struct.pack(order + "6I", 47, 1, 30, 1, 0, 1))] if gps else []
    return _directories(main, details, place, thumbnail, order)


def _directories(main: list[Any], details: list[Any], place: list[Any], thumbnail: bytes, order: str) -> bytes:
    pointers = [(34665, details)] + ([(34853, place)] if place else [])
    sizes = {2: 1, 7: 1, 5: 8}

    def entry(tag: int, kind: int, value: Any, heap: bytearray, base: int) -> bytes:
        if isinstance(value, int):
            packed = struct.pack(order + ("HH" if kind == 3 else "I"), *((value, 0) if kind == 3 else (value,)))
            return struct.pack(order + "HHI", tag, kind, 1) + packed
        count = len(value) // sizes[kind]
        if len(value) <= 4:
            return struct.pack(order + "HHI", tag, kind, count) + value.ljust(4, b"\0")
        at = base + len(heap)
        heap += value + bytes(len(value) % 2)
        return struct.pack(order + "HHII", tag, kind, count, at)

    def directory(fields: list[Any], at: int) -> tuple[bytes, bytearray]:
        heap, base = bytearray(), at + 2 + 12 * len(fields) + 4
        body = b"".join(entry(*field, heap, base) for field in sorted(fields, key=lambda field: field[0]))
        return struct.pack(order + "H", len(fields)) + body, heap

    def placed(fields: list[Any], at: int, following: int = 0) -> bytes:
        body, heap = directory(fields, at)
        return body + struct.pack(order + "I", following) + bytes(heap)

    start = 8
    skeleton = [*main, *((tag, 4, 0) for tag, _ in pointers)]
    at = start + len(placed(skeleton, start))
    parts, where = b"", {}
    for tag, fields in pointers:
        where[tag] = at + len(parts)
        parts += placed(fields, at + len(parts))
    second = at + len(parts) if thumbnail else 0
    full = [*main, *((tag, 4, offset) for tag, offset in where.items())]
    blob = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", start) + placed(full, start, second)
    if thumbnail:
        preview = [(513, 4, second + 2 + 24 + 4), (514, 4, len(thumbnail))]
        parts += placed(preview, second) + thumbnail
    return blob + parts


def wide_profile() -> bytes:
    """Display P3, from libvips."""
    return bytes(pyvips.Image.profile_load("p3"))


def read_png16(data: bytes) -> NDArray[np.uint16]:
    """16-bit PNG by an independent decoder."""
    return np.asarray(imagecodecs.png_decode(data))


def read_tiff(data: bytes) -> NDArray[Any]:
    """TIFF by an independent decoder."""
    return np.asarray(tifffile.imread(io.BytesIO(data)))
