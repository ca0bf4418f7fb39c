"""A teacher's results are the target, and the student's card says whose they are."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tests.training.conftest import Make, waves
from wassr.data.folders import find_pictures, load_pictures
from wassr.data.stream import Batch, Key, luma
from wassr.ground.errors import TrainingError
from wassr.models.build import build_generator, reduce
from wassr.models.export import export
from wassr.models.modelfile import load_weights
from wassr.pixels.resize import shrink
from wassr.training import make
from wassr.training import teaching as module
from wassr.training.adversarial_loss import AdversarialLoss
from wassr.training.batches import StepBatches
from wassr.training.loop import train
from wassr.training.material import load_material
from wassr.training.recipe import AdversarialStage, Recipe, Stage, Teacher
from wassr.training.runlog import read_log, series
from wassr.training.teaching import taught_ahead, teaching
from wassr.upscaling.upscaler import Upscaler


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file, both forms, of a small network with an output that is not zero."""
    from wassr.training.recipe import Recipe

    recipe = Recipe.model_validate(
        {
            "name": "master",
            "licence": "CC0-1.0",
            "seed": 3,
            "generator": {"network": "compact", "arguments": {"channels": 16, "blocks": 1}},
            "content": {"steps": 1},
        }
    )
    generator = make.new_generator(recipe)
    torch.nn.init.normal_(generator.network.tail[0].weight, std=0.1)  # type: ignore[union-attr, index, arg-type]
    path = tmp_path_factory.mktemp("master") / "master.onnx"
    card = make.model_card(recipe, "content", 0, 0, "", None, "master")
    export(generator.network, card, path)
    make.save_model(path.with_suffix(".safetensors"), generator, card)
    return path


def crops() -> Batch:
    high = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    return Batch(torch.nn.functional.avg_pool2d(high, 4), high)


@pytest.mark.parametrize("share", [1.0, 0.25])
def test_the_target_is_the_teachers_result_clipped_and_mixed(master: Path, recipe: Make, share: float) -> None:
    batch, whole = crops(), recipe(content={})
    taught = teaching(Teacher(model=str(master), share=share), whole)(batch)
    weights, card = load_weights(master.with_suffix(".safetensors"))
    with torch.no_grad():
        wanted = build_generator(card, weights)(batch.low).clamp(0, 1)
    assert torch.equal(taught.low, batch.low)
    torch.testing.assert_close(taught.high, (1 - share) * batch.high + share * wanted, atol=1e-5, rtol=0)
    assert (wanted - batch.high).abs().mean() > 0.05  # otherwise nothing was shown


def test_a_teacher_of_clean_pictures_sees_them_clean(master: Path, recipe: Make) -> None:
    batch, degraded = crops(), recipe(content={}, data={"degradations": [{"jpeg": {"quality": [5, 5]}}]})
    given = Batch(torch.cat([torch.rand_like(batch.low), torch.ones(2, 1, 8, 8)], 1), batch.high)
    taught = teaching(Teacher(model=str(master)), degraded)(given)
    assert torch.equal(taught.low, given.low)  # the student sees what was degraded
    clean = (255 * reduce(batch.high, 4)).round().clamp(0, 255) / 255
    wanted = teaching(Teacher(model=str(master)), recipe(content={}))(Batch(clean, batch.high)).high
    torch.testing.assert_close(taught.high, wanted)


def test_in_the_recipes_precision_where_the_processor_has_it(master: Path, recipe: Make) -> None:
    exact, near = (
        teaching(Teacher(model=str(master)), recipe(content={}, precision=precision))(crops()).high
        for precision in ("float32", "bfloat16")
    )
    assert (exact - near).abs().mean() < 1 / 255


def test_critics_see_the_originals() -> None:
    spec = AdversarialStage(steps=3, adversarial=AdversarialLoss(clip=0.01, critic_steps=1))
    batch = crops()
    batches = StepBatches(lambda key, following: batch, 0, spec, lambda b: Batch(b.low, b.high * 0))  # type: ignore[arg-type]
    assert batches("critic", 0).high is batch.high
    assert not batches("generator").high.any()


