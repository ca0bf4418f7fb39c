"""A teacher's results are the target, and the student's card says whose they are."""

from pathlib import Path

import pytest
import torch

from tests.training.conftest import Make
from wassr.data.stream import Batch, luma
from wassr.ground.errors import TrainingError
from wassr.models.build import build_generator, reduce
from wassr.models.modelfile import load_weights
from wassr.training import make
from wassr.training.adversarial_loss import AdversarialLoss
from wassr.training.batches import StepBatches
from wassr.training.loop import train
from wassr.training.recipe import AdversarialStage, Stage, Teacher
from wassr.training.teaching import engine_of, teaching


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
    assert torch.equal(taught.high, batch.high)  # what is real stays real
    torch.testing.assert_close(taught.wanted, (1 - share) * batch.high + share * wanted, atol=1e-5, rtol=0)
    assert (wanted - batch.high).abs().mean() > 0.05  # otherwise nothing was shown


def test_a_teacher_of_clean_pictures_sees_them_clean(master: Path, recipe: Make) -> None:
    batch, degraded = crops(), recipe(content={}, data={"degradations": [{"jpeg": {"quality": [5, 5]}}]})
    given = Batch(torch.cat([torch.rand_like(batch.low), torch.ones(2, 1, 8, 8)], 1), batch.high)
    taught = teaching(Teacher(model=str(master)), degraded)(given)
    assert torch.equal(taught.low, given.low)  # the student sees what was degraded
    clean = (255 * reduce(batch.high, 4)).round().clamp(0, 255) / 255
    wanted = teaching(Teacher(model=str(master)), recipe(content={}))(Batch(clean, batch.high)).wanted
    torch.testing.assert_close(taught.wanted, wanted)


def test_in_the_recipes_precision_where_the_processor_has_it(master: Path, recipe: Make) -> None:
    exact, near = (
        teaching(Teacher(model=str(master)), recipe(content={}, precision=precision))(crops()).wanted
        for precision in ("float32", "bfloat16")
    )
    assert (exact - near).abs().mean() < 1 / 255
    offered = engine_of(master, recipe(content={})).offers("bfloat16")
    found = engine_of(master, recipe(content={}, precision="bfloat16")).precision
    assert found == ("bfloat16" if offered else "float32")
    assert torch.equal(exact, near) != offered


def test_critics_and_what_is_compared_with_are_originals() -> None:
    spec = AdversarialStage(steps=3, adversarial=AdversarialLoss(clip=0.01, critic_steps=1))
    batch = crops()
    taught = Batch(batch.low, batch.high, batch.high * 0)
    batches = StepBatches(lambda key, following: batch, 0, spec, lambda b: taught)  # type: ignore[arg-type]
    assert batches("critic", 0).wanted is batch.high
    assert batches("generator").high is batch.high
    assert not batches("generator").wanted.any()


def test_a_student_learns_its_teacher_and_says_so(master: Path, recipe: Make, tmp_path: Path) -> None:
    whole = recipe(content={"teacher": {"model": str(master)}, "steps": 60, "optimizer": {"rate": 5e-3}, "ema": 0.9})
    model = train(whole, tmp_path / "run", say=lambda line: None)
    weights, card = load_weights(model)
    assert card.losses == "l1 1; target: results of master (CC0-1.0)"
    batch = crops()
    taught = teaching(Teacher(model=str(master)), whole)(batch).wanted
    before = make.new_generator(whole).eval()
    with torch.no_grad():
        first, last = ((g(batch.low) - taught).abs().mean() for g in (before, build_generator(card, weights)))
    assert last < 0.8 * first


def test_a_student_of_luma_hears_a_teacher_of_colours(master: Path, recipe: Make) -> None:
    colours, gray = crops(), Batch(*(luma(part) for part in (crops().low, crops().high)))
    whole = recipe(content={}, generator={"network": "espcn", "channels": "y"})
    taught = teaching(Teacher(model=str(master)), whole)(gray).wanted
    as_rgb = Batch(gray.low.repeat(1, 3, 1, 1), colours.high)
    wanted = luma(teaching(Teacher(model=str(master)), recipe(content={}))(as_rgb).wanted)
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
    torch.testing.assert_close(as_clean.wanted, clean.wanted)
    assert (told.wanted - clean.wanted).abs().mean() > 0.001
    assert torch.equal(told.low, given.low)
    with pytest.raises(TrainingError, match=r"wants the JPEG quality .* set generator\.arguments="):
        teaching(teacher, recipe(content={}, data=degraded))


def test_nobody_can_teach_what_is_drawn_later(recipe: Make) -> None:
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
