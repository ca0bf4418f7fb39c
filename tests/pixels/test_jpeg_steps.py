"""Steps are found where coefficients are multiples of them, and only at the grid where they are."""

import numpy as np
import pytest

from wassr.pixels.jpeg import BASIS, BLOCK
from wassr.pixels.jpeg_steps import CELL, CELLS, LOOKED_AT, NOISES, histograms, step_evidence


def quantised(step: int, top: int = 0, left: int = 0) -> np.ndarray:
    """A plane whose every coefficient is a multiple of `step`, its grid at an offset; values need not be whole."""
    coefficients = step * np.random.default_rng(7).integers(-2, 3, (20, 20, BLOCK, BLOCK)).astype(np.float64)
    blocks = BASIS.T @ coefficients @ BASIS
    plane = 128 + blocks.transpose(0, 2, 1, 3).reshape(20 * BLOCK, -1)
    return np.roll(plane, (top, left), axis=(0, 1)).astype(np.float32)


@pytest.mark.parametrize(("step", "top", "left"), [(7, 0, 0), (12, 3, 5), (31, 7, 0)])
def test_the_step_and_the_grid_are_where_the_evidence_is(step: int, top: int, left: int) -> None:
    evidence = step_evidence(histograms(quantised(step, top, left)), NOISES[0])
    assert evidence.shape == (64, len(LOOKED_AT), 255)
    assert set(evidence[BLOCK * top + left].argmax(axis=1) + 1) == {step}
    assert evidence.max(axis=2).sum(axis=1).argmax() == BLOCK * top + left


def test_divisors_fit_as_well_and_have_less_evidence() -> None:
    total = step_evidence(histograms(quantised(12)), NOISES[0])[0].sum(axis=0)
    assert total[12 - 1] > total[6 - 1] > total[3 - 1] > 0 > total[7 - 1]


def test_histograms_count_each_block_once() -> None:
    plane = quantised(16)
    counts = histograms(plane)
    patches = (20 - 1) ** 2
    assert counts.shape == (64, len(LOOKED_AT), CELLS)
    assert np.all(counts.sum(axis=2) == patches)
    assert set(np.flatnonzero(counts[0].sum(axis=0))) <= {
        cell for n in range(3) for cell in (int(16 * n / CELL) - 1, int(16 * n / CELL))
    }


def test_what_lies_beyond_the_reach_says_nothing() -> None:
    counts = histograms(quantised(255))
    assert counts[0][:, int(100 / CELL) :].sum() == 0
    assert np.all(counts[0].sum(axis=1) < (20 - 1) ** 2)
    assert np.abs(step_evidence(counts, NOISES[0])[0]).max() < 1e-3
