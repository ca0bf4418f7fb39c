"""The resize against a direct evaluation, against the benchmark's published numbers, and its own properties."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from wassr.pixels.colour import studio_luma
from wassr.pixels.resize import bicubic_taps, resize, resize_axis, resize_rounded, resize_window, shrink, to_levels

DATA = Path(__file__).parents[3] / "shared/data/test"
FEW = [
    ("Set5", "baby", 2),
    ("Set5", "butterfly", 3),
    ("Set14", "bridge", 4),
    ("Set14", "zebra", 3),
    ("B100", "3096", 4),
]

sizes = st.tuples(st.integers(1, 40), st.integers(1, 60))


def direct(line: np.ndarray, out: int, scale: float) -> np.ndarray:
    """One axis as the definition says it, sample by sample in float64 (Keys 1981; MATLAB's imresize)."""
    result = np.empty((out, *line.shape[1:]))
    stretch = min(scale, 1.0)
    for j in range(out):
        centre = (j + 1) / scale + 0.5 * (1 - 1 / scale)  # MATLAB counts from 1
        total, weights = np.zeros(line.shape[1:]), 0.0
        for i in range(math.floor(centre - 2 / stretch) - 1, math.ceil(centre + 2 / stretch) + 2):
            x = abs(centre - i) * stretch
            near = 1.5 * x**3 - 2.5 * x**2 + 1
            weight = near if x <= 1 else -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x <= 2 else 0.0
            k = i - 1
            while not 0 <= k < len(line):  # mirrored, the edge repeated
                k = -1 - k if k < 0 else 2 * len(line) - 1 - k
            total, weights = total + weight * line[k], weights + weight
        result[j] = total / weights
    return result


def direct_rounded(pixels: np.ndarray, height: int, width: int, scale: float) -> np.ndarray:
    rows = np.clip(np.floor(direct(pixels.astype(float), height, scale) + 0.5 + 1e-9), 0, 255)
    columns = direct(rows.swapaxes(0, 1), width, scale).swapaxes(0, 1)
    return np.clip(np.floor(columns + 0.5 + 1e-9), 0, 255)


@given(sizes=sizes)
@settings(max_examples=60, deadline=None)
def test_weights_sum_to_one_and_indices_lie_inside(sizes):
    taps = bicubic_taps(*sizes)
    assert np.allclose(taps.weights.sum(axis=1), 1, atol=1e-12)
    assert taps.indices.min() >= 0
    assert taps.indices.max() < sizes[0]


@given(rows=sizes, columns=sizes)
@settings(max_examples=30, deadline=None)
def test_equals_direct_evaluation(rows, columns):
    picture = np.random.default_rng(0).random((rows[0], columns[0], 2))
    expected = direct(picture, rows[1], rows[1] / rows[0]).swapaxes(0, 1)
    expected = direct(expected, columns[1], columns[1] / columns[0]).swapaxes(0, 1)
    assert np.abs(resize(picture, rows[1], columns[1]) - expected).max() < 1e-12
    single = resize(picture.astype(np.float32), rows[1], columns[1])
    assert single.dtype == np.float32
    assert np.abs(single - expected).max() < 2e-6


@pytest.mark.parametrize("target", [(5, 9), (40, 61), (24, 32), (24, 16), (1, 1)])
def test_constants_stay_constant(target):
    picture = np.full((24, 32, 3), 0.3, dtype=np.float32)
    assert np.abs(resize(picture, *target) - np.float32(0.3)).max() < 1e-6


@pytest.mark.parametrize("scale", [2, 3, 4, 0.5, 0.25])
def test_ramp_stays_linear_inside(scale):
    ramp = np.tile(np.arange(64, dtype=np.float64), (8, 1))
    out = resize(ramp, 8, int(64 * scale))
    expected = (np.arange(out.shape[1]) + 0.5) / scale - 0.5
    border = math.ceil(2 * max(scale, 1)) + 2
    assert np.abs(out - expected)[:, border:-border].max() < 1e-9


def test_same_size_is_the_same_picture():
    picture = np.random.default_rng(0).random((9, 7)).astype(np.float32)
    assert np.array_equal(resize(picture, 9, 7), picture)


@given(data=st.data(), size=sizes, target=st.tuples(st.integers(2, 90), st.integers(2, 90)))
@settings(max_examples=40, deadline=None)
def test_window_equals_cut_out(data, size, target):
    picture = np.random.default_rng(0).random((*size, 3)).astype(np.float32)
    top = data.draw(st.integers(0, target[0] - 1))
    left = data.draw(st.integers(0, target[1] - 1))
    rows = (top, data.draw(st.integers(top + 1, target[0])))
    columns = (left, data.draw(st.integers(left + 1, target[1])))
    whole = resize(picture, *target)[rows[0] : rows[1], columns[0] : columns[1]]
    assert np.abs(resize_window(picture, *target, rows, columns) - whole).max() < 1e-6


@pytest.mark.parametrize(("size", "out"), [(20, 80), (20, 7), (3, 12), (31, 31)])
def test_matrix_equals_taps(size, out):
    taps = bicubic_taps(size, out)
    picture = np.random.default_rng(0).random((size, 5)).astype(np.float32)
    assert np.abs(taps.matrix() @ picture - resize_axis(picture, taps, 0)).max() < 1e-6


def test_tensor_form_equals_numpy():
    torch = pytest.importorskip("torch", reason="torch comes with the extra train")
    picture = np.random.default_rng(0).random((13, 18, 3)).astype(np.float32)
    rows = torch.from_numpy(bicubic_taps(13, 52).matrix())
    columns = torch.from_numpy(bicubic_taps(18, 72).matrix())
    batch = torch.from_numpy(picture.transpose(2, 0, 1)[None])
    enlarged = torch.einsum("nchw,yh,xw->ncyx", batch, rows, columns)[0].numpy().transpose(1, 2, 0)
    assert np.abs(enlarged - resize(picture, 52, 72)).max() < 2e-6


def test_levels_round_half_up_and_clip():
    values = np.array([-3.0, 0.49, 0.5, 1.5, 2.4999, 254.5, 300.0])
    assert to_levels(values).tolist() == [0, 0, 1, 2, 2, 255, 255]


def test_shrink_rounds_sizes_up():
    assert shrink(np.zeros((10, 13, 3), dtype=np.uint8), 4).shape == (3, 4, 3)


def pictures(folder: str) -> list[Path]:
    if not DATA.is_dir():
        pytest.skip(f"needs the benchmark pictures in {DATA}")
    return sorted((DATA / folder).glob("*.png"))


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_within_one_level_of_direct_evaluation_on_benchmark(scale):
    for path in pictures("Set5")[:3]:
        _compare_with_direct(path, scale)


@pytest.mark.slow
@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("folder", ["Set5", "Set14", "B100"])
def test_within_one_level_of_direct_evaluation_on_all_benchmarks(folder, scale):
    for path in pictures(folder):
        _compare_with_direct(path, scale)


def _compare_with_direct(path: Path, scale: int) -> None:
    pixels = _cropped(path, scale)
    height, width = pixels.shape[0] // scale, pixels.shape[1] // scale
    low = shrink(pixels, scale)
    assert np.abs(low - direct_rounded(pixels, height, width, 1 / scale)).max() <= 1, path
    high = resize_rounded(low, *pixels.shape[:2], scale)
    assert np.abs(high - direct_rounded(low, *pixels.shape[:2], scale)).max() <= 1, path


@pytest.mark.parametrize(("folder", "image", "scale"), FEW)
def test_reproduces_published_bicubic(folder, image, scale):
    _check_published(folder, image, scale)


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["Set5", "Set14", "B100"])
def test_reproduces_published_bicubic_of_all(folder):
    for path in pictures(folder):
        for scale in (2, 3, 4):
            _check_published(folder, path.stem, scale)


def _check_published(folder: str, image: str, scale: int) -> None:
    pictures(folder)
    with (DATA / "bicubic.csv").open() as file:
        rows = {(row["set"], row["image"], int(row["scale"])): float(row["psnr_y"]) for row in csv.DictReader(file)}
    high = _cropped(DATA / folder / f"{image}.png", scale)
    again = resize_rounded(shrink(high, scale), *high.shape[:2], scale)
    error = np.round(_luma(again)) - np.round(_luma(high))
    inside = error[scale:-scale, scale:-scale]
    psnr = 10 * math.log10(255**2 / np.mean(inside**2))
    assert psnr == pytest.approx(rows[folder, image, scale], abs=0.005), (folder, image, scale)


def _luma(pixels: np.ndarray) -> np.ndarray:
    return studio_luma(pixels.astype(np.float64) / 255)


def _cropped(path: Path, scale: int) -> np.ndarray:
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("RGB"))
    return pixels[: len(pixels) // scale * scale, : pixels.shape[1] // scale * scale]
