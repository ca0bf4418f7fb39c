"""Colour profiles: whatever a file brings becomes sRGB at reading, and what is written says so.

The choice: networks are trained on sRGB, so pixels are converted to sRGB once, when read (relative colorimetric with
black point compensation, 16-bit result whatever the source's depth), and the output carries a small sRGB profile if
the source carried a usable one. Colours outside sRGB's gamut are clipped to it: that is the price. A profile that is
broken or does not fit the pixels is ignored: the pixels then count as sRGB, as in every browser. A profile that
changes no pixel visibly (the many copies of sRGB) changes none at all.

Profiles written here: version 4, built from ICC.1:2010 and IEC 61966-2-1; gray pictures get a gray profile with
sRGB's curve.
"""

import io
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import ImageCms

from wassr.pixels.libraries import vips
from wassr.pixels.picture import Levels

Model = Literal["gray", "rgb", "cmyk"]
Effect = Literal["broken", "none", "converts"]


def to_srgb(levels: Levels, profile: bytes, model: Model) -> NDArray[np.uint16]:
    """16-bit sRGB (H, W, 1 | 3) from levels (H, W, 1 gray | 3 RGB | 4 CMYK, 0 = no ink) under a profile that converts.

    Raises pyvips.Error for a profile that libvips refuses; `effect` tells before.
    """
    library = vips()
    height, width, bands = levels.shape
    kind = "uchar" if levels.dtype == np.uint8 else "ushort"
    deep = levels.dtype != np.uint8
    spaces = {"gray": "grey16" if deep else "b-w", "rgb": "rgb16" if deep else "srgb", "cmyk": "cmyk"}
    image = library.Image.new_from_memory(np.ascontiguousarray(levels).data, width, height, bands, kind)
    image = image.copy(interpretation=spaces[model])
    image.set_type(library.GValue.blob_type, "icc-profile-data", profile)
    image = image.icc_transform("srgb", embedded=True, intent="relative", black_point_compensation=True, depth=16)
    if model == "gray":
        image = image[1]  # the three bands of a gray are equal but for rounding
    out = np.ndarray((height, width, image.bands), dtype=np.uint16, buffer=image.write_to_memory())
    return out


@lru_cache(maxsize=32)
def effect(profile: bytes, model: Model) -> Effect:
    """What a profile does to pixels of this model, found on a grid of colours (cached: a batch shares few profiles)."""
    if not _usable(profile, model):
        return "broken"
    bands, steps = {"gray": (1, 256), "rgb": (3, 9), "cmyk": (4, 5)}[model]
    axes = np.meshgrid(*[np.linspace(0, 255, steps)] * bands, indexing="ij")
    grid = np.stack(axes, axis=-1).reshape(-1, 1, bands).astype(np.uint8)
    try:
        seen = to_srgb(grid, profile, model)
    except vips().Error:
        return "broken"
    if model == "cmyk":
        return "converts"
    difference = np.abs(seen / 65535 - grid / 255).max()
    return "none" if difference < 1.5 / 255 else "converts"


