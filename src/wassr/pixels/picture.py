"""Picture: what is read once, enlarged without rounding in between, quantised once and written once."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import DTypeLike, NDArray

from wassr.ground.errors import PictureError
from wassr.pixels.jpeg import Jpeg

Floats = NDArray[np.float32]
Levels = NDArray[np.uint8] | NDArray[np.uint16]

STRIP_PIXELS = 1 << 19  # pixels quantised at a time: 6 MB of float32 RGB


@dataclass(frozen=True, eq=False)
class Picture:
    """Planes and everything that must survive enlarging.

    colour: float32 (H, W, 3) RGB or (H, W, 1) gray in [0, 1], sRGB-encoded, upright.
    alpha: float32 (H, W) in [0, 1], not multiplied into the colour, or None.
    bits: 8 or 16, the depth it was read with and is written with (where the format can).
    icc: the profile to embed: sRGB (or gray with sRGB's curve) if the source had a usable one, else None.
    exif: a TIFF structure without the "Exif\\0\\0" prefix, orientation 1, no thumbnail; None if there was none.
    xmp: the XMP packet. dpi: horizontal, vertical. source_format: "PNG", "JPEG", ...
    jpeg: facts of the JPEG file that these very pixels were decoded from; whoever changes pixels drops them.
    iptc: captions and credits as press agencies write them (an IPTC-IIM block); JPEG and TIFF hold them.
    frames: how many pictures the file that it comes from holds (frames of an animation, pages); this is the first.
    """

    colour: Floats
    alpha: Floats | None = None
    bits: int = 8
    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    dpi: tuple[float, float] | None = None
    source_format: str = ""
    jpeg: Jpeg | None = None
    frames: int = 1
    iptc: bytes | None = None

    def __post_init__(self) -> None:
        for name, plane in (("colour", self.colour), ("alpha", self.alpha)):
            kind = getattr(plane, "dtype", type(plane).__name__)
            if plane is not None and kind != np.float32:
                raise ValueError(f"{name} must be an array of float32 in [0, 1], not {kind}: see picture_from_array")
        if 0 in self.colour.shape:
            raise ValueError(f"colour has no pixels: {self.colour.shape}")
        if self.colour.ndim != 3 or self.colour.shape[2] not in (1, 3):
            raise ValueError(f"colour must be (H, W, 1) or (H, W, 3), not {self.colour.shape}")
        if self.alpha is not None and self.alpha.shape != self.colour.shape[:2]:
            raise ValueError(f"alpha {self.alpha.shape} does not fit colour {self.colour.shape}")
        if self.bits not in (8, 16):
            raise ValueError(f"bits must be 8 or 16, not {self.bits}")

    @property
    def height(self) -> int:
        return int(self.colour.shape[0])

    @property
    def width(self) -> int:
        return int(self.colour.shape[1])

    @property
    def gray(self) -> bool:
        return self.colour.shape[2] == 1


@dataclass(frozen=True)
class RgbLevels:
    """What networks learn from. levels: uint8 (H, W, 3), C-contiguous, upright sRGB; gray is repeated, alpha dropped.

    bits, gray: depth and colour of the file; source_format as in Picture.
    """

    levels: NDArray[np.uint8]
    bits: int
    gray: bool
    source_format: str


def quantise(values: Floats, bits: int) -> Levels:
    """Grey levels of `bits` (8 or 16) from floats in [0, 1]: clipped, half rounded up."""
    white = 255 if bits == 8 else 65535
    scaled = values * np.float32(white)
    scaled += np.float32(0.5)
    np.clip(scaled, 0, white, out=scaled)
    return scaled.astype(np.uint8) if bits == 8 else scaled.astype(np.uint16)


def strips(picture: Picture, bits: int, flatten: bool = False) -> Iterator[tuple[int, Levels]]:
    """The picture as quantised strips (top row, (rows, W, C)), so that no second full-size float copy ever exists.

    Alpha is the last channel; with `flatten` it is composited over white instead (in float, before the one rounding).
    """
    rows = max(1, STRIP_PIXELS // picture.width)
    for top in range(0, picture.height, rows):
        colour = picture.colour[top : top + rows]
        if picture.alpha is None:
            yield top, quantise(colour, bits)
            continue
        alpha = picture.alpha[top : top + rows, :, None]
        if flatten:
            yield top, quantise(colour * alpha + (1 - alpha), bits)
        else:
            yield top, np.concatenate([quantise(colour, bits), quantise(alpha, bits)], axis=2)


def to_array(picture: Picture, dtype: DTypeLike = np.uint8) -> NDArray[np.generic]:
    """The pixels as uint8, uint16 (rounded once) or a float type in [0, 1]: (H, W) gray, else (H, W, 2 | 3 | 4).

    Alpha, if there is one, is the last channel. Raises ValueError for any other dtype.
    """
    kind = np.dtype(dtype)
    channels = picture.colour.shape[2] + (picture.alpha is not None)
    out = np.empty((picture.height, picture.width, channels), dtype=kind)
    if kind in (np.dtype(np.uint8), np.dtype(np.uint16)):
        for top, levels in strips(picture, 8 * kind.itemsize):
            out[top : top + len(levels)] = levels
    elif kind.kind == "f":
        out[..., : picture.colour.shape[2]] = picture.colour
        if picture.alpha is not None:
            out[..., -1] = picture.alpha
    else:
        raise ValueError(f"a picture can become uint8, uint16 or floats, not {kind}")
    return out[..., 0] if channels == 1 else out


def picture_from_array(array: NDArray[np.generic], name: str = "array") -> Picture:
    """A picture from pixels (H, W) or (H, W, 1 | 2 | 3 | 4): gray, gray + alpha, RGB, RGBA.

    uint8 counts 0..255, uint16 0..65535, floats 0..1 (kept as 16-bit material). Raises PictureError, naming `name`,
    for other shapes and types, and for floats that are not finite or not within [0, 1] by a small margin.
    """
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim == 3 and array.shape[2] in (1, 2, 3, 4) and 0 in array.shape:
        raise PictureError(name, f"an array of shape {array.shape} has no pixels")
    if array.ndim != 3 or array.shape[2] not in (1, 2, 3, 4):
        raise PictureError(name, f"an array of shape {array.shape} is no picture; give (H, W) or (H, W, 1 to 4)")
    if array.dtype in (np.uint8, np.uint16):
        bits = 8 * array.dtype.itemsize
        values = to_floats(array)
    elif array.dtype.kind == "f":
        bits = 16
        values = _checked_floats(array, name)
    else:
        raise PictureError(
            name, f"pixels of type {array.dtype} are not supported; give uint8, uint16 or floats in 0..1"
        )
    colours = 1 if values.shape[2] < 3 else 3
    alpha = np.ascontiguousarray(values[..., -1]) if values.shape[2] in (2, 4) else None
    return Picture(np.ascontiguousarray(values[..., :colours]), alpha, bits, source_format="array")


def to_floats(levels: NDArray[np.generic]) -> Floats:
    """float32 in [0, 1], C-contiguous, from uint8 or uint16 levels; `quantise` gives the same levels back."""
    white = 255 if levels.dtype == np.uint8 else 65535
    out = np.empty(levels.shape, dtype=np.float32)
    np.divide(levels, np.float32(white), out=out, dtype=np.float32)
    return out


def eight_bits(levels: Levels) -> NDArray[np.uint8]:
    """What `quantise` makes of `to_floats` of uint8 or uint16 levels, without the floats: 8 bits stay as they are."""
    if levels.dtype == np.uint8:
        return levels.astype(np.uint8, copy=False)
    return np.take(_rounded(), levels)


@lru_cache(maxsize=1)
def _rounded() -> NDArray[np.uint8]:
    """The 8-bit level of each 16-bit one."""
    return quantise(to_floats(np.arange(65536, dtype=np.uint16)), 8).astype(np.uint8, copy=False)


def bleed_colour(colour: Floats, alpha: Floats) -> Floats:
    """Colour (H, W, C) with the pixels of alpha 0 filled from their visible neighbourhood; visible ones unchanged.

    What stands under full transparency is arbitrary (black as a rule), and any filter that enlarges colour and alpha
    side by side would mix it into the edge: a dark fringe. Pull-push: alpha-weighted means over blocks of 2, 4, 8 ...
    pixels, and each hidden pixel takes the smallest block that has anything visible. A picture with nothing visible
    comes back unchanged.
    """
    hidden = alpha <= 0
    if not hidden.any() or hidden.all():
        return colour
    filled = colour.copy()
    filled[hidden] = _pulled(colour * alpha[..., None], alpha)[hidden]
    return filled


def _pulled(weighted: Floats, weight: Floats) -> NDArray[np.floating]:
    """Weighted means, holes filled from the next coarser level (recursive; ends when a level has no hole)."""
    mean = weighted / np.maximum(weight, np.float32(1e-12))[..., None]
    holes = weight <= 0
    if not holes.any():
        return mean
    coarse = _pulled(_halved(weighted), _halved(weight[..., None])[..., 0])
    rows, columns = np.nonzero(holes)
    mean[rows, columns] = coarse[rows // 2, columns // 2]
    return mean


def _halved(planes: Floats) -> Floats:
    """Means over blocks of 2 x 2; odd sizes are padded with zeros (weight 0: nothing there)."""
    height, width = planes.shape[:2]
    padded = np.pad(planes, ((0, height % 2), (0, width % 2), (0, 0)))
    return (padded[::2, ::2] + padded[1::2, ::2] + padded[::2, 1::2] + padded[1::2, 1::2]) * np.float32(0.25)


def _checked_floats(array: NDArray[np.generic], name: str) -> Floats:
    values = array.astype(np.float32)
    low, high = float(values.min()), float(values.max())
    if not np.isfinite([low, high]).all():
        raise PictureError(name, "has pixels that are not finite numbers")
    if low < -0.01 or high > 1.01:
        raise PictureError(name, f"floats must lie in 0..1, these reach from {low:g} to {high:g}; give uint8 or divide")
    return np.clip(values, 0, 1)
