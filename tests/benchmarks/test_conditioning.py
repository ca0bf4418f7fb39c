"""The benchmark of conditioning: both arms begin equal, the told quality is the true one, and a run of a few steps."""

from pathlib import Path

import conditioning
import numpy as np
import pytest
import torch
from PIL import Image

from tests.benchmarks.conftest import ROOT
from wassr.data.folders import read_levels
from wassr.data.stream import with_quality
from wassr.training import make
from wassr.training.recipe import Recipe

STREET = ROOT / "examples" / "train" / "street.webp"
SMALL = ("content.crop=32", "content.batch=3", "threads=1")


@pytest.fixture
def plans(tmp_path: Path) -> dict[str, Recipe]:
    levels = read_levels(STREET)
    for i in range(3):
        Image.fromarray(levels[50 * i : 50 * i + 120, 100:260]).save(tmp_path / f"{i}.png")
    return conditioning.plan(tmp_path, None, "steps=2", "compact-x4", SMALL)


def test_both_arms_begin_equal_and_the_fourth_plane_learns(plans: dict[str, Recipe]) -> None:
    blind, told = (make.start_from(plans[arm], "compact-x4", other_scale=True)[0] for arm in ("blind", "told"))
    blind.in_bfloat16 = told.in_bfloat16 = False
    low = torch.rand(2, 3, 20, 24)
    made = told(with_quality(low, [10, 90]))
    assert torch.allclose(made, blind(low), atol=1e-5)
    made.square().sum().backward()
    assert told.network.head[0].weight.grad[:, 3].abs().max() > 0


def test_a_run_of_a_few_steps(plans: dict[str, Recipe]) -> None:
    said: list[str] = []
    report = conditioning.compare(plans, "compact-x4", said.append)
    assert report.steps == {"blind": 2, "told": 2}
    assert len(report.rows) == 6 * 2 * 4
    rows = {(row.quality, row.metric, row.way): row for row in report.rows}
    for quality in map(str, conditioning.QUALITIES):
        true = rows[quality, "PSNR-RGB", "told the true quality"]
        assert true.error == 0
        assert true.gain is not None
        assert true.mean - rows[quality, "PSNR-RGB", "blind"].mean == pytest.approx(true.gain.difference)
        assert rows[quality, "PSNR-RGB", "told what the file says"].mean == pytest.approx(true.mean, abs=0.5)
    means = [rows[str(quality), "PSNR-Y", "blind"].mean for quality in conditioning.QUALITIES]
    assert means == sorted(means)
    assert rows["all", "PSNR-Y", "blind"].mean == pytest.approx(np.mean(means))
    text = conditioning.table(report)
    assert text.startswith("| quality | dB | blind | told the true quality |")
    assert f"| 50 | PSNR-Y | {means[2]:.3f} | " in text
    assert "steps: blind 2, told 2" in text
