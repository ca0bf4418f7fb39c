"""TIFF's own matters: what its directory says beside the pixels, and a writer for 8 and 16 bits with metadata.

Pillow cannot write 16-bit colour, libvips writes no EXIF directories. So the directory goes through Pillow's reader
and writer of directories, and the pixels are deflated here.
Source: TIFF 6.0 sections 2, 8, 14 (predictor), 18 (alpha); Adobe's supplements (deflate, compression 8).
"""

import io
import sys
import zlib
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from PIL import Image
from PIL import TiffImagePlugin as Tags

from wassr.pixels import exif as exif_fields
from wassr.pixels.picture import Picture, strips

LEVEL = 2  # of deflate: 45 ms per megapixel of 8-bit colour; level 6 takes 182 for 5 % less
XMP, IPTC = 700, 33723
PALETTE = 3
SUBFILE_TYPE, REDUCED, MASK = 254, 1, 4  # of another picture in the file
SUB_DIRECTORIES, DNG_VERSION = 330, 50706
PHOTOMETRICS = (0, 1, 2, PALETTE, 5, 6)  # gray (white or black is zero), RGB, palette, CMYK, YCbCr


@dataclass(frozen=True)
class Header:
    """What the first directory says beside the pixels. first_extra: the meaning of the first sample beyond colour
    (0 unspecified, 1 alpha multiplied into the colour, 2 alpha), None if not said. complete: the strips or tiles listed
    are as many as the size needs. raw: it begins a camera's raw file. dpi may be nonsense."""

    height: int
    width: int
    orientation: int
    photometric: int
    first_extra: int | None
    complete: bool
    raw: bool
    icc: bytes | None
    xmp: bytes | None
    iptc: bytes | None
    dpi: tuple[float, float] | None


def read_header(data: bytes) -> Header:
    """The first directory of a TIFF or (little-endian) BigTIFF. Damaged bytes raise what Pillow's reader raises."""
    tags, stream = _directories(data)
    stream.seek(tags.next)
    tags.load(stream)
    orientation = tags.get(exif_fields.ORIENTATION, 1)
    icc, xmp = tags.get(Tags.ICCPROFILE), tags.get(XMP)
    return Header(
        height=int(tags.get(Tags.IMAGELENGTH, 0)),
        width=int(tags.get(Tags.IMAGEWIDTH, 0)),
        orientation=orientation if orientation in range(1, 9) else 1,
        photometric=tags.get(Tags.PHOTOMETRIC_INTERPRETATION, 1),
        first_extra=next(iter(tags.get(Tags.EXTRASAMPLES, ())), None),
        complete=_complete(tags),
        raw=_raw(tags),
        icc=_bytes(icc),
        xmp=_bytes(xmp),
        iptc=tags._tagdata.get(IPTC),  # as it stands in the file: Photoshop types it LONG
        dpi=_dpi(tags),
    )


def _bytes(value: Any) -> bytes | None:
    """A field of bytes, typed BYTE or UNDEFINED."""
    whole = value[0] if isinstance(value, tuple) and len(value) == 1 else value
    return whole if isinstance(whole, bytes) else None


def _raw(tags: Any) -> bool:
    """Whether this begins a camera's raw file (DNG, NEF, ARW, ...): a preview, and the picture in a sub-directory.

    Source: DNG specification 1.6, "DNGVersion", "NewSubFileType".
    """
    return DNG_VERSION in tags or bool(_subfile_type(tags) & REDUCED and SUB_DIRECTORIES in tags)


def _subfile_type(tags: Any) -> int:
    kind = tags.get(SUBFILE_TYPE, 0)
    return kind if isinstance(kind, int) else 0


def count_frames(data: bytes) -> int:
    """How many pictures the chain of directories holds; smaller copies and masks of another one are not counted.

    Counted to where a damaged chain breaks or turns in a circle; at least 1, since the first is there.
    """
    tags, stream = _directories(data)
    frames, seen = 0, set[int]()
    while (place := tags.next) and place not in seen:
        seen.add(place)
        stream.seek(place)
        tags.load(stream)
        if tags.next == place:  # it could not be read
            break
        frames += not _subfile_type(tags) & (REDUCED | MASK)
    return max(frames, 1)


def _directories(data: bytes) -> tuple[Any, BinaryIO]:
    """Pillow's reader before the first directory, which `next` names, and the stream to load it from."""
    return Tags.ImageFileDirectory_v2(data[: 16 if data[2:3] == b"+" else 8]), io.BytesIO(data)


