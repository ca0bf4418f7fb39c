"""The page of crops: one file, the right windows, the table and its protocol."""

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.evaluation.material import comparison, levels, save
from tests.pages import checked
from wassr.evaluation.comparison import compare
from wassr.evaluation.compressed import Saved
from wassr.evaluation.metrics import METRICS
from wassr.evaluation.page import CROP, chosen, page, window
from wassr.evaluation.scoring import bicubic, nearest
from wassr.evaluation.sets import DataSet, at_qualities, find_sets, read_case
from wassr.evaluation.subjects import Subject

FEW = {name: METRICS[name] for name in ("psnr_y", "lr_consistency")}
SUBJECTS = (
    Subject("bicubic", 4, "rounded", lambda case: bicubic(4)(case.low)),
    Subject("<i>&", 4, "repeated", lambda case: nearest(4)(case.low)),
)


@pytest.fixture
def sets(tmp_path: Path) -> tuple[DataSet, ...]:
    for i in range(3):
        save(tmp_path / "Set" / f"{i}.png", levels(120, 132, seed=i))
    return find_sets([tmp_path / "Set"])


def test_one_sound_file_without_links_or_scripts(sets: tuple[DataSet, ...]) -> None:
    made = page(compare(SUBJECTS, sets, FEW, "bicubic"), SUBJECTS, sets)
    parser = checked(made)
    assert parser.seen.count("img") == 3 * 4  # original, input, two models
    assert "script" not in parser.seen
    assert "http" not in made.replace("http-equiv", "")
    assert "prefers-color-scheme: dark" in made
    assert "width=device-width" in made
    assert "BT.601 studio Y, rounded; border = scale; 8 bit" in made
    assert "&lt;i&gt;&amp;" in made
    assert "<i>" not in made


def test_crops_are_cut_from_what_was_made(sets: tuple[DataSet, ...]) -> None:
    found = compare(SUBJECTS, sets, FEW, "bicubic")
    made = page(found, SUBJECTS, sets)
    pictures = [
        np.array(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))
        for data in re.findall(r"base64,([^\"]+)", made)[:4]
    ]
    data, name = chosen(found)[0]
    assert data == "Set"
    case = read_case(sets[0], next(path for path in sets[0].paths if path.name == name), 4)
    results = [bicubic(4)(case.low), nearest(4)(case.low)]
    top, left, height, width = window(results, 4)
    assert height == width == CROP
    for shown, whole in zip(pictures, [case.high, nearest(4)(case.low), *results], strict=True):
        assert whole is not None
        np.testing.assert_array_equal(shown, whole[top : top + height, left : left + width])
    assert f"psnr_y {found.score('bicubic', 'Set').pictures[int(name[0])].values['psnr_y']:.2f} dB" in made


@pytest.mark.parametrize(("row", "column"), [(0, 0), (100, 40), (40, 150), (104, 152)])
def test_the_window_is_where_results_differ(row: int, column: int) -> None:
    one = levels(200, 248)
    other = one.copy()
    other[row : row + 96, column : column + 96] ^= 128
    top, left, height, width = window([one, one, other], 4)
    assert (height, width) == (96, 96)
    assert (abs(top - row) <= 4, abs(left - column) <= 4) == (True, True)
    assert top % 4 == left % 4 == 0


def test_windows_of_equal_and_of_small_results() -> None:
    one = levels(200, 248)
    assert window([one, one], 4) == (52, 76, 96, 96)
    small = levels(40, 120)
    assert window([small, small], 4)[2:] == (40, 96)
    assert window([one], 7)[2:] == (91, 91)


def test_the_widest_pictures_are_chosen() -> None:
    found = comparison(a={"psnr_y": [30.0, 30.0, 30.0]}, b={"psnr_y": [30.1, 28.0, 30.0]}, c={"psnr_y": [30, 30, 31]})
    assert chosen(found) == [("Set", "b.png"), ("Set", "c.png"), ("Set", "a.png")]
    assert chosen(found, 1) == [("Set", "b.png")]
    assert chosen(comparison(a={"psnr_y": [30.0, 31.0]})) == [("Set", "a.png"), ("Set", "b.png")]


def test_inputs_saved_as_jpeg_have_charts_and_crops_of_their_own(sets: tuple[DataSet, ...]) -> None:
    asked = at_qualities(sets, (Saved(None), Saved(10)))
    plain, made = (page(compare(SUBJECTS, some, FEW, "bicubic"), SUBJECTS, some) for some in (sets, asked))
    parser = checked(made)
    assert (parser.seen.count("svg"), plain.count("<svg")) == (2, 0)
    assert "http" not in made.replace("http-equiv", "")
    assert "<h3>Set/jpeg-10: " in made
    assert "<h3>Set/clean: " in made
    name = made.partition("<h3>Set/jpeg-10: ")[2].partition("<")[0]
    shown = made.partition(f"<h3>Set/jpeg-10: {name}")[2]
    data = re.findall(r"base64,([^\"]+)", shown)[1]  # the original, then the input
    case = read_case(asked[1], next(path for path in asked[1].paths if path.name == name), 4)
    top, left, height, width = window([subject.make(case) for subject in SUBJECTS], 4)
    crop = np.array(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))
    np.testing.assert_array_equal(crop, nearest(4)(case.low)[top : top + height, left : left + width])


def test_one_model_without_originals(sets: tuple[DataSet, ...]) -> None:
    metrics = {"lr_consistency": METRICS["lr_consistency"]}
    made = page(compare(SUBJECTS[:1], sets, metrics, "bicubic", references=False), SUBJECTS[:1], sets, references=False)
    assert "<b>original</b>" not in made
    assert made.count("<img") == 6
