"""Scoring: the protocol around the metrics."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from wassr.evaluation.compressed import Saved
from wassr.evaluation.metrics import METRICS, Metric, luma_studio, psnr, psnr_y, ssim
from wassr.evaluation.scoring import Case, Score, bicubic, case_of, nearest, score_case, score_folder, score_of
from wassr.ground.errors import PictureError, TrainingError
from wassr.pixels.resize import resize, shrink, to_levels

TEST = Path(__file__).parents[3] / "shared" / "data" / "test"


def picture(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    smooth = (
        np.random.default_rng(seed).uniform(0, 255, (height, width, 3)).cumsum(0)
        / np.arange(1, height + 1)[:, None, None]
    )
    return smooth.astype(np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "Two"
    place.mkdir()
    Image.fromarray(picture(50, 47)).save(place / "colour.png")
    Image.fromarray(picture(48, 48, 1)[..., 0]).save(place / "gray.png")
    return place


def test_rows_means_and_protocol(folder: Path) -> None:
    score = score_folder(bicubic(4), folder, 4)
    assert (score.data, score.scale, len(score.pictures)) == ("Two", 4, 2)
    assert [(row.picture, row.height, row.width) for row in score.pictures] == [
        ("colour.png", 48, 44),
        ("gray.png", 48, 48),
    ]
    assert all(list(row.values) == list(METRICS) for row in score.pictures)
    assert score.protocol("psnr_y").startswith("x4; low resolution by 8-bit bicubic")
    assert score.protocol("psnr_y").endswith("mean of 2 pictures")
    values = [row.values["psnr_y"] for row in score.pictures]
    assert score.mean("psnr_y") == pytest.approx(np.mean(values))
    low, high = score.interval("psnr_y")
    assert min(values) <= low < score.mean("psnr_y") < high <= max(values)
    with pytest.raises(KeyError):
        score.mean("niqe")


def test_a_score_without_a_protocol_cannot_be_made(folder: Path) -> None:
    good = score_folder(bicubic(4), folder, 4)
    with pytest.raises(ValueError, match="no protocol of the pictures"):
        Score("Two", 4, good.metrics, good.pictures, "")
    silent = Metric(psnr_y, "dB", True, "high", "")
    with pytest.raises(ValueError, match="no protocol of silent"):
        Score("Two", 4, {**good.metrics, "silent": silent}, good.pictures, good.source)


def test_what_a_metric_cannot_say_is_left_out_of_the_mean(folder: Path) -> None:
    shy = Metric(lambda made, high, scale: 7.0 if high.shape[1] == 48 else float("nan"), "", True, "high", "shy")
    score = score_folder(bicubic(4), folder, 4, {"shy": shy})
    assert np.isnan(score.column("shy")).tolist() == [True, False]
    assert (score.mean("shy"), score.known("shy").tolist()) == (7.0, [7.0])
    assert score.protocol("shy").endswith("mean of 1 picture")


def test_a_row_is_what_the_metric_says(folder: Path) -> None:
    high = picture(50, 47)[:48, :44]
    case = case_of("Two", "colour.png", picture(50, 47), 4)
    row = score_case(case, bicubic(4)(case.low), 4, METRICS)
    assert row.values["psnr_y"] == psnr_y(bicubic(4)(shrink(high, 4)), high, 4)


def test_a_picture_without_original_is_judged_by_what_needs_none() -> None:
    low = picture(20, 24)
    case = Case("Own", "low.png", low, None)
    row = score_case(case, nearest(4)(low), 4, {"lr_consistency": METRICS["lr_consistency"]})
    assert (row.height, row.width) == (80, 96)
    with pytest.raises(PictureError, match=r"low.png: psnr_y needs an original"):
        score_case(case, nearest(4)(low), 4, METRICS)


def test_consistency_is_with_the_clean_input() -> None:
    clean = picture(20, 24)
    case = Case("Own", "a.png", clean // 2, nearest(4)(clean), b"a file", clean)
    low = {name: METRICS[name] for name in ("lr_consistency", "colour_drift_low")}
    assert score_case(case, nearest(4)(clean), 4, low).values["colour_drift_low"] == 0.0
    assert score_case(case, nearest(4)(clean // 2), 4, low).values["colour_drift_low"] > 10
    consistent = [score_case(case, nearest(4)(one), 4, low).values["lr_consistency"] for one in (clean, clean // 2)]
    assert consistent[0] > consistent[1] + 10


def test_the_protocol_says_how_inputs_were_saved() -> None:
    clean, saved = (score_of("Own", 4, METRICS, [], saved=one) for one in (Saved(None), Saved(70)))
    assert clean.source == score_of("Own", 4, METRICS, []).source
    assert saved.source == f"{clean.source}; {Saved(70).protocol}"
    assert "saved as JPEG of quality 70" in saved.protocol("psnr_y")


def test_at_scale_1_the_originals_are_the_inputs() -> None:
    high = picture(40, 37)
    case = case_of("Own", "a.png", high, 1)
    np.testing.assert_array_equal(case.low, high)
    for plain in (bicubic, nearest):
        np.testing.assert_array_equal(plain(1)(high), high)
    assert score_of("Own", 1, METRICS, []).source == "x1; inputs are the originals, nothing is reduced"


def test_gray_is_expanded_to_three_channels(folder: Path) -> None:
    seen = []

    def spy(low: NDArray[np.uint8]) -> NDArray[np.uint8]:
        seen.append(low)
        return nearest(4)(low)

    score_folder(spy, folder, 4)
    assert all(low.shape[2] == 3 for low in seen)
    assert (seen[1][..., 0] == seen[1][..., 2]).all()


def test_measurements_for_a_card(folder: Path) -> None:
    score = score_folder(bicubic(3), folder, 3, name="Set2")
    measured = score.measurements("openvino, bf16")
    assert [(m.data, m.metric) for m in measured] == [("Set2", name) for name in METRICS]
    assert all("x3" in m.protocol and "openvino, bf16" in m.protocol for m in measured)


def test_other_metrics_join_by_a_table(folder: Path) -> None:
    judge = Metric(lambda made, low, scale: float(low.shape[0]), "px", False, "low", "height of the input")
    score = score_folder(bicubic(4), folder, 4, {"height": judge})
    assert score.mean("height") == 12


def test_a_wrong_scale_is_told(folder: Path) -> None:
    with pytest.raises(
        PictureError, match=r"colour.png: the result is 22x24 \(uint8\) instead of 44x48 .*is its scale 4"
    ):
        score_folder(bicubic(2), folder, 4)


def test_pictures_that_are_too_small_and_missing_folders_are_told(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="tiny: 16x16 pixels are too few"):
        case_of("Two", "tiny", picture(16, 17), 4)
    with pytest.raises(TrainingError, match="no such folder"):
        score_folder(bicubic(4), tmp_path / "none", 4)


def test_scoring_needs_no_torch() -> None:
    code = "import sys, wassr.evaluation.scoring; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.skipif(not TEST.exists(), reason="the benchmark pictures are not here (../shared/data/test)")
def test_bicubic_on_set5_is_the_published_mean() -> None:
    score = score_folder(bicubic(4), TEST / "Set5", 4)
    assert round(score.mean("psnr_y"), 3) == 28.416
    assert round(score.mean("ssim_y"), 4) == 0.8101
    assert round(score.mean("psnr_y_float"), 3) == 28.429
    assert round(score.mean("lr_consistency"), 1) == 37.3


@pytest.mark.slow
@pytest.mark.skipif(not TEST.exists(), reason="the benchmark pictures are not here (../shared/data/test)")
@pytest.mark.parametrize(
    ("variant", "mean_psnr", "mean_ssim"),
    [("as measured here", 26.084, 0.7041), ("gray as Y", 25.990, 0.7023), ("Y first, in floats", 26.000, 0.7019)],
)
def test_variants_of_the_protocol_explain_published_bicubic_values(
    variant: str, mean_psnr: float, mean_ssim: float
) -> None:
    """Set14 x4 is printed as 26.00: the protocol of SRCNN and VDSR gives that, MATLAB's 8 bits on RGB 26.08."""
    values = []
    for path in sorted((TEST / "Set14").glob("*.png")):
        with Image.open(path) as image:
            gray_as_y = image.mode == "L" and variant != "as measured here"
            case = case_of("Set14", path.name, np.array(image.convert("RGB")), 4)
        assert case.high is not None

        def luma(picture: NDArray[np.uint8], gray_as_y: bool = gray_as_y) -> NDArray[np.float64]:
            return picture[..., 0].astype(np.float64) if gray_as_y else luma_studio(picture)

        due = luma(case.high)
        if variant == "Y first, in floats":
            height, width = due.shape
            made = to_levels(resize(resize(due, height // 4, width // 4), height, width)).astype(np.float64)
        else:
            made = luma(bicubic(4)(case.low))
        inner = (slice(4, -4), slice(4, -4))
        values.append((psnr(made[inner], due[inner]), ssim(made[inner], due[inner])))
    means = np.mean(values, axis=0)
    assert means[0] == pytest.approx(mean_psnr, abs=6e-4)
    assert means[1] == pytest.approx(mean_ssim, abs=6e-5)
