"""JPEG as arithmetic on a batch of tensors, on any device: what libjpeg does between a picture and its decoded file.

Rounded where libjpeg (its accurate integer transform, "fancy" chroma enlargement) rounds: colours, coefficients,
samples; tables are integers from 1 to 255. Only entropy coding, which loses nothing, is left out. The difference to the
codec is that of exact cosines to its integer ones, which now and then round a coefficient or sample to its neighbour.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import pad

from wassr.data.chain import Chroma
from wassr.data.codecs import GRID, Save
from wassr.data.jpeg_tables import Coding

BLOCK = 8
ACROSS: dict[Chroma, int] = {"4:4:4": 1, "4:2:2": 2, "4:2:0": 2}  # luma samples for each chroma sample
DOWN: dict[Chroma, int] = {"4:4:4": 1, "4:2:2": 1, "4:2:0": 2}


def save_in_turn(levels: Tensor, saves: Sequence[Sequence[Save]]) -> Tensor:
    """Each picture of a batch through saves of its own, none to several, whose sizes are 1; else as `save_jpegs`."""
    levels = levels.clone()
    for turn in range(max(map(len, saves), default=0)):
        rows = [i for i, own in enumerate(saves) if len(own) > turn]
        now = [saves[i][turn] for i in rows]
        levels[rows] = save_jpegs(levels[rows], [save.coding for save in now], [save.origin for save in now])
    return levels


def save_jpegs(levels: Tensor, codings: Sequence[Coding], origins: Sequence[tuple[int, int]]) -> Tensor:
    """One generation of JPEG for each picture of a batch, each with tables, chroma sampling and grid of its own.

    levels: whole grey levels 0..255 as floats (N, 3, H, W); the result has the same shape, type and device. origins: as
    `codecs.save_jpeg` takes them, 0..15 each.
    """
    shifted = _before(levels, origins)
    made = torch.empty_like(shifted)
    for sampling in sorted({coding.sampling for coding in codings}):
        rows = [i for i, coding in enumerate(codings) if coding.sampling == sampling]
        tables = [[codings[i].luma, codings[i].chroma, codings[i].chroma] for i in rows]
        steps = torch.tensor(tables, dtype=levels.dtype, device=levels.device).view(-1, 3, 1, 1, BLOCK, BLOCK)
        made[rows] = _coded(shifted[rows], steps, sampling)
    height, width = levels.shape[2:]
    corners = zip(made, origins, strict=True)
    return torch.stack([whole[:, top : top + height, left : left + width] for whole, (top, left) in corners])


def _before(levels: Tensor, origins: Sequence[tuple[int, int]]) -> Tensor:
    """(N, 3, H + 16, W + 16): each picture begins `origin` after the corner, mirrored before it, its end repeated."""
    height, width = levels.shape[2:]
    tops, lefts = torch.tensor(origins, device=levels.device).T
    rows, columns = (
        _mirrored(torch.arange(size + GRID, device=levels.device) - first[:, None], size)
        for size, first in ((height, tops), (width, lefts))
    )
    picture = torch.arange(len(levels), device=levels.device)[:, None, None, None]
    channel = torch.arange(3, device=levels.device)[:, None, None]
    return levels[picture, channel, rows[:, None, :, None], columns[:, None, None, :]]


def _mirrored(index: Tensor, size: int) -> Tensor:
    """Indices before 0 mirrored with the edge repeated, those beyond the end set to the last."""
    return torch.where(index < 0, -1 - index, index).clamp_(max=size - 1)


def _coded(rgb: Tensor, steps: Tensor, sampling: Chroma) -> Tensor:
    """The pictures after coding and decoding; the grid begins at their corner."""
    height, width = rgb.shape[2:]
    across, down = ACROSS[sampling], DOWN[sampling]
    pads = (0, -width % (BLOCK * across), 0, -height % (BLOCK * down))
    planes = _to_ycc(pad(rgb, pads, mode="replicate"))
    luma = _quantised(planes[:, :1], steps[:, :1])
    chroma = _quantised(_reduced(planes[:, 1:], across, down), steps[:, 1:])
    chroma = chroma[:, :, : math.ceil(height / down), : math.ceil(width / across)]
    return _to_rgb(luma[:, :, :height, :width], _enlarged(chroma, across, down)[:, :, :height, :width])


def _quantised(planes: Tensor, steps: Tensor) -> Tensor:
    """Samples 0..255 after their coefficients went to multiples of the steps."""
    n, c, height, width = planes.shape
    blocks = planes.view(n, c, height // BLOCK, BLOCK, width // BLOCK, BLOCK).transpose(3, 4) - 128
    basis = _basis(planes)
    ratios = basis @ blocks @ basis.T / steps
    whole = ratios.sign() * torch.floor(ratios.abs() + 0.5)  # halves away from zero
    samples = basis.T @ (whole * steps) @ basis + 128
    return _round(samples).transpose(3, 4).reshape(n, c, height, width)


def _basis(like: Tensor) -> Tensor:
    """The orthonormal DCT-II, (frequency, sample)."""
    k = torch.arange(BLOCK, dtype=torch.float64)
    rows = torch.cos((2 * k + 1) * k[:, None] * math.pi / (2 * BLOCK)) / 2
    rows[0] = math.sqrt(1 / BLOCK)
    return rows.to(like)


def _to_ycc(rgb: Tensor) -> Tensor:
    """JFIF: full-range BT.601, rounded to whole levels."""
    r, g, b = rgb.unbind(1)
    y = 0.299 * r + 0.587 * g + 0.114 * b
    cb = -0.168735892 * r - 0.331264108 * g + 0.5 * b + 128
    cr = 0.5 * r - 0.418687589 * g - 0.081312411 * b + 128
    return _round(torch.stack([y, cb, cr], dim=1))


def _to_rgb(luma: Tensor, chroma: Tensor) -> Tensor:
    """The way back; what is added to luma is rounded, as libjpeg's tables are."""
    y, cb, cr = luma[:, 0], chroma[:, 0] - 128, chroma[:, 1] - 128
    red, blue = torch.floor(1.402 * cr + 0.5), torch.floor(1.772 * cb + 0.5)
    green = torch.floor(-0.344136286 * cb - 0.714136286 * cr + 0.5)
    return torch.stack([y + red, y + green, y + blue], dim=1).clamp_(0, 255)


