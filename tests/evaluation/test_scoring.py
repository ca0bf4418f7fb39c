"""Scoring: the protocol around the metrics."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from wassr.evaluation.metrics import METRICS, Metric, psnr_y
from wassr.evaluation.scoring import bicubic, low_and_high, nearest, score_folder, score_picture
from wassr.ground.errors import PictureError, TrainingError
from wassr.pixels.resize import shrink

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
    for row in (*(p.values for p in score.pictures), score.means):
        assert [v.metric for v in row] == list(METRICS)
        assert all(v.protocol for v in row)
    by_hand = np.mean([{v.metric: v.value for v in p.values}["psnr_y"] for p in score.pictures])
    assert score.mean("psnr_y") == pytest.approx(by_hand)
    with pytest.raises(KeyError):
        score.mean("niqe")


def test_a_row_is_what_the_metric_says(folder: Path) -> None:
    high = picture(50, 47)[:48, :44]
    row = score_picture(bicubic(4), "colour.png", picture(50, 47), 4)
    assert row.values[0].value == psnr_y(bicubic(4)(shrink(high, 4)), high, 4)


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
    with pytest.raises(PictureError, match=r"colour.png: the model made uint8 \(24, 22, 3\).*is its scale 4"):
        score_folder(bicubic(2), folder, 4)


def test_pictures_that_are_too_small_and_missing_folders_are_told(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="tiny: 16x16 pixels are too few"):
        low_and_high("tiny", picture(16, 17), 4)
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
