"""Pictures made by another program: names, sizes, and contents that belong to another name."""

from pathlib import Path

import numpy as np
import pytest

from tests.evaluation.material import levels, save
from wassr.evaluation.results import Results, match, named
from wassr.evaluation.scoring import bicubic, nearest
from wassr.evaluation.sets import DataSet, find_sets, read_case
from wassr.ground.errors import PictureError, UsageError

NAMES = ("bird", "butterfly", "head")


@pytest.fixture
def data(tmp_path: Path) -> DataSet:
    for i, name in enumerate(NAMES):
        save(tmp_path / "Set" / f"{name}.png", levels(64, 65 + 4 * (i == 2), seed=i))
    return find_sets([tmp_path / "Set"])[0]


def results_of(data: DataSet, folder: Path, pattern: str) -> Path:
    for path in data.paths:
        case = read_case(data, path, 4)
        save(folder / pattern.format(path.stem), bicubic(4)(case.low))
    return folder


@pytest.mark.parametrize(
    "file", ["bird.png", "bird.jpg", "bird_out.png", "bird-x4.png", "bird x4.webp", "birdx4_S.png"]
)
def test_names_that_are_a_birds(file: str) -> None:
    assert match(["bird", "birdcage"], [Path(file), Path("birdcage.png")], "d") == {
        "bird": Path(file),
        "birdcage": Path("birdcage.png"),
    }


@pytest.mark.parametrize("file", ["birds.png", "abird.png", "birdcage.png", "bir.png", "birdxl.png"])
def test_names_that_are_not(file: str) -> None:
    with pytest.raises(UsageError, match=r"--results d: no result of bird: name it bird\.png"):
        match(["bird"], [Path(file)], "d")


def test_an_equal_stem_wins_and_the_longer_original_owns() -> None:
    files = [Path(name) for name in ("img.png", "img_x4.png", "img_2_x4.png")]
    assert match(["img", "img_2"], files, "d") == {"img": Path("img.png"), "img_2": Path("img_2_x4.png")}


def test_two_files_for_one_original_are_told() -> None:
    with pytest.raises(UsageError, match=r"which result of img: img_a\.png and img_b\.png all may be it"):
        match(["img"], [Path("img_a.png"), Path("img_b.png")], "d")


def test_two_originals_of_one_name_are_told() -> None:
    with pytest.raises(UsageError, match="two originals are called img; rename one"):
        match(["img", "other", "img"], [Path("img.png"), Path("other.png")], "d")


@pytest.mark.parametrize("place", ["", "Set"])
def test_results_are_found_by_set_or_all_together(data: DataSet, tmp_path: Path, place: str) -> None:
    folder = results_of(data, tmp_path / "theirs" / place, "{}_x4.png")
    results = Results(tmp_path / "theirs", [data], 4)
    case = read_case(data, data.paths[1], 4)
    np.testing.assert_array_equal(results.make(case), bicubic(4)(case.low))
    (folder / "head_x4.png").unlink()
    with pytest.raises(UsageError, match="no result of head"):
        Results(tmp_path / "theirs", [data], 4)


def test_a_wrong_size_is_told_with_both_sizes(data: DataSet, tmp_path: Path) -> None:
    folder = results_of(data, tmp_path / "theirs", "{}.png")
    case = read_case(data, data.paths[0], 4)
    save(folder / "bird.png", nearest(2)(case.low))
    with pytest.raises(PictureError, match=r"bird\.png: is 32x32 pixels where bird\.png, cropped .* 4, is 64x64"):
        Results(folder, [data], 4).make(case)


def test_a_shuffled_pairing_is_noticed_by_its_names(data: DataSet, tmp_path: Path) -> None:
    folder = results_of(data, tmp_path / "theirs", "{}.png")
    (folder / "bird.png").rename(folder / "x")
    (folder / "butterfly.png").rename(folder / "bird.png")
    (folder / "head.png").rename(folder / "butterfly.png")  # of another size
    (folder / "x").rename(folder / "head.png")
    results = Results(folder, [data], 4)
    for path, shown in zip(data.paths, ("butterfly.png", "head.png", "bird.png"), strict=True):
        with pytest.raises(PictureError, match=rf"{path.name}: shows {shown}, not {path.name}: .* shuffled"):
            results.make(read_case(data, path, 4))


def test_a_bad_result_is_not_taken_for_a_shuffled_one(data: DataSet, tmp_path: Path) -> None:
    folder = results_of(data, tmp_path / "theirs", "{}.png")
    case = read_case(data, data.paths[0], 4)
    awful = np.full_like(bicubic(4)(case.low), 255)
    save(folder / "bird.png", awful)
    np.testing.assert_array_equal(Results(folder, [data], 4).make(case), awful)


def test_what_stands_on_a_command_line(tmp_path: Path) -> None:
    (tmp_path / "a=b").mkdir()
    assert named(f"theirs={tmp_path}") == ("theirs", tmp_path)
    assert named(str(tmp_path / "a=b")) == ("a=b", tmp_path / "a=b")
    assert named("some/where")[0] == "where"
    with pytest.raises(UsageError, match="write DIR or NAME=DIR"):
        named("name=")
    with pytest.raises(UsageError, match="no such folder"):
        Results(tmp_path / "none", [], 4)
