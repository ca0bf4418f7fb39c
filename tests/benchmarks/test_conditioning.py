"""The benchmark of conditioning: both arms begin equal, the told quality is the true one, and a run of a few steps."""

from pathlib import Path

import conditioning
import numpy as np
import pytest
import torch
from PIL import Image

from tests.benchmarks.conftest import ROOT
from wassr.data import codecs
from wassr.data.folders import in_memory, read_levels
from wassr.data.jpeg_tables import Coding, coding
from wassr.data.stream import Key
from wassr.pixels.formats import picture_from_array
from wassr.training import make
from wassr.training.batches import stream_of
from wassr.training.recipe import Recipe

STREET = ROOT / "examples" / "train" / "street.webp"
SMALL = ("content.crop=32", "content.batch=3", "threads=1")


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    levels = read_levels(STREET)
    for i in range(3):
        Image.fromarray(levels[50 * i : 50 * i + 120, 100:260]).save(tmp_path / f"{i}.png")
    return conditioning.plan(tmp_path, None, "steps=2", SMALL)


def test_both_arms_begin_equal_and_the_fourth_plane_learns(recipe: Recipe) -> None:
    blind, _ = make.start_from(recipe, "compact-x4")
    told = conditioning.Told(blind)
    blind.in_bfloat16 = told.in_bfloat16 = False
    low = torch.rand(2, 3, 20, 24)
    made = told(conditioning.with_plane(low, torch.tensor([10.0, 90.0])))
    assert torch.allclose(made, blind(low), atol=1e-5)
    made.square().sum().backward()
    weight = told.network.head[0].weight
    assert weight.grad[:, 3].abs().max() > 0
    assert weight.shape[1] == 4
    assert blind.network.head[0].weight.grad is None  # an arm of its own


def test_what_is_told_is_what_the_stream_saved_at(recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    saved: list[int] = []

    def spy(tables: str, quality: int, chroma: str) -> Coding:
        saved.append(quality)
        return coding(tables, quality, chroma)

    monkeypatch.setattr(codecs, "coding", spy)
    assert recipe.content
    with stream_of(recipe, recipe.content, in_memory([read_levels(STREET)])) as stream:
        for key in (Key("generator", 0), Key("generator", 7), Key("critic", 1, 2)):
            saved.clear()
            stream.make(key)
            wanted = list(saved)
            assert len(wanted) == 3
            assert conditioning.drawn(stream, key).tolist() == wanted


def test_where_nothing_is_found_the_best_quality_is_told() -> None:
    levels = read_levels(STREET)
    assert conditioning.seen(picture_from_array(levels)) == 100
    found = conditioning.seen(picture_from_array(codecs.on_grid(levels, (0, 0), "JPEG", quality=50)))
    assert abs(found - 50) <= 2


def test_a_run_of_a_few_steps(recipe: Recipe) -> None:
    said: list[str] = []
    report = conditioning.compare(recipe, "compact-x4", said.append)
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
