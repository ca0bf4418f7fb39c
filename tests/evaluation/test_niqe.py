"""NIQE against the value of the authors' release, an independent implementation, and known distributions."""

import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from scipy.special import gamma

from wassr.evaluation.metrics import luma_studio
from wassr.evaluation.niqe import NO_REFERENCE, PARAMETERS, asymmetric_gaussian, block_features, niqe, niqe_y
from wassr.pixels.resize import resize_rounded, shrink

ROOT = Path(__file__).parents[2]
SET14 = ROOT.parent / "shared" / "data" / "test" / "Set14"
needs_sets = pytest.mark.skipif(not SET14.exists(), reason="the benchmark pictures are not here (../shared/data/test)")

Floats = NDArray[np.float64]


def levels(path: Path) -> NDArray[np.uint8]:
    return np.array(Image.open(path).convert("RGB"))


def island() -> NDArray[np.uint8]:
    """A photograph without flat parts, of odd size."""
    return levels(ROOT / "examples" / "photos" / "island.jpg")[:211, :307]


def by_scipy(luma: Floats) -> float:
    """NIQE written anew: two-dimensional window, moments block by block, MATLAB's halving as a filter of 8 weights."""
    saved = np.load(PARAMETERS)
    rows, columns = luma.shape[0] // 96, luma.shape[1] // 96
    picture = luma[: 96 * rows, : 96 * columns]
    shapes = np.linspace(0.2, 10, 9801)
    curve = gamma(2 / shapes) ** 2 / (gamma(1 / shapes) * gamma(3 / shapes))

    def fit(values: Floats) -> tuple[float, float, float]:
        left = np.sqrt((values[values < 0] ** 2).mean())
        right = np.sqrt((values[values > 0] ** 2).mean())
        g = left / right
        moment = np.abs(values).mean() ** 2 / (values**2).mean() * (g**3 + 1) * (g + 1) / (g**2 + 1) ** 2
        a = shapes[np.abs(curve - moment).argmin()]
        return a, left * np.sqrt(gamma(1 / a) / gamma(3 / a)), right * np.sqrt(gamma(1 / a) / gamma(3 / a))

    table: list[list[float]] = [[] for _ in range(rows * columns)]
    for side in (96, 48):
        mean = ndimage.convolve(picture, saved["gaussian_window"], mode="nearest")
        square = ndimage.convolve(picture**2, saved["gaussian_window"], mode="nearest")
        natural = (picture - mean) / (np.sqrt(np.abs(square - mean**2)) + 1)
        for i in range(rows):
            for j in range(columns):
                block = natural[side * i : side * (i + 1), side * j : side * (j + 1)]
                a, left, right = fit(block)
                row = table[i * columns + j]
                row += [a, (left + right) / 2]
                for down, across in ((0, 1), (1, 0), (1, 1), (1, -1)):
                    a, left, right = fit(block * np.roll(np.roll(block, down, 0), across, 1))
                    row += [a, (right - left) * gamma(2 / a) / gamma(1 / a), left, right]
        x = np.abs(np.arange(8) - 3.5) / 2  # Keys' kernel stretched by two, at half positions
        near, far = 1.5 * x**3 - 2.5 * x**2 + 1, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
        weights = np.where(x <= 1, near, far) / 2
        for axis in (0, 1):
            filtered = ndimage.correlate1d(picture, weights, axis=axis, mode="reflect")
            picture = filtered[1::2] if axis == 0 else filtered[:, 1::2]
    found = np.array(table)
    away = saved["mu_pris_param"] - found.mean(0)
    precision = np.linalg.pinv((saved["cov_pris_param"] + np.cov(found.T)) / 2)
    return math.sqrt((away @ precision @ away.T).item())


def test_equals_an_independent_implementation() -> None:
    """With noise of a hundredth of a grey level, so that no pixel equals its mean and leaves the sign to rounding."""
    draw = np.random.default_rng(0)
    photo = luma_studio(island()) + draw.uniform(0, 0.01, (211, 307))
    assert niqe(photo) == pytest.approx(by_scipy(photo), rel=1e-9)
    noise = draw.uniform(0, 255, (200, 290))
    assert niqe(noise) == pytest.approx(by_scipy(noise), rel=1e-9)


