"""Known answers of the metrics, an independent implementation, and published values of bicubic enlargement."""

import csv
import io
import math
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
    blocking,
    colour_drift,
    lr_consistency,
    luma_studio,
    luma_studio_float,
    psnr,
    psnr_b,
    psnr_rgb,
    psnr_y,
    psnr_y_float,
    ssim,
    ssim_rgb,
    ssim_y,
)
from wassr.evaluation.niqe import NO_REFERENCE
from wassr.evaluation.scoring import bicubic
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


def chequers(block: int, height: int, width: int, step: float) -> NDArray[np.float64]:
    """Flat blocks of two levels in turns."""
    rows, columns = np.arange(height) // block, np.arange(width) // block
    return 100 + step * ((rows[:, None] + columns) % 2)


@pytest.mark.parametrize(("block", "height", "width"), [(8, 32, 48), (32, 96, 70), (24, 40, 100), (32, 40, 20)])
def test_blocking_of_flat_blocks_is_their_step_squared(block: int, height: int, width: int) -> None:
    factor = math.log2(block) / math.log2(min(height, width))
    assert blocking(chequers(block, height, width, 6.0), block) == pytest.approx(36 * factor)
    beside = np.roll(chequers(block, height, width, 6.0), (1, 1), (0, 1))  # the same, but not on the grid
    assert blocking(beside, block) == 0.0
    assert blocking(chequers(block, block, block, 6.0), block) == 0.0


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), block=st.integers(2, 9), height=st.integers(4, 25), width=st.integers(4, 25))
def test_blocking_equals_the_papers_sums(seed: int, block: int, height: int, width: int) -> None:
    """Pair by pair, as equations 1 to 9 of Yim and Bovik have it."""
    draw = np.random.default_rng(seed)
    plane = draw.uniform(0, 255, (height, width)) + chequers(block, height, width, 90)
    at_boundary, elsewhere = [], []
    for i in range(height):
        for j in range(width):
            if j + 1 < width:
                (at_boundary if (j + 1) % block == 0 else elsewhere).append((plane[i, j] - plane[i, j + 1]) ** 2)
            if i + 1 < height:
                (at_boundary if (i + 1) % block == 0 else elsewhere).append((plane[i, j] - plane[i + 1, j]) ** 2)
    more = np.mean(at_boundary) - np.mean(elsewhere) if at_boundary else 0.0
    wanted = max(more, 0.0) * math.log2(block) / math.log2(min(height, width))
    assert blocking(plane, block) == pytest.approx(wanted)


def test_psnr_b_of_known_blocks() -> None:
    """Blocks of 8 low-resolution pixels are 32 wide at x4: each boundary counts once, beside the error itself."""
    grays = chequers(32, 96, 128, 6).astype(np.uint8)
    made, high = (np.repeat(levels[..., None], 3, axis=2) for levels in (grays, np.full_like(grays, 103)))
    step = float(np.ptp(luma_studio(made)))
    assert step == 5  # six levels of full range
    error = np.mean((luma_studio(made) - luma_studio(high))[4:-4, 4:-4] ** 2)
    wanted = 10 * np.log10(255**2 / (error + step**2 * math.log2(32) / math.log2(96)))
    assert psnr_b(made, high, 4) == pytest.approx(wanted)
    beside = np.roll(made, (1, 1), (0, 1))
    assert psnr_b(beside, high, 4) == psnr_y(beside, high, 4)


@given(seed=st.integers(0, 10**6))
def test_psnr_b_is_never_above_psnr_y(seed: int) -> None:
    assert psnr_b(noisy(seed), noisy(seed + 1), 4) <= psnr_y(noisy(seed), noisy(seed + 1), 4)


def test_stronger_compression_has_more_blocks() -> None:
    low = resize_rounded(noisy(9, 16), 64, 64, 4) // 2 + 60
    high = bicubic(4)(low)

    def saved(quality: int) -> NDArray[np.uint8]:
        out = io.BytesIO()
        Image.fromarray(low).save(out, "JPEG", quality=quality)
        return bicubic(4)(np.asarray(Image.open(out)))

    factors = [blocking(luma_studio(made), 32) for made in (saved(5), saved(20), saved(90), high)]
    assert factors == sorted(factors, reverse=True)
    assert psnr_b(saved(5), high, 4) < psnr_y(saved(5), high, 4) - 1


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


def test_the_page_shows_how_each_metric_is_fooled() -> None:
    page = (Path(__file__).parents[2] / "docs" / "numbers.md").read_text(encoding="utf-8")
    fooled = page.partition("<!-- fooled -->")[2].partition("<!-- /fooled -->")[0]
    for name in (*METRICS, *NO_REFERENCE, "lpips", "efficientnet"):
        assert f"| `{name}` |" in fooled, f"{name}: add a case to examples/fooled.py"


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
