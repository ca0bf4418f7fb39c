"""Decoded pixels as a file has them, by Pillow or by libvips: neither upright nor sRGB yet."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from wassr.ground.errors import PictureError
from wassr.pixels import icc
from wassr.pixels.libraries import vips
from wassr.pixels.picture import Levels

STRIP = 1 << 18  # pixels that go from Pillow to NumPy at a time: they stay in the processor's cache


@dataclass(frozen=True)
class Raster:
    """Decoded pixels as the file has them: (H, W, colours [+ alpha]), not yet upright, not yet sRGB."""

    levels: Levels
    model: icc.Model
    orientation: int = 1


def pillow_raster(image: Image.Image, name: str) -> Raster:
    """The pixels of a Pillow image. Raises PictureError, naming `name`, for a mode that is not of 1, 8 or 16 bits."""
    image.load()
    mode = image.mode
    if mode.startswith("I;16"):
        return Raster(_sixteen(np.asarray(image).astype(np.uint16), image.info.get("transparency")), "gray")
    if mode == "CMYK":
        return Raster(np.asarray(image), "cmyk")
    clear = mode in WITH_ALPHA and image.has_transparency_data  # in `info`, or in the palette itself
    target = WITH_ALPHA[mode] if clear else MODES.get(mode)
    if target is None:
        raise PictureError(name, f"has pixels of the kind {mode!r}, which are not supported; save it with 8 or 16 bits")
    levels = _array(image if mode == target else image.convert(target))
    if mode in ("P", "PA") and is_gray(levels) and not image.info.get("icc_profile"):  # which is one of RGB
        levels = levels[..., 2:]
    return Raster(levels, "gray" if levels.shape[2] < 3 else "rgb")


def _sixteen(levels: NDArray[np.uint16], clear: object) -> NDArray[np.uint16]:
    """(H, W, 1) of 16-bit gray, or (H, W, 2) where one level is declared transparent."""
    if not isinstance(clear, int):
        return levels[..., None]
    return np.stack([levels, np.where(levels == clear, 0, 65535).astype(np.uint16)], axis=2)


def _array(image: Image.Image) -> Levels:
    """(H, W, C) of an 8-bit image, in strips: of the whole, Pillow makes a list of small pieces and then joins them."""
    out = np.empty((image.height, image.width, len(image.getbands())), dtype=np.uint8)
    rows = max(1, STRIP // image.width)
    for top in range(0, image.height, rows):
        strip = out[top : top + rows]
        part = image.crop((0, top, image.width, top + len(strip)))
        strip[...] = np.asarray(part).reshape(strip.shape)
    return out


def is_gray(levels: Levels) -> bool:
    """Whether the three channels (H, W, 3 or more) are equal."""
    return bool((levels[..., 0] == levels[..., 1]).all() and (levels[..., 1] == levels[..., 2]).all())


def vips_raster(data: bytes, loader: str, name: str) -> Raster:
    """The pixels that a loader of libvips gives of a file's bytes. Raises PictureError, naming `name`, or its Error."""
    image = getattr(vips().Image, loader)(data, access="sequential", fail_on="error")
    model = VIPS_MODELS.get(image.interpretation)
    if model is None or image.format not in VIPS_FORMATS:
        what = f"{image.interpretation}, {image.format}"
        raise PictureError(
            name, f"has pixels of the kind {what!r}, which are not supported; save it as 8- or 16-bit RGB"
        )
    kind, shape = VIPS_FORMATS[image.format], (image.height, image.width, image.bands)
    levels: Levels = np.ndarray(shape, dtype=kind, buffer=image.write_to_memory())
    return Raster(levels, model)


MODES = {"1": "L", "L": "L", "LA": "LA", "La": "LA", "RGB": "RGB", "RGBX": "RGB", "RGBA": "RGBA", "RGBa": "RGBA"}
MODES |= {"P": "RGB", "PA": "RGBA", "YCbCr": "RGB", "HSV": "RGB"}
WITH_ALPHA = {"1": "LA", "L": "LA", "RGB": "RGBA", "P": "RGBA"}  # where one colour is declared transparent
VIPS_FORMATS = {"uchar": np.uint8, "ushort": np.uint16}
VIPS_MODELS: dict[str, icc.Model] = {"grey16": "gray", "b-w": "gray", "rgb16": "rgb", "srgb": "rgb", "cmyk": "cmyk"}
COLOURS = {"gray": 1, "rgb": 3, "cmyk": 4}
