"""Strips of samples: what is written is read again, what is not worth it goes."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.training.conftest import Make
from tests.training.test_checkpoints import course
from wassr.ground.errors import PictureError
from wassr.training.course import courses, pareto
from wassr.training.loop import train
from wassr.training.runfolder import RunFolder
from wassr.training.runlog import read_log
from wassr.training.samples import DIFFERENCES, Strip, kept_strips, prune_strips, read_strip, strip_file, write_strip


def strip() -> Strip:
    """Two columns, a row of 4 x 6 cells and a narrower one."""
    rng = np.random.default_rng(0)
    levels = rng.integers(0, 256, (4 + 3, 12, 3), dtype=np.uint8)
    levels[4:, 10:] = 0
    return Strip(("low", "now"), ((4, 6), (3, 5)), levels)


def test_a_strip_comes_back_cell_by_cell(tmp_path: Path) -> None:
    path, made = strip_file(tmp_path, 7), strip()
    write_strip(path, made)
    assert path.name == "step-7.png"
    found = read_strip(path)
    assert (found.columns, found.cells) == (made.columns, made.cells)
    np.testing.assert_array_equal(found.cell(0, "now"), made.levels[:4, 6:])
    np.testing.assert_array_equal(found.cell(1, "low"), made.levels[4:, :5])
    np.testing.assert_array_equal(found.cell(1, "now"), made.levels[4:, 5:10])


def test_other_files_are_refused(tmp_path: Path) -> None:
    plain = tmp_path / "plain.png"
    Image.fromarray(strip().levels).save(plain)
    (tmp_path / "torn.png").write_bytes(plain.read_bytes()[:60])
    wrong = strip()
    write_strip(tmp_path / "wrong.png", Strip(wrong.columns, ((4, 6),), wrong.levels))
    for name in ("plain.png", "torn.png", "wrong.png", "absent.png"):
        with pytest.raises(PictureError, match=f"{name}: is no .*strip of samples"):
            read_strip(tmp_path / name)


def test_those_of_kept_checkpoints_and_the_last_stay(tmp_path: Path) -> None:
    for step in (10, 20, 30, 40, 50):
        strip_file(tmp_path, step).touch()
        strip_file(tmp_path, step, DIFFERENCES).touch()
    prune_strips(tmp_path, course((27.0, 0.3), (26.5, 0.2), (26.4, 0.25), (26.3, 0.21)))
    assert list(kept_strips(tmp_path)) == [10, 30]  # 20 is beaten, 40 and 50 are not reached
    assert list(kept_strips(tmp_path, DIFFERENCES)) == [10, 30]


def test_those_of_an_earlier_stage_stay(tmp_path: Path) -> None:
    later = course((27.0, 0.3), (26.5, 0.2))
    for step in (0, 5, 10):
        strip_file(tmp_path, step).touch()
    points = tuple(type(point)(point.step + 10, point.values) for point in later.points)
    prune_strips(tmp_path, type(later)("adversarial", points, None, (), "LPIPS"))
    assert list(kept_strips(tmp_path)) == [0, 5, 10]


@pytest.mark.slow
def test_a_run_keeps_strips_of_its_checkpoints(recipe: Make, no_export: None, tmp_path: Path) -> None:
    plan = recipe(content={"steps": 2, "validate_every": 1}, adversarial={"steps": 2, "validate_every": 1})
    train(plan, tmp_path / "run", say=lambda line: None)
    folder = RunFolder(tmp_path / "run")
    content, adversarial = courses(read_log(folder.log))
    for found in (content, adversarial):
        last, kept = found.points[-1].step, {point.step for point in pareto(found.points)}
        mine = {step for step in kept_strips(folder.samples) if found.start.step < step <= last}
        assert mine == {step for step in kept | {last} if step > found.start.step}
    assert read_strip(strip_file(folder.samples, 0)).columns == ("low", "bicubic", "now", "high")
    assert read_strip(strip_file(folder.samples, 4)).columns == ("low", "bicubic", "start", "now", "high")
    begin = read_strip(strip_file(folder.samples, 2))
    np.testing.assert_array_equal(begin.cell(0, "start"), begin.cell(0, "now"))
    difference = read_strip(strip_file(folder.samples, 2, DIFFERENCES))
    assert (difference.cell(0, "difference") == 128).all()