@needs_sets
def test_the_releases_value_of_baboon() -> None:
    """BasicSR's calibration: no border, rounded Y; the authors' MATLAB code gives the same four decimals."""
    assert niqe(luma_studio(levels(SET14 / "baboon.png"))) == pytest.approx(5.7296, abs=5e-5)


@needs_sets
@pytest.mark.slow
def test_set14_as_measured_elsewhere() -> None:
    """Means over 14 pictures by another implementation: bicubic x4 7.61, the originals 4.94 (here 4.92)."""
    originals, enlarged = [], []
    for path in sorted(SET14.glob("*.png")):
        high = levels(path)
        high = high[: high.shape[0] // 4 * 4, : high.shape[1] // 4 * 4]
        originals.append(niqe_y(high, high, 4))
        enlarged.append(niqe_y(resize_rounded(shrink(high, 4), *high.shape[:2], 4), high, 4))
    assert len(originals) == 14
    assert np.mean(enlarged) == pytest.approx(7.61, abs=0.006)
    assert np.mean(originals) == pytest.approx(4.94, abs=0.025)


@pytest.mark.parametrize(("left", "right"), [(1.0, 1.0), (0.5, 2.0)])
@pytest.mark.parametrize(("draw", "shape", "unit"), [("standard_normal", 2.0, math.sqrt(2)), ("laplace", 1.0, 1.0)])
def test_moments_find_the_distribution(draw: str, shape: float, unit: float, left: float, right: float) -> None:
    """Gaussian and Laplacian halves of two widths; a side is drawn as often as it is wide."""
    generator = np.random.default_rng(1)
    sizes = np.abs(getattr(generator, draw)(size=200_000))
    negative = generator.random(200_000) < left / (left + right)
    found = asymmetric_gaussian(np.where(negative, -left, right) * sizes)
    assert found[0] == pytest.approx(shape, rel=0.02)
    assert found[1:] == pytest.approx((left * unit, right * unit), rel=0.03)


def test_features_of_blocks_and_what_is_left_over() -> None:
    luma = luma_studio(island())
    features = block_features(luma)
    assert features.shape == (2 * 3, 36)
    assert np.isfinite(features).all()
    np.testing.assert_array_equal(features, block_features(luma[:192, :288]))


def test_blur_is_worse_than_the_photograph() -> None:
    high = island()[:208, :304]
    blurred = resize_rounded(shrink(high, 4), 208, 304, 4)
    assert niqe_y(blurred, high, 4) > niqe_y(high, high, 4) + 1


@pytest.mark.parametrize("size", [(95, 400), (400, 95), (96, 191), (20, 20)])
def test_fewer_than_two_blocks_have_no_value(size: tuple[int, int]) -> None:
    assert math.isnan(niqe(np.random.default_rng(2).uniform(0, 255, size)))


def test_two_blocks_have_one() -> None:
    assert math.isfinite(niqe(np.random.default_rng(2).uniform(0, 255, (96, 192))))


@pytest.mark.parametrize("level", [0, 77, 255])
def test_a_flat_picture_has_no_value_and_a_flat_block_changes_nothing_but_the_means(level: int) -> None:
    flat = np.full((240, 240, 3), level, dtype=np.uint8)
    assert math.isnan(niqe_y(flat, flat, 4))
    luma = luma_studio(island())
    luma[:, :110] = float(level)
    assert np.isnan(block_features(luma)[0, 1:]).any()
    assert math.isfinite(niqe(luma))


def test_its_row_looks_at_the_result_only() -> None:
    metric = NO_REFERENCE["niqe"]
    assert (metric.reference, metric.higher_is_better) == ("none", False)
    assert "border = 4" in metric.protocol
    made = island()
    assert metric.compute(made, made[::4, ::4], 4) == metric.compute(made, np.zeros_like(made), 2)
    assert metric.compute(made, made, 4) == niqe(luma_studio(made)[4:-4, 4:-4])
