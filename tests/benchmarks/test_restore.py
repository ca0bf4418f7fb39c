"""Cleaning at the same size: who is compared, and that an enlarger is asked for its input's size."""

from dataclasses import replace
from pathlib import Path

import jpeg
import jpeg_page as page
import numpy as np
import pytest
import restore
from PIL import Image

from wassr.evaluation.compressed import Saved, decoded, jpeg_file
from wassr.evaluation.scoring import Case
from wassr.models.shelf import find
from wassr.pixels.formats import read_picture, to_array
from wassr.upscaling.target import Target


def test_an_enlarger_gives_the_size_of_its_input() -> None:
    ramp = np.linspace(0, 255, 40 * 48 * 3).reshape(40, 48, 3).astype(np.uint8)
    file = jpeg_file(ramp, Saved(50))
    assert file is not None
    entry = restore.reduced(find("espcn-x4"))
    made = entry.subject.make(Case("x", "x.png", decoded(file), None, file))
    assert made.shape == ramp.shape
    wanted = jpeg.opened(find("espcn-x4")).enlarge(read_picture(file, "x"), Target(factor=1), name="x")
    np.testing.assert_array_equal(made, to_array(wanted, np.uint8))


def test_the_table_is_filled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of one small picture; what was saved is the line to stay above."""
    (tmp_path / "data" / "Set14").mkdir(parents=True)
    levels = np.random.default_rng(0).integers(0, 256, (12, 12, 3), dtype=np.uint8)
    Image.fromarray(levels).resize((72, 72), Image.Resampling.BICUBIC).save(tmp_path / "data" / "Set14" / "a.png")
    copied = tmp_path / "jpeg.md"
    copied.write_text(jpeg.PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(jpeg, "PAGE", copied)
    monkeypatch.setattr(jpeg, "RESTORER", "none-x1")
    monkeypatch.setattr(restore, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(restore, "PART", replace(restore.PART, qualities="50", metrics=restore.SHOWN))
    monkeypatch.setattr(restore.machine, "RESULTS", tmp_path)
    given = ["--data", str(tmp_path / "data")]
    monkeypatch.setattr(page, "FAITHFUL", "espcn-x4")
    assert restore.main(given) == 0
    assert "none-x1 is left out: " in capsys.readouterr().out
    tables = copied.read_text(encoding="utf-8").split("<!-- restored -->")[1].split("<!-- /restored -->")[0]
    assert [line.split("|")[1].strip() for line in tables.strip().split("\n\n")[0].splitlines()] == [
        "psnr_y ↑",
        "---",
        page.BICUBIC,
        restore.REDUCED,
    ]
    assert (tmp_path / "restore.json").is_file()
