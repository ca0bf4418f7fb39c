"""What a run learns from: told in one line, held-out pictures apart, notes about what was left out."""

import shutil
from pathlib import Path

import pytest
from PIL import Image

from tests.training.conftest import Make, waves
from wassr.ground.errors import TrainingError
from wassr.training import material
from wassr.training.material import load_material


def test_one_line_tells_all_and_held_out_pictures_are_apart(recipe: Make, pictures: Path) -> None:
    said: list[str] = []
    found = load_material(recipe(content={}), said.append)
    assert said == ["tiny: 4 pictures, 0.0 megapixels; 1 held out; 1 threads, float32"]
    assert found.words == "4 pictures, 0.0 megapixels; 1 held out"
    assert {pair.name for pair in found.pairs}.isdisjoint(found.pictures.names)


def test_a_folder_of_held_out_pictures(recipe: Make, pictures: Path, tmp_path: Path) -> None:
    Image.fromarray(waves(64, 64, 9)).save(tmp_path / "held.png")
    (tmp_path / "bad.png").write_bytes(b"")
    data = {"train": [str(pictures)], "valid": [str(tmp_path)]}
    found = load_material(recipe(content={}, data=data), lambda line: None)
    assert len(found.pictures) == 5
    assert [pair.name for pair in found.pairs] == ["held.png"]


def test_what_was_left_out_is_told(recipe: Make, pictures: Path, tmp_path: Path) -> None:
    for name, content in (("bad.png", b""), ("held/held.png", next(pictures.glob("*.png")).read_bytes())):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    said: list[str] = []
    data = {"train": [str(pictures), str(tmp_path)], "valid": [str(tmp_path / "held")]}
    load_material(recipe(content={}, data=data), said.append)
    assert said[1:] == ["warning: left out: 1 of 6 pictures, unreadable"]


def test_held_out_pictures_below_the_others_are_not_learnt_from(recipe: Make, pictures: Path, tmp_path: Path) -> None:
    shutil.copytree(pictures, tmp_path / "all")
    Image.fromarray(waves(64, 64, 9)).save(tmp_path / "all" / "held.png")
    valid = [str(tmp_path / "all" / "." / "held.png")]
    data = {"train": [str(tmp_path / "all")], "valid": valid}
    found = load_material(recipe(content={}, data=data), lambda line: None)
    assert len(found.pictures) == 5
    assert "held.png" not in found.pictures.names
    with pytest.raises(TrainingError, match=r"data\.valid holds out every picture"):
        load_material(recipe(content={}, data={"train": valid, "valid": valid}), lambda line: None)


def test_crops_larger_than_all_pictures(recipe: Make, pictures: Path) -> None:
    with pytest.raises(TrainingError, match="at least 68 x 68 pixels"):
        load_material(recipe(content={"crop": 68}), lambda line: None)


def test_degraded_pictures_are_told_and_held_out_ones_go_the_same_way(recipe: Make, pictures: Path) -> None:
    plain = load_material(recipe(content={}), lambda line: None)
    data = {"train": [str(pictures)], "degradations": [{"jpeg": {"quality": [20, 20]}}, {"webp": {}}]}
    found = load_material(recipe(content={}, data=data), lambda line: None)
    assert found.words == "4 pictures, 0.0 megapixels; 1 held out; low side: reduce, jpeg, webp"
    assert (found.pairs[0].high == plain.pairs[0].high).all()
    assert (found.pairs[0].low != plain.pairs[0].low).mean() > 0.5


def test_held_out_pictures_always_go_through_the_codec(recipe: Make, pictures: Path) -> None:
    data = {"train": [str(pictures)], "degradations": [{"jpeg": {"quality": [20, 20]}}]}
    codec, tensor = (
        load_material(recipe(content={}, data=data | {"jpeg": jpeg}), lambda line: None).pairs[0].low
        for jpeg in ("codec", "tensor")
    )
    assert (codec == tensor).all()


def test_no_more_are_held_out_than_can_be_watched(
    recipe: Make, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(material, "EVERY", 1)
    monkeypatch.setattr(material, "MOST_HELD", 2)
    found = load_material(recipe(content={}), lambda line: None)
    assert (len(found.pictures), len(found.pairs)) == (3, 2)
