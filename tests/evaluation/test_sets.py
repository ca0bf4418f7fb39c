"""Which folders are sets, and their pictures as cases."""

from pathlib import Path

import numpy as np
import pytest

from tests.evaluation.material import levels, save
from wassr.evaluation.compressed import Saved, decoded, jpeg_file
from wassr.evaluation.sets import DataSet, at_qualities, find_sets, not_looked_into, read_case
from wassr.ground.errors import PictureError, UsageError
from wassr.pixels.resize import shrink


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("Two/b.png", "Two/a.jpg", "One/z.png"):
        save(tmp_path / "sets" / name, levels(48, 50))
    save(tmp_path / "sets" / "One" / "hidden" / "deep.png", levels(48, 50))
    (tmp_path / "sets" / "Two" / ".hidden.png").write_bytes(b"")
    (tmp_path / "sets" / "README.md").write_text("no picture")
    (tmp_path / "sets" / "empty").mkdir()
    return tmp_path / "sets"


def names(sets: tuple[DataSet, ...]) -> list[tuple[str, list[str]]]:
    return [(one.name, [path.name for path in one.paths]) for one in sets]


def test_a_folder_of_pictures_is_a_set_and_one_of_folders_is_several(tree: Path) -> None:
    assert names(find_sets([tree / "Two"])) == [("Two", ["a.jpg", "b.png"])]
    assert names(find_sets([tree])) == [("One", ["z.png"]), ("Two", ["a.jpg", "b.png"])]
    assert names(find_sets([tree / "Two", tree / "One"])) == [("Two", ["a.jpg", "b.png"]), ("One", ["z.png"])]
    assert names(find_sets([tree / "Two" / "b.png"])) == [("b", ["b.png"])]


def test_the_folder_that_one_stands_in_has_a_name(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree / "Two")
    assert names(find_sets(["."]))[0][0] == "Two"


@pytest.mark.parametrize(
    ("folder", "words"), [("none", "no such folder"), ("empty", "no pictures in it or in its sub")]
)
def test_missing_and_empty_folders_are_told(tree: Path, folder: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        find_sets([tree / folder])


def test_folders_that_are_not_looked_into_are_told(tmp_path: Path) -> None:
    sets, deep = tmp_path / "sets", tmp_path / "sets" / "One" / "deep" / "er"
    for path in (sets / "One" / "z.png", sets / "Two" / "a.png", sets / "Two" / ".thumbs" / "a.png"):
        save(path, levels(48, 48))
    assert not_looked_into([sets, sets / "Two", sets / "Two" / "a.png"], find_sets([sets])) == []
    save(deep / "x.png", levels(48, 48))
    (line,) = not_looked_into([sets], find_sets([sets]))
    assert line.startswith(f"--data {sets}: not looked into: {deep}; name them to have them")
    assert not_looked_into([sets, deep], find_sets([sets, deep])) == []
    save(sets / "y.png", levels(48, 48))
    assert str(sets / "Two") in not_looked_into([sets], find_sets([sets]))[0]


def test_two_sets_of_one_name_are_told(tree: Path, tmp_path: Path) -> None:
    save(tmp_path / "other" / "Two" / "c.png", levels(48, 48))
    with pytest.raises(UsageError, match=r"two sets are called Two .*other.*rename"):
        find_sets([tree, tmp_path / "other"])


def test_cases_with_and_without_originals(tree: Path) -> None:
    (one, _) = find_sets([tree])
    case = read_case(one, one.paths[0], 4)
    assert (case.data, case.name) == ("One", "z.png")
    np.testing.assert_array_equal(case.high, levels(48, 50)[:, :48])
    np.testing.assert_array_equal(case.low, shrink(levels(48, 50)[:, :48], 4))
    given = read_case(one, one.paths[0], 4, references=False)
    np.testing.assert_array_equal(given.low, levels(48, 50))
    assert given.high is None


def test_each_set_at_every_quality(tree: Path) -> None:
    qualities = (Saved(None), Saved(70, double=True))
    found = at_qualities(find_sets([tree]), qualities)
    assert [one.name for one in found] == ["One/clean", "One/jpeg-70-double", "Two/clean", "Two/jpeg-70-double"]
    assert [one.saved for one in found] == [*qualities] * 2
    assert found[0].paths == found[1].paths


def test_cases_that_were_saved_keep_the_file_and_the_clean_input(tree: Path) -> None:
    clean, saved = at_qualities(find_sets([tree / "One"]), (Saved(None), Saved(30)))
    case, plain = read_case(saved, saved.paths[0], 4), read_case(clean, clean.paths[0], 4)
    assert (case.data, plain.data) == ("One/jpeg-30", "One/clean")
    assert (plain.file, plain.clean) == (None, None)
    np.testing.assert_array_equal(plain.low, shrink(levels(48, 50)[:, :48], 4))
    np.testing.assert_array_equal(case.clean, plain.low)
    np.testing.assert_array_equal(case.high, plain.high)
    assert case.file == jpeg_file(plain.low, Saved(30))
    assert case.file is not None
    np.testing.assert_array_equal(case.low, decoded(case.file))
    assert (case.low != plain.low).any()


def test_a_small_or_broken_picture_is_named_by_its_path(tmp_path: Path) -> None:
    small = save(tmp_path / "s" / "small.png", levels(16, 16))
    with pytest.raises(PictureError, match=r"small.png: 16x16 pixels are too few") as caught:
        read_case(DataSet("s", (small,)), small, 4)
    assert caught.value.path == str(small)
    small.write_bytes(b"nothing")
    with pytest.raises(PictureError, match=r"s.small\.png: "):
        read_case(DataSet("s", (small,)), small, 4)