def test_a_student_learns_its_teacher_and_says_so(master: Path, recipe: Make, tmp_path: Path) -> None:
    whole = recipe(content={"teacher": {"model": str(master)}, "steps": 60, "optimizer": {"rate": 5e-3}, "ema": 0.9})
    model = train(whole, tmp_path / "run", say=lambda line: None)
    weights, card = load_weights(model)
    assert card.losses == "l1 1; target: results of master (CC0-1.0)"
    batch = crops()
    taught = teaching(Teacher(model=str(master)), whole)(batch).high
    before = make.new_generator(whole).eval()
    with torch.no_grad():
        first, last = ((g(batch.low) - taught).abs().mean() for g in (before, build_generator(card, weights)))
    assert last < 0.8 * first


def test_a_student_of_luma_hears_a_teacher_of_colours(master: Path, recipe: Make) -> None:
    colours, gray = crops(), Batch(*(luma(part) for part in (crops().low, crops().high)))
    whole = recipe(content={}, generator={"network": "espcn", "channels": "y"})
    taught = teaching(Teacher(model=str(master)), whole)(gray).high
    as_rgb = Batch(gray.low.repeat(1, 3, 1, 1), colours.high)
    wanted = luma(teaching(Teacher(model=str(master)), recipe(content={}))(as_rgb).high)
    assert taught.shape == gray.high.shape
    torch.testing.assert_close(taught, wanted)


def test_a_teacher_that_does_not_fit_is_refused(master: Path, recipe: Make) -> None:
    twice = recipe(content={}, generator={"network": "compact", "scale": 2})
    with pytest.raises(TrainingError, match="makes rgb x4, the recipe rgb x2; choose another teacher"):
        teaching(Teacher(model=str(master)), twice)
    with pytest.raises(TrainingError, match="espcn-x4 makes y x4, the recipe rgb x4"):
        teaching(Teacher(model="espcn-x4"), recipe(content={}))


TOLD = "wassr-jpeg-x4-faithful"  # shipped; its network wants the quality


def test_a_teacher_that_is_told_the_quality(recipe: Make) -> None:
    batch, teacher = crops(), Teacher(model=TOLD)
    clean = teaching(teacher, recipe(content={}))(batch)
    plane = torch.full((2, 1, 8, 8), 0.3)
    spec = {"network": "compact", "arguments": {"channels": 16, "blocks": 1, "quality_plane": True}}
    degraded = {"degradations": [{"jpeg": {"quality": [30, 30]}}]}
    given = Batch(torch.cat([batch.low, plane], 1), batch.high)
    whole = recipe(content={}, generator=spec, data=degraded)
    told = teaching(teacher, whole)(given)
    as_clean = teaching(teacher, whole)(Batch(torch.cat([batch.low, torch.ones_like(plane)], 1), batch.high))
    torch.testing.assert_close(as_clean.high, clean.high)
    assert (told.high - clean.high).abs().mean() > 0.001
    assert torch.equal(told.low, given.low)
    with pytest.raises(TrainingError, match=r"wants the JPEG quality .* set generator\.arguments="):
        teaching(teacher, recipe(content={}, data=degraded))


def ahead(master: Path, recipe: Make, folder: Path | None = None, **other: object) -> tuple[Recipe, Teacher]:
    """A recipe with a teacher that teaches ahead, at half a share, and that teacher."""
    data = {"data": {"train": [str(folder)]}} if folder else {}
    spec = Teacher(model=str(master), ahead=True, share=0.5)
    return recipe(content={"teacher": spec.model_dump()}, **(data | other)), spec


def test_ahead_it_makes_of_whole_pictures_what_it_makes_of_crops(master: Path, recipe: Make, tmp_path: Path) -> None:
    Image.fromarray(waves(67, 73, 1)).save(tmp_path / "a.png")
    Image.fromarray(waves(64, 72, 2)).save(tmp_path / "b.png")
    whole, spec = ahead(master, recipe, tmp_path)
    pictures = load_pictures(find_pictures([tmp_path]), 32, 1.0)
    taught = taught_ahead(spec, whole, pictures, lambda line: None)
    at_once = teaching(spec.model_copy(update={"ahead": False, "share": 1.0}), recipe(content={}))
    for index in range(2):
        levels, made = pictures.levels(index), taught.levels(index)
        high = torch.from_numpy(levels[:64, :72].copy()).permute(2, 0, 1)[None] / 255
        low = torch.from_numpy(shrink(levels[:64, :72], 4)).permute(2, 0, 1)[None] / 255
        wanted = at_once(Batch(low, high)).high[0].permute(1, 2, 0).numpy() * 255
        assert np.abs(made[:64, :72] - wanted).max() <= 0.51
        assert np.array_equal(made[64:], levels[64:])  # a rim that is no pixel of the low side
        assert np.array_equal(made[:, 72:], levels[:, 72:])
        assert np.abs(made[:64, :72].astype(float) - levels[:64, :72]).mean() > 1  # otherwise nothing was shown
    batch = crops()
    mixed = teaching(spec, whole)(Batch(batch.low, batch.high, torch.zeros_like(batch.high)))
    torch.testing.assert_close(mixed.high, batch.high / 2)