def _complete(tags: Any) -> bool:
    """Whether as many strips or tiles are listed as the size needs (libvips takes minutes over a size that lies)."""
    height, width = int(tags.get(Tags.IMAGELENGTH, 0)), int(tags.get(Tags.IMAGEWIDTH, 0))
    if Tags.TILEOFFSETS in tags:
        across, down = int(tags.get(Tags.TILEWIDTH, 0)), int(tags.get(Tags.TILELENGTH, 0))
    else:
        across, down = width, min(height, int(tags.get(Tags.ROWSPERSTRIP, height)))
    if not across or not down:
        return False
    needed = -(-width // across) * -(-height // down)
    if tags.get(Tags.PLANAR_CONFIGURATION, 1) == 2:
        needed *= int(tags.get(Tags.SAMPLESPERPIXEL, 1))
    listed = tags.get(Tags.TILEOFFSETS, tags.get(Tags.STRIPOFFSETS, ()))
    return len(listed) >= needed


def exif_of(data: bytes) -> bytes | None:
    """The descriptive part of a TIFF's tags as an EXIF blob; the rest describes the old file."""
    found, kept = Image.Exif(), Image.Exif()
    try:
        found.load(data)
        for tag, value in _descriptive(found).items():
            kept[tag] = value
        return kept.tobytes().removeprefix(exif_fields.PREFIX) if len(kept) else None
    except Exception:  # Pillow's serialiser stumbles over odd fields in many ways; the pixels are still good
        return None


def write(picture: Picture, out: BinaryIO) -> None:
    """A TIFF with the picture's depth: deflate with horizontal differencing, in strips, alpha not multiplied in."""
    packed, rows = [], 0
    for _, levels in strips(picture, picture.bits):
        rows = rows or len(levels)
        packed.append(_packed(levels))
    tags, lengths = _tags(picture, rows), [len(strip) for strip in packed]
    # counted from the end of the directory: save() adds its place
    tags[Tags.STRIPOFFSETS] = tuple(int(offset) for offset in np.cumsum([0, *lengths[:-1]]))
    tags[Tags.STRIPBYTECOUNTS] = tuple(lengths)
    try:
        header = _directory(tags | _exif_tags(picture.exif))
    except Exception:  # as in exif_of: odd EXIF fields must not cost the picture
        header = _directory(tags)
    out.write(header)
    out.writelines(packed)


def _directory(tags: dict[int, Any]) -> bytes:
    directory, header = Tags.ImageFileDirectory_v2(b"II*\0\x08\0\0\0"), io.BytesIO()
    for tag, value in tags.items():
        directory[tag] = value
    directory.save(header)
    return header.getvalue()


def _packed(levels: np.ndarray[Any, Any]) -> bytes:
    differences = levels.copy()
    differences[:, 1:] -= levels[:, :-1]  # wraps around, as the predictor wants
    if sys.byteorder == "big":
        differences.byteswap(inplace=True)
    return zlib.compress(differences.tobytes(), LEVEL)


def _tags(picture: Picture, rows: int) -> dict[int, Any]:
    samples = picture.colour.shape[2] + (picture.alpha is not None)
    tags: dict[int, Any] = {
        Tags.IMAGEWIDTH: picture.width,
        Tags.IMAGELENGTH: picture.height,
        Tags.BITSPERSAMPLE: (picture.bits,) * samples,
        Tags.COMPRESSION: 8,
        Tags.PHOTOMETRIC_INTERPRETATION: 1 if picture.gray else 2,
        Tags.SAMPLESPERPIXEL: samples,
        Tags.ROWSPERSTRIP: rows,
        Tags.PREDICTOR: 2,
    }
    if picture.alpha is not None:
        tags[Tags.EXTRASAMPLES] = 2
    if picture.dpi:
        tags |= {Tags.X_RESOLUTION: picture.dpi[0], Tags.Y_RESOLUTION: picture.dpi[1], Tags.RESOLUTION_UNIT: 2}
    if picture.icc:
        tags[Tags.ICCPROFILE] = picture.icc
    if picture.xmp:
        tags[XMP] = picture.xmp
    if picture.iptc:
        tags[IPTC] = picture.iptc
    return tags


def _exif_tags(exif: bytes | None) -> dict[int, Any]:
    found = Image.Exif()
    found.load(exif or b"")
    return _descriptive(found)


def _descriptive(exif: Image.Exif) -> dict[int, Any]:
    """The fields that describe the picture, and the EXIF and GPS directories as dicts."""
    tags = {tag: exif[tag] for tag in exif_fields.DESCRIPTIVE_TAGS if tag in exif}
    for directory in (exif_fields.EXIF_IFD, exif_fields.GPS_IFD):
        if directory in exif:
            tags[directory] = dict(exif.get_ifd(directory))
    return tags


def _dpi(tags: Any) -> tuple[float, float] | None:
    unit = {2: 1.0, 3: 2.54}.get(tags.get(Tags.RESOLUTION_UNIT, 2))
    across, down = tags.get(Tags.X_RESOLUTION), tags.get(Tags.Y_RESOLUTION)
    if not unit or across is None or down is None:
        return None
    return float(across) * unit, float(down) * unit
