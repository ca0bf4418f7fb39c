"""What a JPEG file says about itself: quantisation tables, quality, chroma subsampling, and its coefficients again.

Quality is that of libjpeg's scale: its tables are those of ITU-T T.81 annex K times S/100, S = 5000/q below 50 and
200 - 2q from there on. Blocks are 8x8; coefficients are those of the orthonormal DCT-II of samples minus 128, so a
table's entry is the distance between two neighbouring values of a coefficient, in grey levels.
"""

import io
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wassr.pixels.libraries import strict_pillow

Floats = NDArray[np.float32]
Table = tuple[int, ...]  # 64 steps, row by row: entry 8 v + u belongs to vertical frequency v, horizontal u

BLOCK = 8
NAMES = {(1, 1): "4:4:4", (2, 1): "4:2:2", (2, 2): "4:2:0", (1, 2): "4:4:0", (4, 1): "4:1:1"}


@dataclass(frozen=True)
class Jpeg:
    """A JPEG file's facts.

    tables: of luma, Cb and Cr, or of luma alone (gray). quality: 1..100, nearest in libjpeg's scale; standard:
    all tables are libjpeg's at this quality. subsampling: luma samples per chroma sample (across, down), (1, 1) for
    gray. height, width: of the picture as it is stored; orientation: EXIF's, which turns it upright. ycc: stored as
    YCbCr or gray, not as RGB or CMYK; converted: a colour profile changed the picture's colours after decoding.
    data: the file.
    """

    tables: tuple[Table, ...]
    quality: int
    standard: bool
    subsampling: tuple[int, int]
    height: int
    width: int
    orientation: int
    ycc: bool
    converted: bool
    data: bytes = field(repr=False)

    @property
    def gray(self) -> bool:
        return len(self.tables) == 1

    @property
    def sentence(self) -> str:
        """As a user reads it: "JPEG of quality 62, 4:2:0"."""
        about = "" if self.standard else "about "
        chroma = "gray" if self.gray else NAMES.get(self.subsampling, "uncommon subsampling")
        return f"JPEG of quality {about}{self.quality}, {chroma}"


@dataclass(frozen=True)
class Coefficients:
    """A plane's quantised coefficients, recovered from its samples.

    steps: int16 (block rows, block columns, 8, 8), multiples of `table`, vertical frequency first; sure: bool (block
    rows, block columns), False where samples were clipped to 0 or 255, so that coefficients are guesses. Only blocks
    that lie in the picture as a whole are there.
    """

    steps: NDArray[np.int16]
    sure: NDArray[np.bool_]
    table: Table


def facts(image: Any, data: bytes, orientation: int = 1, converted: bool = False) -> Jpeg | None:
    """The facts of an opened Pillow `JpegImageFile`, whose header Pillow has parsed.

    None for headers that are too rare to be carried on: missing tables, Cb sampled unlike Cr, chroma finer than luma.
    """
    layers = image.layer  # (component, samples across, samples down, table)
    try:
        tables = [tuple(int(step) for step in image.quantization[layer[3]]) for layer in layers]
    except KeyError:  # a table that no segment defines: the decoder will complain
        return None
    subsampling = _subsampling(layers)
    if min(map(min, tables)) < 1 or subsampling is None:
        return None
    quality, ycc = nearest_quality(tables[0]), _is_ycc(image)
    kept = tuple(tables[:3]) if len(tables) > 2 else (tables[0],)
    standard = all(table == standard_table(quality, chroma=ycc and k > 0) for k, table in enumerate(kept))
    size = image.height, image.width
    return Jpeg(kept, quality, standard, subsampling, *size, orientation, ycc, converted, data)


def stated_quality(head: bytes) -> int | None:
    """The quality of a JPEG file that begins with these bytes; None where they are no JPEG's or end within its header.

    Decodes nothing, and never raises.
    """
    from PIL import JpegImagePlugin

    try:
        with strict_pillow(len(head)):
            found = facts(JpegImagePlugin.JpegImageFile(io.BytesIO(head)), head)
    except Exception:  # Pillow raises nearly anything on damaged bytes; decoding will tell
        return None
    return found.quality if found else None