def _reduced(chroma: Tensor, across: int, down: int) -> Tensor:
    """Means over the samples of a chroma sample; halves are rounded up in every second column, else down."""
    if across == 1:
        return chroma
    n, c, height, width = chroma.shape
    sums = chroma.view(n, c, height // down, down, width // across, across).sum((3, 5))
    push = torch.arange(width // across, device=chroma.device) % 2 + (down - 1)
    return torch.floor((sums + push) / (across * down))


def _enlarged(chroma: Tensor, across: int, down: int) -> Tensor:
    """libjpeg's triangle filter: three parts of the nearer sample, one of the other, in each direction."""
    if across == 1:
        return chroma
    if down == 1:
        return _interleaved(chroma, 3, (1, 2), 4, dim=3)
    rows = _interleaved(chroma, 3, (0, 0), 1, dim=2)  # not divided yet: both directions are rounded once
    return _interleaved(rows, 3, (8, 7), 16, dim=3)


def _interleaved(samples: Tensor, near: int, push: tuple[int, int], whole: int, dim: int) -> Tensor:
    """Two samples for each along `dim`: (near x + neighbour + push) / whole, rounded down; borders are repeated."""
    pads = (1, 1, 0, 0) if dim == 3 else (0, 0, 1, 1)
    wide = pad(samples, pads, mode="replicate")
    size = samples.shape[dim]
    first = near * samples + wide.narrow(dim, 0, size) + push[0]
    second = near * samples + wide.narrow(dim, 2, size) + push[1]
    return torch.floor(torch.stack([first, second], dim=dim + 1) / whole).flatten(dim, dim + 1)


def _round(values: Tensor) -> Tensor:
    return torch.floor(values + 0.5).clamp_(0, 255)