def naive_rgb(levels: Levels) -> Levels:
    """RGB levels (H, W, 3) of CMYK without a profile: (1 - ink)(1 - black), as browsers do."""
    white = 255 if levels.dtype == np.uint8 else 65535
    paper = white - levels.astype(np.uint32)
    mixed = (paper[..., :3] * paper[..., 3:] + white // 2) // white
    return mixed.astype(np.uint8) if white == 255 else mixed.astype(np.uint16)


@lru_cache(maxsize=2)
def srgb_profile(gray: bool) -> bytes:
    """A small ICC profile that says sRGB: for RGB, or for one gray channel with sRGB's curve."""
    return _by_curve("sRGB", gray, SRGB_CURVE, PRIMARIES, BRADFORD)


@dataclass(frozen=True)
class Stated:
    """Colours as a file states them without a profile. white, red, green, blue: CIE x, y. gamma: a level to this power
    is light; None is sRGB's curve."""

    white: tuple[float, float] = (0.3127, 0.329)
    red: tuple[float, float] = (0.64, 0.33)
    green: tuple[float, float] = (0.3, 0.6)
    blue: tuple[float, float] = (0.15, 0.06)
    gamma: float | None = None


@lru_cache(maxsize=32)
def stated_profile(colours: Stated, gray: bool) -> bytes | None:
    """An ICC profile that says so; where no lights have such colours, one of its gamma, or None without one."""
    try:
        return _stated(colours, gray)
    except (ValueError, struct.error):  # the latter: more than a profile can hold
        return None if colours.gamma is None else _stated(Stated(gamma=colours.gamma), gray)


def _stated(colours: Stated, gray: bool) -> bytes:
    """Raises ValueError or struct.error where no lights have such colours."""
    places = (colours.white, colours.red, colours.green, colours.blue)
    if not all(y > 0 for _, y in places):
        raise ValueError("a colour without light")
    white, *lights = (np.array([x / y, 1, (1 - x - y) / y]) for x, y in places)
    mixing = np.stack(lights, axis=1)
    if abs(np.linalg.det(mixing)) < 1e-6:
        raise ValueError("lights that mix to no colours")
    to_d50 = np.linalg.inv(CONES) @ np.diag((CONES @ D50) / (CONES @ white)) @ CONES
    adapted = to_d50 @ mixing @ np.diag(np.linalg.solve(mixing, white))
    curve = SRGB_CURVE if colours.gamma is None else _curve(0, colours.gamma)
    primaries = dict(zip(PRIMARIES, adapted.T.tolist(), strict=True))
    return _by_curve("as stated", gray, curve, primaries, to_d50.ravel().tolist())


def _by_curve(
    name: str, gray: bool, curve: bytes, primaries: Mapping[bytes, Sequence[float]], adaptation: Sequence[float]
) -> bytes:
    """A profile of one curve: for one gray channel, or for RGB with its primaries, relative to D50."""
    tags = {b"desc": _text(f"{name} gray" if gray else name), b"cprt": _text("CC0"), b"wtpt": _xyz(*D50)}
    if gray:
        tags[b"kTRC"] = curve
    else:
        tags |= {light: _xyz(*values) for light, values in primaries.items()}
        tags |= {b"rTRC": curve, b"gTRC": curve, b"bTRC": curve, b"chad": b"sf32\0\0\0\0" + _fixed(*adaptation)}
    return _profile(b"GRAY" if gray else b"RGB ", tags)


def _usable(profile: bytes, model: Model) -> bool:
    """Whether the profile is whole, for this model, and good for a transform (libvips would silently use another)."""
    space, mode = {"gray": (b"GRAY", "L"), "rgb": (b"RGB ", "RGB"), "cmyk": (b"CMYK", "CMYK")}[model]
    if len(profile) < 132 or profile[36:40] != b"acsp" or profile[16:20] != space:
        return False
    if struct.unpack(">I", profile[:4])[0] > len(profile):
        return False
    try:
        opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        ImageCms.buildTransform(opened, ImageCms.createProfile("sRGB"), mode, "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return False
    return True


def _profile(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    start = 128 + 4 + 12 * len(tags)
    table, body, places = b"", b"", dict[bytes, int]()
    for name, data in tags.items():
        if data not in places:  # equal data is stored once: the three curves
            places[data] = start + len(body)
            body += data + bytes(-len(data) % 4)
        table += name + struct.pack(">II", places[data], len(data))
    head = struct.pack(">I4xI", start + len(body), 0x04200000) + b"mntr" + space + b"XYZ "
    head += struct.pack(">6H", 2020, 1, 1, 0, 0, 0) + b"acsp"
    head = head.ljust(64, b"\0") + struct.pack(">I", 1) + _fixed(*D50)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def _fixed(*values: float) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))


def _xyz(*values: float) -> bytes:
    return b"XYZ \0\0\0\0" + _fixed(*values)


def _text(text: str) -> bytes:
    encoded = text.encode("utf-16-be")
    return b"mluc\0\0\0\0" + struct.pack(">II", 1, 12) + b"enUS" + struct.pack(">II", len(encoded), 28) + encoded


def _curve(kind: int, *values: float) -> bytes:
    """A parametric curve of ICC.1, 10.18."""
    return b"para\0\0\0\0" + struct.pack(">HH", kind, 0) + _fixed(*values)


SRGB_CURVE = _curve(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
D50 = (0.9642, 1.0, 0.8249)
# sRGB's primaries and the chromatic adaptation, both relative to D50 (Bradford)
PRIMARIES = {
    b"rXYZ": (0.436066, 0.222488, 0.013916),
    b"gXYZ": (0.385147, 0.716873, 0.097076),
    b"bXYZ": (0.143066, 0.060608, 0.714096),
}
BRADFORD = (1.047882, 0.022918, -0.050217, 0.029587, 0.990479, -0.017059, -0.009247, 0.015076, 0.751678)
CONES = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])  # Bradford's