@lru_cache(maxsize=256)
def standard_table(quality: int, chroma: bool = False) -> Table:
    """libjpeg's table of a quality 1..100, limited to 1..255 as for baseline files."""
    scale = 5000 // quality if quality < 50 else 200 - 2 * quality
    return tuple(min(max((step * scale + 50) // 100, 1), 255) for step in (CHROMA if chroma else LUMA))


@lru_cache(maxsize=1)
def photoshop_tables() -> tuple[Table, ...]:
    """The luma tables of Photoshop's menus, each once, as Pillow lists them."""
    from PIL import JpegPresets

    settings: dict[str, Any] = JpegPresets.presets
    return tuple(dict.fromkeys(tuple(map(int, setting["quantization"][0])) for setting in settings.values()))


def nearest_quality(luma: Table, certainty: NDArray[np.float64] | None = None) -> int:
    """The quality whose luma table is nearest: least mean square of the steps' logarithms, all frequencies alike.

    Exact for libjpeg's own tables; for those of cameras and Photoshop within 5 of the quality that errs as much on
    photographs (benchmarks/jpeg_traces.py). certainty: a weight for each of the 64 steps.
    """
    distance = (_standard_logs() - np.log(np.maximum(luma, 0.5))) ** 2
    weights = np.ones(len(luma)) if certainty is None else certainty
    return 1 + int(np.argmin(distance @ weights))


def dct(blocks: Floats) -> Floats:
    """The orthonormal DCT-II of blocks (..., 8, 8)."""
    return np.matmul(np.matmul(BASIS, blocks), BASIS.T)


def inverse_dct(coefficients: Floats) -> Floats:
    """The blocks (..., 8, 8) again."""
    return np.matmul(np.matmul(BASIS.T, coefficients), BASIS)


def blocks_of(plane: Floats) -> Floats:
    """A plane (H, W), both multiples of 8, as blocks (H / 8, W / 8, 8, 8): a view."""
    height, width = plane.shape
    return plane.reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK).swapaxes(1, 2)


def plane_of(blocks: Floats) -> Floats:
    """Blocks (rows, columns, 8, 8) as a plane again."""
    rows, columns = blocks.shape[:2]
    return blocks.swapaxes(1, 2).reshape(rows * BLOCK, columns * BLOCK)


def coefficients(jpeg: Jpeg) -> tuple[Coefficients, ...]:
    """The quantised coefficients of luma and both chromas (or of luma alone), from decoding the file to YCbCr.

    A sample is rounded after decoding, which moves a coefficient by 0.3 grey levels (standard deviation): with steps
    of 3 and more the multiple is found exactly, with steps of 1 and 2 it may be the neighbour. Chroma comes enlarged
    by a triangle filter, which is undone first. Raises ValueError for a JPEG that is not YCbCr or gray.
    """
    levels = _decoded(jpeg, "L" if jpeg.gray else "YCbCr")
    if jpeg.gray:
        return (quantised(levels, jpeg.tables[0]),)
    across, down = jpeg.subsampling
    height, width = (size // ratio * ratio for size, ratio in zip(levels.shape, (down, across), strict=False))
    chromas = [_reduced(_reduced(levels[:height, :width, k], across, 1), down, 0) for k in (1, 2)]
    planes = (levels[..., 0], *chromas)
    return tuple(quantised(plane, table) for plane, table in zip(planes, jpeg.tables, strict=True))


def stored_luma(jpeg: Jpeg) -> NDArray[np.uint8]:
    """Y (H, W) as the decoder gives it, neither upright nor colour-managed. Raises ValueError where there is none."""
    return _decoded(jpeg, "L")


def quantised(plane: NDArray[Any], table: Table) -> Coefficients:
    """Multiples of the table nearest to the coefficients of a plane (H, W) in 0..255, whose first block begins at 0, 0.

    Sure where they give the plane back.
    """
    height, width = (size // BLOCK * BLOCK for size in plane.shape)
    blocks = blocks_of(plane[:height, :width].astype(np.float32) - np.float32(128))
    steps = np.array(table, dtype=np.float32).reshape(BLOCK, BLOCK)
    multiples = np.rint(dct(blocks) / steps)
    again = inverse_dct(multiples * steps)
    sure = (np.abs(again - blocks) <= SURE).all(axis=(2, 3))
    return Coefficients(multiples.astype(np.int16), sure, table)


def _decoded(jpeg: Jpeg, mode: str) -> NDArray[np.uint8]:
    """The file's samples as "L" (H, W) or "YCbCr" (H, W, 3)."""
    if not jpeg.ycc:
        raise ValueError("a JPEG of RGB or CMYK samples has no luma and chroma")
    from PIL import JpegImagePlugin

    image = JpegImagePlugin.JpegImageFile(io.BytesIO(jpeg.data))
    image.draft(mode, None)
    with strict_pillow(jpeg.height * jpeg.width):
        return np.asarray(image)


def _reduced(plane: NDArray[Any], ratio: int, axis: int) -> NDArray[Any]:
    """The chroma plane before the decoder enlarged it along one axis, whose size is a multiple of the ratio.

    libjpeg's triangle filter gives (3 x[i] + x[i -+ 1]) / 4; the mean of both is x + (x[i-1] - 2 x[i] + x[i+1]) / 8,
    inverted by x <- x + (mean - filtered x), whose error halves each time. Ratios above 2 are repeated samples.
    """
    if ratio == 1:
        return plane
    lines = np.moveaxis(plane, axis, 0)
    mean = lines.reshape(len(lines) // ratio, ratio, lines.shape[1]).mean(axis=1, dtype=np.float32)
    if ratio > 2:
        return np.moveaxis(mean, 0, axis)
    inner = mean
    for _ in range(ROUNDS):
        padded = np.concatenate([inner[:1], inner, inner[-1:]])
        inner = mean + (2 * inner - padded[:-2] - padded[2:]) * np.float32(0.125)
    return np.moveaxis(inner, 0, axis)


def _subsampling(layers: Any) -> tuple[int, int] | None:
    """Luma samples per chroma sample (across, down); None where that is no whole number or Cb differs from Cr.

    Of four components, the first and the next two stand for luma and chroma, as in Photoshop's YCCK and Pillow's CMYK.
    """
    if len(layers) < 3:
        return 1, 1
    luma, blue, red = (layer[1:3] for layer in layers[:3])
    if blue != red or 0 in blue or luma[0] % blue[0] or luma[1] % blue[1]:
        return None
    return luma[0] // blue[0], luma[1] // blue[1]


def _is_ycc(image: Any) -> bool:
    """Whether the decoder takes the components for gray or YCbCr; the rules of libjpeg."""
    if len(image.layer) != 3:
        return len(image.layer) == 1
    if "jfif" in image.info:
        return True
    if "adobe_transform" in image.info:
        return bool(image.info["adobe_transform"])
    return tuple(layer[0] for layer in image.layer) != tuple(b"RGB")


@lru_cache(maxsize=1)
def _standard_logs() -> NDArray[np.float64]:
    return np.log(np.array([standard_table(quality) for quality in range(1, 101)], dtype=np.float64))


def _basis() -> Floats:
    k, x = np.arange(BLOCK)[:, None], np.arange(BLOCK)[None]
    rows = np.sqrt(2 / BLOCK) * np.cos((2 * x + 1) * k * np.pi / (2 * BLOCK))
    rows[0] = np.sqrt(1 / BLOCK)
    return rows.astype(np.float32)


BASIS = _basis()  # (frequency, sample)
SURE = 1.5  # grey levels: rounding, the way through RGB, the decoder's own arithmetic; clipping does more
ROUNDS = 8  # to 0.4 % of the first error
LUMA = (
    *(16, 11, 10, 16, 24, 40, 51, 61),
    *(12, 12, 14, 19, 26, 58, 60, 55),
    *(14, 13, 16, 24, 40, 57, 69, 56),
    *(14, 17, 22, 29, 51, 87, 80, 62),
    *(18, 22, 37, 56, 68, 109, 103, 77),
    *(24, 35, 55, 64, 81, 104, 113, 92),
    *(49, 64, 78, 87, 103, 121, 120, 101),
    *(72, 92, 95, 98, 112, 100, 103, 99),
)
CHROMA = (
    *(17, 18, 24, 47, 99, 99, 99, 99),
    *(18, 21, 26, 66, 99, 99, 99, 99),
    *(24, 26, 56, 99, 99, 99, 99, 99),
    *(47, 66, 99, 99, 99, 99, 99, 99),
    *((99,) * 32),
)
