"""Models of every kind as one type."""

from pathlib import Path

import numpy as np
import pytest

from tests.evaluation.material import levels, save
from tests.upscaling.tiny import tiny_card, tiny_model
from wassr import Upscaler
from wassr.evaluation.compressed import Saved
from wassr.evaluation.scoring import bicubic, case_of, nearest
from wassr.evaluation.sets import at_qualities, find_sets, read_case
from wassr.evaluation.subjects import Subject, chosen, common_scale, distinct, find_model, subject
from wassr.ground.errors import UsageError
from wassr.pixels.picture import Picture, picture_from_array, to_array
from wassr.upscaling.engines import Wish

CASE = case_of("Set", "a.png", levels(64, 72), 4)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("models") / "tiny-x4.onnx")


def test_a_model_makes_what_the_upscaler_makes(model: Path) -> None:
    one = subject(str(model), 4, Wish(precision="float32", threads=1))
    assert (one.name, one.scale, one.how, one.asked) == ("tiny-x4", 4, "openvino, float32", str(model))
    assert one.file is not None
    np.testing.assert_array_equal(one.make(CASE), Upscaler(model, precision="float32", threads=1)(CASE.low))


def test_a_jpeg_comes_as_the_file_that_it_is(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (one,) = at_qualities(find_sets([save(tmp_path / "a.png", levels(64, 72))]), [Saved(40)])
    case, seen = read_case(one, one.paths[0], 4), list[Picture]()

    def spy(_: Upscaler, picture: Picture, name: str) -> Picture:
        seen.append(picture)
        return picture_from_array(nearest(4)(case.low))

    monkeypatch.setattr(Upscaler, "enlarge", spy)
    made = subject(str(model), 4, Wish(precision="float32", threads=1)).make(case)
    np.testing.assert_array_equal(made, nearest(4)(case.low))
    np.testing.assert_array_equal(to_array(seen[0]), case.low)
    assert seen[0].jpeg is not None
    assert seen[0].jpeg.quality == 40


def test_bicubic_is_a_model_like_any_other() -> None:
    one = subject("bicubic", 4, Wish())
    assert (one.name, one.scale, one.file) == ("bicubic", 4, None)
    np.testing.assert_array_equal(one.make(CASE), bicubic(4)(CASE.low))


def test_the_scale_is_the_models_own(model: Path, tmp_path: Path) -> None:
    half = tiny_model(tmp_path / "tiny-x2.onnx", tiny_card(scale=2))
    assert common_scale(["bicubic"], None) == 4
    assert common_scale(["bicubic", "nearest"], 3) == 3
    assert common_scale(["bicubic", str(half)], None) == 2
    with pytest.raises(UsageError, match=r"one table, one scale: .*tiny-x4\.onnx x4, .*tiny-x2\.onnx x2"):
        common_scale([str(model), str(half)], None)
    with pytest.raises(UsageError, match=r"--scale 3: .*tiny-x4\.onnx x4"):
        common_scale(["bicubic", str(model)], 3)


@pytest.mark.parametrize(
    ("name", "guess"), [("bicubci", "bicubic"), ("neerest", "nearest"), ("compactx4", "compact-x4")]
)
def test_an_unknown_model_is_told_the_nearest(name: str, guess: str) -> None:
    with pytest.raises(UsageError, match=f"{name}: no such model; did you mean {guess}"):
        find_model(name)


def test_a_folder_of_pictures_among_the_models_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"is a folder; .*; a folder of pictures needs --data before it, each one"):
        find_model(str(tmp_path))


def plain(name: str, asked: str = "") -> Subject:
    return Subject(name, 4, "how", lambda case: case.low, asked or name)


def test_equal_names_are_told_apart_with_what_was_asked_for() -> None:
    found = distinct([plain("a", "x/a.onnx"), plain("b"), plain("a", "y/a.onnx"), plain("a", "z/a.onnx")])
    assert [one.name for one in found] == ["a", "b", "a (2)", "a (3)"]
    assert [one.how for one in found] == ["how", "how", "y/a.onnx; how", "z/a.onnx; how"]


def test_the_one_that_others_are_compared_with() -> None:
    subjects = [plain("a", "x/a.onnx"), plain("b")]
    assert chosen(subjects, "").name == "a"
    assert chosen(subjects, "b").name == "b"
    assert chosen(subjects, "x/a.onnx").name == "a"
    with pytest.raises(UsageError, match="--against c: is not evaluated here; choose a, b"):
        chosen(subjects, "c")
