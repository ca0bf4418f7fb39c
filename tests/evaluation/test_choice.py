"""Metrics by name."""

from pathlib import Path

import pytest

from wassr.evaluation.choice import USUAL, WITH_JPEG, WITHOUT_ORIGINALS, choose_metrics, read_as
from wassr.evaluation.judges import judge_metrics
from wassr.evaluation.metrics import METRICS
from wassr.evaluation.niqe import NO_REFERENCE
from wassr.ground.errors import UsageError


def test_the_usual_ones_and_those_that_need_no_original() -> None:
    usual = choose_metrics([])
    assert next(iter(usual)) == "psnr_y"
    assert {"psnr_y", "ssim_y", "lr_consistency"} <= set(usual) <= set(USUAL)
    blind = choose_metrics([], references=False)
    assert list(blind) == list(WITHOUT_ORIGINALS)
    assert all(metric.reference != "high" for metric in blind.values())


def test_nobody_is_ranked_by_niqe_where_inputs_are_compressed() -> None:
    usual = choose_metrics([], jpeg=True)
    assert {"psnr_y", "psnr_b", "ssim_y", "lr_consistency", "niqe"} <= set(usual) <= set(WITH_JPEG)
    assert [name for name, metric in usual.items() if metric.unranked] == ["niqe"]
    assert choose_metrics(["niqe", "psnr_y"], jpeg=True)["niqe"].unranked
    assert not choose_metrics(["niqe"])["niqe"].unranked


@pytest.mark.parametrize(("references", "jpeg"), [(True, False), (True, True), (False, False)])
def test_at_scale_1_there_is_no_lr_consistency(references: bool, jpeg: bool) -> None:
    with_it, without = (choose_metrics([], None, references, jpeg, scale) for scale in (4, 1))
    assert list(without) == [name for name in with_it if name != "lr_consistency"]
    with pytest.raises(UsageError, match="--metric lr_consistency: at x1 nothing is reduced"):
        choose_metrics(["psnr_y", "lr_consistency"], None, references, jpeg, 1)


def test_asked_ones_come_in_their_order() -> None:
    assert list(choose_metrics(["ssim_y", "niqe", "psnr_y"])) == ["ssim_y", "niqe", "psnr_y"]
    assert choose_metrics(["psnr_rgb"])["psnr_rgb"] is METRICS["psnr_rgb"]


@pytest.mark.parametrize(
    ("name", "guess"), [("psnr", "psnr_y"), ("PSNR_Y", "psnr_y"), ("nique", "niqe"), ("lpip", "lpips")]
)
def test_an_unknown_metric_is_told_the_nearest(name: str, guess: str) -> None:
    with pytest.raises(UsageError, match=f"--metric {name}: no such metric; did you mean {guess}"):
        choose_metrics([name])


def test_what_needs_an_original_cannot_be_had_without() -> None:
    with pytest.raises(UsageError, match=r"--metric psnr_y: needs originals; with --no-reference choose .*niqe"):
        choose_metrics(["niqe", "psnr_y"], references=False)


def test_a_missing_folder_of_judges_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--judges .*none: no such folder"):
        choose_metrics([], tmp_path / "none")


def test_how_each_metric_is_read_agrees_with_its_row() -> None:
    for name in METRICS | NO_REFERENCE | judge_metrics():
        row = choose_metrics((name,))[name]
        better = "higher" if row.higher_is_better else "lower"
        assert read_as(name) == {"better": better, "reference": row.reference}
    assert read_as("of another century") == {}
