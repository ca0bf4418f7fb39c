"""Folders of pictures: what is found, left out and told."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from wassr.data import folders
from wassr.data.folders import FileFacts, find_pictures, in_words, load_pictures, read_levels, split
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
    assert "slow: 2 of 3 pictures, beyond" in some.notes[0]
    for i in range(3):
        np.testing.assert_array_equal(some.levels(i), everything.levels(i))
    assert everything.notes == ()
    monkeypatch.setattr(folders, "read_levels", lambda path: pytest.fail("decoded again"))
    everything.levels(2)


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


def test_one_picture_is_no_pictures() -> None:
    assert [in_words(count) for count in (1, 2)] == ["1 picture", "2 pictures"]
