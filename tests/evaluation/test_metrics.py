"""Known answers of the metrics, an independent implementation, and published values of bicubic enlargement."""

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from skimage.metrics import structural_similarity

from wassr.evaluation.metrics import (
    METRICS,
    colour_drift,
    lr_consistency,
    luma_studio,
    luma_studio_float,
    psnr,
    psnr_rgb,
    psnr_y,
    psnr_y_float,
    ssim,
    ssim_rgb,
    ssim_y,
)
from wassr.pixels.resize import resize_rounded, shrink

TEST = Path(__file__).parents[3] / "shared" / "data" / "test"
needs_sets = pytest.mark.skipif(not TEST.exists(), reason="the benchmark pictures are not here (../shared/data/test)")


def flat(level: int, size: int = 40) -> NDArray[np.uint8]:
    return np.full((size, size, 3), level, dtype=np.uint8)


def noisy(seed: int, size: int = 40) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (size, size, 3), dtype=np.uint8)


@pytest.mark.parametrize(
    ("colour", "luma"),
    [((255, 255, 255), 235), ((0, 0, 0), 16), ((255, 0, 0), 81.481), ((0, 255, 0), 144.553), ((0, 0, 255), 40.966)],
)
def test_studio_luma_of_known_colours(colour: tuple[int, int, int], luma: float) -> None:
    pixel = np.array([[colour]], dtype=np.uint8)
    assert luma_studio_float(pixel)[0, 0] == pytest.approx(luma, abs=1e-9)
    assert luma_studio(pixel)[0, 0] == round(luma)


@given(offset=st.integers(1, 255))
def test_psnr_of_a_constant_offset(offset: int) -> None:
    made, high = flat(0), flat(offset)
    assert psnr_rgb(made, high, 4) == pytest.approx(20 * np.log10(255 / offset))
    assert psnr_y_float(made, high, 4) == pytest.approx(20 * np.log10(255 / (offset * 219 / 255)))


def test_equal_pictures_are_infinitely_near() -> None:
    picture = noisy(0)
    assert psnr_y(picture, picture, 4) == float("inf")
    assert ssim_y(picture, picture, 4) == pytest.approx(1.0, abs=1e-12)


def test_studio_luma_reads_132_hundredths_above_full_range() -> None:
    made, high = flat(100), flat(110)
    assert psnr_y_float(made, high, 0) - psnr_rgb(made, high, 0) == pytest.approx(20 * np.log10(255 / 219))


def test_the_border_is_left_out() -> None:
    high = noisy(1)
    made = high.copy()
    made[:4], made[-4:], made[:, :4], made[:, -4:] = 0, 0, 0, 0
    assert psnr_rgb(made, high, 4) == float("inf")
    assert psnr_rgb(made, high, 3) < 40
    assert ssim_y(made, high, 4) == pytest.approx(1.0, abs=1e-12)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), height=st.integers(11, 40), width=st.integers(11, 40), noise=st.floats(0.5, 80))
def test_ssim_equals_scikit_image(seed: int, height: int, width: int, noise: float) -> None:
    draw = np.random.default_rng(seed)
    a = draw.uniform(0, 255, (height, width)).cumsum(axis=0) / height
    b = a + draw.normal(0, noise, a.shape)
    _, everywhere = structural_similarity(
        a, b, data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, full=True
    )
    assert ssim(a, b) == pytest.approx(float(everywhere[5:-5, 5:-5].mean()), abs=1e-10)


def test_ssim_rgb_equals_scikit_image_on_each_channel() -> None:
    high = resize_rounded(noisy(5, 12), 48, 48, 4)
    made = resize_rounded(noisy(6, 12), 48, 48, 4) // 4 + high // 4 * 3
    inner = (picture[3:-3, 3:-3].astype(np.float64) for picture in (made, high))
    _, everywhere = structural_similarity(
        *inner,
        data_range=255,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
        channel_axis=2,
    )
    assert ssim_rgb(made, high, 3) == pytest.approx(float(everywhere[5:-5, 5:-5].mean()), abs=1e-10)
    assert ssim_rgb(high, high, 3) == pytest.approx(1.0, abs=1e-12)


@given(offsets=st.tuples(*[st.integers(-100, 100)] * 3))
def test_drift_is_the_mean_shift_of_the_channels(offsets: tuple[int, int, int]) -> None:
    high = flat(100)
    made = (high + np.array(offsets)).astype(np.uint8)
    wanted = sum(abs(offset) for offset in offsets) / 3
    assert colour_drift(made, high, 4) == pytest.approx(wanted)
    assert colour_drift(made, high[::4, ::4], 4) == pytest.approx(wanted)  # the input has another size


def test_shuffled_pixels_do_not_drift() -> None:
    high = noisy(7)
    assert colour_drift(high[::-1, ::-1].copy(), high, 4) == pytest.approx(0, abs=1e-9)
    assert METRICS["colour_drift"].reference == "high"
    assert METRICS["colour_drift_low"].reference == "low"


def test_psnr_is_symmetric() -> None:
    a, b = noisy(2).astype(np.float64), noisy(3).astype(np.float64)
    assert psnr(a, b) == psnr(b, a)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_consistency_of_a_flat_and_of_a_shifted_picture(scale: int) -> None:
    low = flat(100, 24)
    assert lr_consistency(flat(100, 24 * scale), low, scale) == float("inf")
    assert lr_consistency(flat(110, 24 * scale), low, scale) == pytest.approx(20 * np.log10(255 / 10))


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_of_the_table_says_how_it_is_read(name: str) -> None:
    metric = METRICS[name]
    assert metric.reference in ("high", "low")
    assert len(metric.protocol) > 10
    high = flat(60, 48) + noisy(4, 48) // 4
    reference = high if metric.reference == "high" else shrink(high, 4)
    near, far = (metric.compute(made, reference, 4) for made in (high, flat(90, 48)))
    assert isinstance(near, float)
    assert near > far if metric.higher_is_better else near < far


@needs_sets
@pytest.mark.parametrize(
    ("data", "picture", "scale"),
    [("Set5", "baby", 2), ("Set5", "bird", 3), ("Set5", "butterfly", 4), ("Set14", "bridge", 4), ("B100", "3096", 4)],
)
def test_bicubic_reproduces_the_published_rows(data: str, picture: str, scale: int) -> None:
    with (TEST / "bicubic.csv").open(encoding="utf-8") as stream:
        rows = {(r["set"], r["image"], int(r["scale"])): r for r in csv.DictReader(stream)}
    high = np.array(Image.open(TEST / data / f"{picture}.png").convert("RGB"))
    height, width = (size // scale * scale for size in high.shape[:2])
    high = high[:height, :width]
    made = resize_rounded(shrink(high, scale), height, width, scale)
    row = rows[data, picture, scale]
    assert psnr_y(made, high, scale) == pytest.approx(float(row["psnr_y"]), abs=6e-5)
    assert ssim_y(made, high, scale) == pytest.approx(float(row["ssim_y"]), abs=6e-6)
