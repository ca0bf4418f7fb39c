"""What the DCT coefficients of a plane say for each quantisation step, at all 64 offsets of a JPEG's grid.

A quantised coefficient is a multiple of its step, and stays near one when the picture is saved anew. The evidence is
the logarithm, in nats, of the likelihood of such multiples under Gaussian noise over that of no steps at all. By
maximum likelihood go back to Z. Fan and R. de Queiroz (IEEE Trans. Image Processing 12, 2003).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from wassr.pixels.jpeg import BASIS, BLOCK

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Noise:
    """What blurs the multiples. deviation: standard, in grey levels; outliers: share of coefficients without a rule."""

    deviation: float
    outliers: float

    @property
    def first_cell(self) -> int:
        """Of the histograms; smaller coefficients say nothing: within the noise around 0 they fit any step."""
        return int(max(1.5, 3 * self.deviation) / CELL)


def histograms(plane: Floats) -> Floats:
    """How often each absolute value occurs: (64 offsets, frequencies, cells), at every offset of a sample of patches.

    plane: luma (H, W) of 0..255, at least 16 pixels a side.
    """
    sample = _sample(plane)
    cells = np.arange(len(LOOKED_AT), dtype=np.int32) * CELLS
    counts = np.empty((BLOCK * BLOCK, len(LOOKED_AT) * CELLS), dtype=np.float32)
    for offset in range(BLOCK * BLOCK):
        top, left = divmod(offset, BLOCK)
        blocks = sample[:, top : top + BLOCK, left : left + BLOCK].reshape(len(sample), -1)
        found = np.abs(blocks @ TRANSFORM)
        found *= np.float32(1 / CELL)
        places = np.minimum(found, CELLS - 1).astype(np.int32)
        places += cells
        counts[offset] = np.bincount(places.ravel(), minlength=counts.shape[1])
    shaped = counts.reshape(len(counts), -1, CELLS)
    shaped[..., -1] = 0  # larger ones were put here
    return shaped


def _sample(plane: Floats) -> Floats:
    """Patches (n, 15, 15), in which a block of every offset fits, spread evenly over the picture."""
    rows, columns = ((size - BLOCK + 1) // BLOCK for size in plane.shape)
    chosen = np.unique(np.linspace(0, rows * columns - 1, min(rows * columns, PATCHES)).astype(np.int64))
    top, left = BLOCK * (chosen // columns), BLOCK * (chosen % columns)
    reach = np.arange(2 * BLOCK - 1)
    return plane[top[:, None, None] + reach[:, None], left[:, None, None] + reach] - np.float32(128)


def step_evidence(counts: Floats, noise: Noise) -> Floats:
    """Evidence for each step 1..255 at each offset and frequency: (64, frequencies, 255)."""
    return (counts.reshape(-1, CELLS) @ _gains(noise)).reshape(*counts.shape[:2], -1)


@lru_cache(maxsize=8)
def _gains(noise: Noise) -> Floats:
    """What a coefficient in a cell says for each step, (cells, 255): log of its density over that without steps."""
    steps = np.arange(1, 256)[None]
    values = MIDDLES[:, None]
    off = values - steps * np.rint(values / steps)
    density = sum(np.exp(-0.5 * ((off + turn * steps) / noise.deviation) ** 2) for turn in (-2, -1, 0, 1, 2))
    density = density * steps / (noise.deviation * np.sqrt(2 * np.pi))
    gains = np.log((1 - noise.outliers) * density + noise.outliers)
    gains[: noise.first_cell] = 0
    return gains.astype(np.float32)


PATCHES = 1600  # enough for all but the faintest traces; the time is theirs, not the picture's
CELL, REACH = 0.25, 128  # width of a histogram's cell and its end, grey levels
CELLS = int(REACH / CELL)
MIDDLES = (np.arange(CELLS, dtype=np.float64) + 0.5) * CELL
# frequencies that are not zero everywhere and have steps of their own: not DC, not the highest
LOOKED_AT = [BLOCK * v + u for v in range(BLOCK) for u in range(BLOCK) if 1 <= u + v <= 8]
TRANSFORM = np.ascontiguousarray(np.kron(BASIS, BASIS)[LOOKED_AT].T)  # (64 samples, frequencies)
NOISES = (Noise(0.4, 0.02), Noise(0.9, 0.05), Noise(2.0, 0.1), Noise(3.5, 0.2), Noise(6.0, 0.2))
QUIET = 2  # the first ones: rounding alone, at most with clipping
