"""Whole pictures taught before the first step: what the teacher makes of crops, kept, and lost by nobody."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.training.conftest import Make, waves
from wassr.data.folders import find_pictures, load_pictures
from wassr.data.stream import Batch, Key
from wassr.ground.errors import TrainingError
from wassr.models.modelfile import load_weights
from wassr.pixels.resize import shrink
from wassr.training import ahead as module
from wassr.training import make
from wassr.training.ahead import Ahead
from wassr.training.loop import train
from wassr.training.material import load_material
from wassr.training.recipe import Recipe, Teacher
from wassr.training.runlog import read_log, series
from wassr.training.teaching import teaching
from wassr.upscaling.upscaler import Upscaler


def silent(line: str) -> None:
    """Nobody listens."""


def ahead(master: Path, recipe: Make, folder: Path | None = None, **other: object) -> tuple[Recipe, Teacher]:
    """A recipe with a teacher that teaches ahead, at half a share, and that teacher."""
    data = {"data": {"train": [str(folder)]}} if folder else {}
    spec = Teacher(model=str(master), ahead=True, share=0.5)
    return recipe(content={"teacher": spec.model_dump()}, **(data | other)), spec


def results(recipe: Recipe) -> list[np.ndarray]:
    """Copies of all that its teacher made, as a run has them."""
    material = load_material(recipe, silent)
    (taught,) = material.ahead.values()
    return [taught.levels(i).copy() for i in range(len(material.pictures))]


@pytest.mark.parametrize("gray", [False, True])
def test_of_whole_pictures_it_makes_what_it_makes_of_crops(
    master: Path, recipe: Make, tmp_path: Path, gray: bool
) -> None:
    Image.fromarray(waves(67, 73, 1)).save(tmp_path / "a.png")
    Image.fromarray(waves(64, 72, 2)).save(tmp_path / "b.png")
    student = {"generator": {"network": "espcn", "channels": "y"}} if gray else {}
    whole, spec = ahead(master, recipe, tmp_path, **student)
    pictures = load_pictures(find_pictures([tmp_path]), 32, 1.0)
    taught = Ahead(spec, whole, pictures)
    at_once = teaching(spec.model_copy(update={"ahead": False, "share": 1.0}), recipe(content={}, **student))
    for index in range(2):
        levels, made = pictures.levels(index), taught.levels(index)
        high = torch.from_numpy(levels[:64, :72].copy()).permute(2, 0, 1)[None] / 255
        low = torch.from_numpy(shrink(levels[:64, :72], 4)).permute(2, 0, 1)[None] / 255
        if gray:
            share = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
            high, low = ((part * share).sum(1, keepdim=True) for part in (high, low))
            low = (low * 255).round() / 255
        wanted = at_once(Batch(low, high)).wanted[0].permute(1, 2, 0).numpy() * 255
        seen = made[:64, :72] @ np.array([[0.299], [0.587], [0.114]]) if gray else made[:64, :72]
        assert np.abs(seen - wanted).max() <= 0.51
        assert np.array_equal(made[64:], levels[64:])  # a rim that is no pixel of the low side
        assert np.array_equal(made[:, 72:], levels[:, 72:])
        assert np.abs(made[:64, :72].astype(float) - levels[:64, :72]).mean() > 1  # otherwise nothing was shown


def test_its_results_are_what_a_run_learns(master: Path, recipe: Make, tmp_path: Path) -> None:
    whole, spec = ahead(master, recipe)
    model = train(whole, tmp_path / "run", say=silent)
    assert load_weights(model)[1].losses == "l1 1; target: results of master (CC0-1.0), share 0.5"
    with load_material(whole, silent).stream(whole, make.stage_of(whole, "content")) as stream:
        first = stream.make(Key("generator", 0))
        assert stream.make(Key("critic", 0)).target is None
    with torch.no_grad():
        made = make.new_generator(whole)(first.low)
    wanted = float((made - teaching(spec, whole)(first).wanted).abs().mean())
    assert series(read_log(tmp_path / "run" / "log.jsonl"), "loss/l1")[0][1] == pytest.approx(wanted, rel=1e-4)
    assert abs(wanted - float((made - first.high).abs().mean())) > 0.01  # the originals are another target


def test_they_are_kept_for_the_next_run(
    master: Path, recipe: Make, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _ = ahead(master, recipe, data={"train": [str(pictures)], "cache_folder": str(tmp_path / "kept")})
    made = results(whole)
    one = next((tmp_path / "kept").rglob("*.pixels"))
    torn = one.read_bytes()[:-1]
    one.unlink()
    one.write_bytes(torn)
    enlarged: list[int] = []
    ask = Upscaler.__call__
    monkeypatch.setattr(Upscaler, "__call__", lambda *a: enlarged.append(1) or ask(*a))
    assert all(np.array_equal(*pair) for pair in zip(results(whole), made, strict=True))
    assert enlarged == [1]
    assert not load_material(whole, silent, past_content=True).ahead


def test_nobody_takes_up_what_another_teacher_or_precision_made(
    master: Path, recipe: Make, pictures: Path, tmp_path: Path
) -> None:
    data = {"train": [str(pictures)], "cache_folder": str(tmp_path)}
    spec = Teacher(model=str(master), ahead=True)
    found = load_pictures(find_pictures([pictures]), 32, 1.0)
    gray = {"generator": {"network": "espcn", "channels": "y"}}
    cases = [
        Ahead(spec, recipe(content={}, data=data), found),
        Ahead(spec, recipe(content={}, data=data, **gray), found),
        Ahead(Teacher(model="compact-x4", ahead=True), recipe(content={}, data=data), found),
    ]
    near = Ahead(spec, recipe(content={}, data=data, precision="bfloat16"), found)
    cases += [near] if near.upscaler.engine.precision == "bfloat16" else []
    assert len({case.folder for case in cases}) == len(cases)


def test_a_folder_that_is_cleared_costs_time_only(master: Path, recipe: Make, pictures: Path, tmp_path: Path) -> None:
    whole, spec = ahead(master, recipe, data={"train": [str(pictures)], "cache_folder": str(tmp_path)})
    material = load_material(whole, silent)
    before = [material.ahead[spec.model].levels(i).copy() for i in range(4)]
    for file in tmp_path.rglob("*.pixels"):
        file.unlink()
    after = [material.ahead[spec.model].levels(i) for i in range(4)]
    assert all(np.array_equal(*pair) for pair in zip(after, before, strict=True))


def test_a_full_disk_is_told_and_memory_serves(
    master: Path, recipe: Make, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*given: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "write_pixels", full)
    whole, spec = ahead(master, recipe, data={"train": [str(pictures)], "cache_folder": str(tmp_path)})
    said: list[str] = []
    material = load_material(whole, said.append)
    assert said[-1] == (
        "warning: data.cache_folder takes no more of the teacher's results (No space left on device): "
        "they stay in memory"
    )
    assert not list(tmp_path.rglob("*.pixels"))
    assert material.ahead[spec.model].levels(0).shape == (64, 72, 3)


def test_memory_that_is_not_to_hold_them_is_told_before_the_first(
    master: Path, recipe: Make, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Upscaler, "__call__", lambda *a: pytest.fail("enlarged"))
    whole, _ = ahead(master, recipe, data={"train": [str(pictures)], "cache_gigabytes": 1e-4})
    with pytest.raises(TrainingError, match=r"take 0\.000111 GB of memory, data\.cache_gigabytes is 0\.0001; raise it"):
        load_material(whole, silent)


def test_free_memory_changes_no_result(
    master: Path, recipe: Make, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, spec = ahead(master, recipe)
    found = load_pictures(find_pictures([pictures]), 32, 1.0)
    monkeypatch.setattr("wassr.upscaling.upscaler.free_memory", lambda: 1 << 30)
    assert Ahead(spec, whole, found).upscaler.core() == 256


def test_to_show_some_crops_only_their_pictures_are_taught(
    master: Path, recipe: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Upscaler, "__call__", lambda *a: pytest.fail("enlarged"))
    assert load_material(ahead(master, recipe)[0], silent, at_need=True).ahead
