"""Folders of pictures: what is found, left out and told."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from wassr.data import decoded, folders
from wassr.data.decoded import FileFacts
from wassr.data.folders import find_pictures, load_pictures, read_levels, split
from wassr.ground.errors import PictureError, TrainingError
from wassr.pixels.formats import picture_from_array, write_picture


def save(path: Path, height: int = 40, width: int = 48, mode: str = "RGB") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    levels = np.random.default_rng(height + width).integers(0, 256, (height, width, 3), dtype=np.uint8)
    Image.fromarray(levels).convert(mode).save(path)
    return path


def test_finds_all_formats_below_in_one_order(tmp_path: Path) -> None:
    names = ["b/z.png", "a.JPG", "b/c.webp", "d.tiff", "e.bmp"]
    for name in names:
        save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("x")
    save(tmp_path / ".hidden.png")
    found = find_pictures([tmp_path])
    assert [str(p.relative_to(tmp_path)) for p in found] == sorted(names)
    assert find_pictures([tmp_path / "a.JPG", tmp_path / "b"]) == [
        tmp_path / n for n in ("a.JPG", "b/c.webp", "b/z.png")
    ]


def test_missing_and_empty_folders_are_told(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"~no-such-user.x: no such folder"):
        find_pictures(["~no-such-user/x"])
    with pytest.raises(TrainingError, match=r"absent: no such folder"):
        find_pictures([tmp_path / "absent"])
    with pytest.raises(TrainingError, match=r"no pictures in it \(known: .*\.png"):
        find_pictures([tmp_path])


@pytest.mark.parametrize("mode", ["RGB", "L", "LA", "RGBA", "P", "1"])
def test_every_kind_becomes_rgb(tmp_path: Path, mode: str) -> None:
    levels = read_levels(save(tmp_path / "a.png", mode=mode))
    assert levels.shape == (40, 48, 3)
    assert levels.dtype == np.uint8
    with Image.open(tmp_path / "a.png") as picture:
        assert np.abs(levels.astype(int) - np.asarray(picture.convert("RGB")).astype(int)).max() <= 1


def test_bad_and_small_ones_are_left_out_and_told(tmp_path: Path) -> None:
    save(tmp_path / "good.png")
    save(tmp_path / "small.png", 20, 100)
    (tmp_path / "bad.png").write_bytes(b"no picture")
    pictures = load_pictures(find_pictures([tmp_path]), 32, 1.0)
    assert pictures.names == ("good.png",)
    assert pictures.sizes == ((40, 48),)
    assert any("1 of 3 pictures, unreadable" in note for note in pictures.notes)
    assert any("1 of 3 pictures, smaller than the crop of 32" in note for note in pictures.notes)
    with pytest.raises(TrainingError, match=r"64 x 64 pixels \(1 unreadable, 2 smaller\)"):
        load_pictures(find_pictures([tmp_path]), 64, 1.0)
    with pytest.raises(PictureError, match=r"bad\.png"):
        read_levels(tmp_path / "bad.png")


def test_what_does_not_fit_into_memory_is_decoded_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [save(tmp_path / f"{i}.png") for i in range(3)]
    everything = load_pictures(paths, 32, 1.0)
    some = load_pictures(paths, 32, 1.5 * 40 * 48 * 3 / 1e9)
    assert [levels is None for levels in some.cached] == [False, True, True]
    (note,) = some.notes
    assert re.fullmatch(
        r"1 of 3 pictures fit into data\.cache_gigabytes: 8\.64e-06; each crop from the others decodes a whole "
        r"picture, \S+ s: slow; data\.cache_gigabytes=0\.1 holds all in memory, "
        r"data\.cache_folder=DIR keeps 0\.1 GB of them decoded on disk",
        note,
    )
    for i in range(3):
        np.testing.assert_array_equal(some.levels(i), everything.levels(i))
    assert everything.notes == ()
    monkeypatch.setattr(folders, "read_levels", lambda path: pytest.fail("decoded again"))
    everything.levels(2)


NOTHING = 1e-9  # gigabytes


def test_what_does_not_fit_into_memory_is_kept_in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [save(tmp_path / f"{i}.png", mode=mode) for i, mode in enumerate(("RGB", "L", "RGBA"))]
    everything = load_pictures(paths, 32, 1.0)
    folder = tmp_path / "made" / "here"
    kept = load_pictures(paths, 32, 1.5 * 40 * 48 * 3 / 1e9, folder=folder)
    assert [type(cached) is np.ndarray for cached in kept.cached] == [True, False, False]
    assert len(list(folder.iterdir())) == 2  # what is in memory needs no file
    assert kept.notes == ()
    monkeypatch.setattr(folders, "read_rgb", lambda path: pytest.fail("decoded again"))
    again = load_pictures(paths[1:], 32, NOTHING, folder=folder)
    into_memory = load_pictures(paths[1:], 32, 1.0, folder=folder)
    assert again.facts == into_memory.facts == everything.facts[1:]
    assert again.sizes == everything.sizes[1:]
    for i in range(3):
        np.testing.assert_array_equal(kept.levels(i), everything.levels(i))
    for i in range(2):
        np.testing.assert_array_equal(again.levels(i), everything.levels(i + 1))
        np.testing.assert_array_equal(into_memory.levels(i), everything.levels(i + 1))
        assert into_memory.levels(i).flags.owndata


def test_a_picture_that_has_changed_is_decoded_anew(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png")
    load_pictures([path], 32, NOTHING, folder=tmp_path / "cache")
    Image.new("RGB", (50, 60), (1, 2, 3)).save(path)
    changed = load_pictures([path], 32, NOTHING, folder=tmp_path / "cache")
    assert changed.sizes == ((60, 50),)
    assert (changed.levels(0) == (1, 2, 3)).all()


@pytest.mark.parametrize("damage", ["torn", "empty", "foreign", "header"])
def test_a_torn_or_foreign_file_is_made_anew(tmp_path: Path, damage: str) -> None:
    path, folder = save(tmp_path / "a.png"), tmp_path / "cache"
    load_pictures([path], 32, NOTHING, folder=folder)
    (file,) = folder.iterdir()
    whole = file.read_bytes()
    bad = {"torn": whole[:-1], "empty": b"", "foreign": b"\xff" * len(whole), "header": b"[]" + whole[2:]}
    file.unlink()
    file.write_bytes(bad[damage])
    np.testing.assert_array_equal(load_pictures([path], 32, NOTHING, folder=folder).levels(0), read_levels(path))
    assert [found.read_bytes() for found in folder.iterdir()] == [whole]


def test_a_full_disk_is_told_and_the_rest_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [save(tmp_path / f"{i}.png") for i in range(3)]
    folder = tmp_path / "cache"
    load_pictures(paths[:1], 32, NOTHING, folder=folder)
    monkeypatch.setattr(decoded, "RESERVE", 1e18)
    full = load_pictures(paths, 32, NOTHING, folder=folder)
    assert [cached is None for cached in full.cached] == [False, True, True]
    (note,) = full.notes
    assert f", 1 into data.cache_folder: {folder} (less than 1e+09 GB would stay free on its disk); each crop" in note
    assert note.endswith("gigabytes=0.1 holds all in memory, 0.1 GB in a data.cache_folder keep decoded on disk")
    for i in range(3):
        np.testing.assert_array_equal(full.levels(i), read_levels(paths[i]))
    (tmp_path / "file").write_bytes(b"")
    (note,) = load_pictures(paths, 32, NOTHING, folder=tmp_path / "file" / "below").notes
    assert "(Not a directory)" in note


def test_a_folder_that_is_cleared_meanwhile_costs_time_only(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png")
    pictures = load_pictures([path], 32, NOTHING, folder=tmp_path / "cache")
    for file in (tmp_path / "cache").iterdir():
        file.unlink()
    np.testing.assert_array_equal(pictures.levels(0), read_levels(path))


def test_split_is_disjoint_and_complete() -> None:
    for count in (2, 5, 20, 61):
        paths = [Path(f"{i}.png") for i in range(count)]
        train, held = split(paths)
        assert held
        assert train
        assert sorted(train + held) == sorted(paths)
    with pytest.raises(TrainingError, match=r"data\.valid"):
        split([Path("a.png")])


def test_pictures_of_every_depth_and_colour(tmp_path: Path) -> None:
    """16 bits are rounded to 8, gray becomes three equal channels, alpha goes, CMYK becomes RGB."""
    deep = np.random.default_rng(0).integers(0, 65536, (40, 48, 3), dtype=np.uint16)
    write_picture(picture_from_array(deep), tmp_path / "deep.png")
    for name, mode in (("gray.png", "L"), ("clear.png", "LA"), ("print.jpg", "CMYK"), ("web.webp", "RGB")):
        save(tmp_path / name, mode=mode)
    pictures = load_pictures(find_pictures([tmp_path]), 32, 1.0)
    levels = dict(zip(pictures.names, (pictures.levels(i) for i in range(len(pictures))), strict=True))
    assert {(pixels.shape, pixels.dtype) for pixels in levels.values()} == {((40, 48, 3), np.dtype(np.uint8))}
    np.testing.assert_array_equal(levels["deep.png"], np.floor(deep / 257 + 0.5))
    for name in ("gray.png", "clear.png"):
        assert (levels[name] == levels[name][..., :1]).all()
    assert not (levels["print.jpg"] == levels["print.jpg"][..., :1]).all()
    facts = dict(zip(pictures.names, pictures.facts, strict=True))
    assert {name: (fact.format, fact.bits, fact.gray) for name, fact in facts.items()} == {
        "deep.png": ("PNG", 16, False),
        "gray.png": ("PNG", 8, True),
        "clear.png": ("PNG", 8, True),
        "print.jpg": ("JPEG", 8, False),
        "web.webp": ("lossy WEBP", 8, False),
    }


def test_dark_and_flat_ones_are_known(tmp_path: Path) -> None:
    Image.new("RGB", (40, 40), (7, 7, 7)).save(tmp_path / "a.png")
    levels = np.zeros((40, 40, 3), dtype=np.uint8)
    levels[20:] = 20
    Image.fromarray(levels).save(tmp_path / "b.webp", lossless=True)
    flat, dark = load_pictures(find_pictures([tmp_path]), 32, 1.0).facts
    assert flat == FileFacts("PNG", 8, False, 7.0, True)
    assert dark == FileFacts("WEBP", 8, False, 10.0, False)
