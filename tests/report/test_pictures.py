"""Sample pictures: the right cells under the right words."""

import base64
import io
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from tests.report.material import WHOLE
from wassr.report.pictures import checkpoints, slider
from wassr.report.reading import Reading, read_run
from wassr.training.runfolder import RunFolder


def pictures(made: str) -> dict[str, np.ndarray]:
    """alt -> pixels."""
    found = re.findall(r'<img alt="([^"]+)"[^>]*base64,([^"]+)"', made)
    return {alt: np.array(Image.open(io.BytesIO(base64.b64decode(data)))) for alt, data in found}


def test_every_column_of_every_picture_is_there(run: Reading) -> None:
    strips, wishes = run.strips(), run.wishes()
    shown = pictures(slider(run))
    others = [step for step in wishes if step != WHOLE]
    assert len(shown) == 3 * (6 + len(others))
    for row in range(3):
        at = f"picture {row + 1}: "
        np.testing.assert_array_equal(shown[f"{at}original"], strips[WHOLE].cell(row, "high"))
        for step in others:
            words = f"{at}step {step}: {', '.join(wishes[step])}"
            np.testing.assert_array_equal(shown[words], strips[step].cell(row, "now"))
        now = next(words for words in shown if words.startswith(f"{at}now, step {WHOLE}"))
        np.testing.assert_array_equal(shown[now], strips[WHOLE].cell(row, "now"))
        np.testing.assert_array_equal(shown[f"{at}now - start, times 4"], 255 - strips[WHOLE].cell(row, "high"))


def test_start_against_now_or_bicubic_where_there_is_no_start(run: Reading, mine: Path) -> None:
    made = slider(run)
    assert re.findall(r'data-column="([^"]+)" class="left"', made) == ["start"] * 3
    assert re.findall(r'data-column="([^"]+)" class="right"', made) == ["now"] * 3
    for path in (mine / "samples").glob("*.png"):
        if path.name != "step-0.png":
            path.unlink()
    content = slider(replace(read_run(mine), courses=run.courses[:1]))
    assert re.findall(r'data-column="([^"]+)" class="left"', content) == ["bicubic"] * 3
    assert "difference" not in content


def test_advised_checkpoints_stand_beside_what_they_began_from(run: Reading) -> None:
    made = checkpoints(run)
    shown = pictures(made)
    assert list(shown)[:3] == ["original", "bicubic", "start"]
    for step, wishes in run.wishes().items():
        np.testing.assert_array_equal(shown[", ".join(wishes)], run.strips()[step].cell(0, "now"))
        assert f"step {step}<" in made
        assert Path(str(run.model(step))).name in made


def test_without_strips_there_is_no_slider_but_advice(run: Reading) -> None:
    bare = replace(run, folder=RunFolder(run.folder.path / "nowhere"))
    assert slider(bare) == ""
    assert "<img" not in checkpoints(bare)
    assert "balanced" in checkpoints(bare)
