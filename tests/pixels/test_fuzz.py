"""Damaged files of every format: a picture or a PictureError, nothing else, nothing on stderr, no hang."""

import random
import struct
import time
import zlib
from contextlib import suppress

import numpy as np
import pytest
from PIL import Image, features

from tests.pixels.samples import deep, exif_blob, pil, png_file, saved, tiff_file, wide_profile
from wassr.ground.errors import PictureError
from wassr.pixels import reading
from wassr.pixels.formats import encode_picture, read_picture
from wassr.pixels.picture import Picture
from wassr.pixels.png import SIGNATURE, chunk, chunks

EXIF = b"Exif\0\0" + exif_blob(6, thumbnail=b"\xff\xd8thumbnail\xff\xd9")


def good_files() -> dict[str, bytes]:
    frames = [Image.new("RGB", (20, 10), colour) for colour in ("red", "lime")]
    files = {
        "PNG": saved(pil(3), "PNG", exif=EXIF, icc_profile=wide_profile(), dpi=(300, 300)),
        "PNG palette": saved(pil(3).convert("P"), "PNG", transparency=3),
        "PNG 16": png_file(deep(4, 12, 16), 16, 6, chunk(b"eXIf", EXIF[6:])),
        "APNG": saved(frames[0], "PNG", save_all=True, append_images=frames[1:]),
        "JPEG": saved(pil(3), "JPEG", exif=EXIF, icc_profile=wide_profile(), xmp=b"<xmp/>"),
        "JPEG progressive": saved(pil(3), "JPEG", progressive=True),
        "JPEG CMYK": saved(pil(3).convert("CMYK"), "JPEG"),
        "JPEG gray": saved(pil(1), "JPEG"),
        "WebP": saved(pil(4), "WEBP", exif=EXIF[6:]),
        "WebP lossless": saved(pil(3), "WEBP", lossless=True, icc_profile=wide_profile()),
        "TIFF": saved(pil(3), "TIFF", exif=EXIF),
        "TIFF LZW": saved(pil(4), "TIFF", compression="tiff_lzw"),
        "TIFF JPEG": saved(pil(3), "TIFF", compression="jpeg"),
        "TIFF 16": tiff_file(deep(3, 12, 16), photometric="rgb", compression="zlib", iccprofile=wide_profile()),
        "TIFF 16 tiled": tiff_file(deep(3), photometric="rgb", tile=(16, 16)),
        "BMP": saved(pil(3), "BMP"),
        "BMP palette": saved(pil(3).convert("P"), "BMP"),
        "GIF": saved(frames[0], "GIF", save_all=True, append_images=frames[1:]),
    }
    if features.check("avif"):
        files["AVIF"] = saved(pil(3), "AVIF", exif=EXIF, speed=10)
    return files


def damaged(data: bytes, rng: random.Random) -> bytes:
    """One file spoiled: cut, bits flipped, a piece of it moved, doubled or zeroed, numbers in the header exchanged."""
    broken = bytearray(data)
    kind = rng.randrange(6)
    if kind == 0:
        return data[: rng.randrange(len(data))]
    if kind == 1:
        for _ in range(rng.choice((1, 3, 20))):
            broken[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    elif kind == 2:  # lies in the header, where sizes, counts and offsets stand
        for _ in range(rng.choice((1, 2))):
            at = rng.randrange(8, min(len(data) - 4, 120))
            lie = rng.choice((0, 1, 255, 65535, 70_000, 2**31 - 1, 2**31, 2**32 - 1, rng.getrandbits(32)))
            struct.pack_into(rng.choice("<>") + "I", broken, at, lie)
    elif kind == 3:
        start, length = rng.randrange(len(data)), rng.randrange(1, 64)
        broken[start : start + length] = bytes(length)
    elif kind == 4:
        start, end = sorted(rng.randrange(len(data)) for _ in range(2))
        broken[end:end] = data[start:end]
    else:
        start, length = rng.randrange(len(data)), rng.randrange(1, 64)
        del broken[start : start + length]
    return resealed(bytes(broken)) if rng.random() < 0.5 else bytes(broken)


def resealed(data: bytes) -> bytes:
    """A PNG with its check sums made right again, so that the damage gets further than the first check."""
    if not data.startswith(SIGNATURE):
        return data
    return SIGNATURE + b"".join(chunk(name, content) for name, content in chunks(data))


@pytest.mark.parametrize("name", good_files())
def test_damaged_files_give_a_picture_or_one_error(name, capfd):
    data, rng = good_files()[name], random.Random(name)
    read_picture(data)
    refused = []
    for number in range(40):
        spoiled = damaged(data, rng)
        began = time.monotonic()
        try:
            check(read_picture(spoiled, name="spoiled"))
        except PictureError as error:
            refused.append(str(error))
        assert time.monotonic() - began < 5, f"{name}, file {number} takes too long"
    assert len(refused) > 5
    assert all(line.startswith("spoiled: ") and "\n" not in line for line in refused)
    assert capfd.readouterr() == ("", "")


def check(picture: Picture) -> None:
    """What is accepted is a sound picture that can be written, metadata and all."""
    assert picture.colour.size
    assert np.isfinite(picture.colour).all()
    assert picture.colour.min() >= 0
    assert picture.colour.max() <= 1
    if picture.colour.size < 100_000:
        for kind in ("png", "tiff", "jpg"):
            encode_picture(picture, kind)


def test_sealed_lies_in_png_headers(monkeypatch):
    """Every field of the header set to nonsense, with a right check sum."""
    monkeypatch.setattr(reading, "PIXEL_LIMIT", 10_000_000)  # what a lie may cost in time
    head = bytearray(struct.pack(">IIBBBBB", 32, 24, 8, 2, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(bytes(24 * 97))) + chunk(b"IEND", b"")
    for at in range(len(head)):
        for value in (0, 1, 2, 3, 4, 7, 16, 127, 255):
            lie = head.copy()
            lie[at] = value
            with suppress(PictureError):
                picture = read_picture(SIGNATURE + chunk(b"IHDR", bytes(lie)) + body)
                check(picture)
                assert picture.height * picture.width <= 24 * 32, f"rows of nothing: byte {at} set to {value}"