def test_ahead_a_student_of_luma_sees_gray(master: Path, recipe: Make, pictures: Path) -> None:
    whole, spec = ahead(master, recipe, pictures, generator={"network": "espcn", "channels": "y"})
    found = load_pictures(find_pictures([pictures]), 32, 1.0)
    made = taught_ahead(spec, whole, found, lambda line: None).levels(0)
    assert np.ptp(made, axis=2).max() <= 1
    gray = luma(torch.from_numpy(found.levels(0).copy()).permute(2, 0, 1)[None].float())
    assert 0 < np.abs(made[..., 0] - gray[0, 0].numpy()).mean() < 30


def test_ahead_its_results_are_kept_for_the_next_run(
    master: Path, recipe: Make, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = {"train": [str(pictures)], "cache_folder": str(tmp_path / "kept")}
    whole, spec = ahead(master, recipe, data=data)
    first = load_material(whole, lambda line: None)
    made = [first.taught[spec].levels(i).copy() for i in range(4)]
    one = next((tmp_path / "kept").rglob("*.pixels"))
    torn = one.read_bytes()[:-1]
    one.unlink()
    one.write_bytes(torn)  # made anew
    enlarged: list[int] = []
    ask = Upscaler.__call__
    monkeypatch.setattr(Upscaler, "__call__", lambda *a: enlarged.append(1) or ask(*a))
    again = load_material(whole, lambda line: None).taught[spec]
    assert all(np.array_equal(again.levels(i), made[i]) for i in range(4))
    assert enlarged == [1]
    assert not load_material(whole, lambda line: None, past_content=True).taught
    monkeypatch.setattr(module, "write_pixels", lambda *a: (_ for _ in ()).throw(OSError("disk full")))
    one.unlink()
    in_memory = load_material(whole, lambda line: None).taught[spec]
    assert all(np.array_equal(in_memory.levels(i), made[i]) for i in range(4))
    assert not one.exists()


def test_ahead_its_results_are_what_a_run_learns(master: Path, recipe: Make, tmp_path: Path) -> None:
    whole, spec = ahead(master, recipe)
    model = train(whole, tmp_path / "run", say=lambda line: None)
    assert load_weights(model)[1].losses == "l1 1; target: results of master (CC0-1.0), share 0.5"
    with load_material(whole, lambda line: None).stream(whole, make.stage_of(whole, "content")) as stream:
        first = stream.make(Key("generator", 0))
    with torch.no_grad():
        made = make.new_generator(whole)(first.low)
    wanted = float((made - teaching(spec, whole)(first).high).abs().mean())
    assert series(read_log(tmp_path / "run" / "log.jsonl"), "loss/l1")[0][1] == pytest.approx(wanted, rel=1e-4)
    assert abs(wanted - float((made - first.high).abs().mean())) > 0.01  # the originals are another target


def test_ahead_nobody_can_teach_what_is_drawn_later(recipe: Make) -> None:
    spec = {"network": "compact", "arguments": {"channels": 16, "blocks": 1, "quality_plane": True}}
    degraded = recipe(content={}, generator=spec, data={"degradations": [{"jpeg": {"quality": [30, 30]}}]})
    with pytest.raises(TrainingError, match=r"drawn anew for every crop; set teacher\.ahead: false"):
        teaching(Teacher(model=TOLD, ahead=True), degraded)


def test_a_teacher_without_its_deployment_form_is_refused(master: Path, recipe: Make, tmp_path: Path) -> None:
    alone = tmp_path / "alone.safetensors"
    alone.write_bytes(master.with_suffix(".safetensors").read_bytes())
    with pytest.raises(TrainingError, match="no deployment form"):
        teaching(Teacher(model=str(alone)), recipe(content={}))


def test_the_card_names_a_share(master: Path, recipe: Make) -> None:
    whole = recipe(content={"teacher": {"model": str(master), "share": 0.5}})
    assert make.model_card(whole, "content", 1, 0, "", None, "x").losses.endswith("(CC0-1.0), share 0.5")
    assert Stage(steps=1).teacher is None
