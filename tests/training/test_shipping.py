"""The end of a run: both files, one card, numbers from the engine that users run."""

from pathlib import Path

import numpy as np
import pytest
import torch
from skimage.data import astronaut

from tests.training.conftest import Make, waves
from wassr.evaluation.compressed import Saved, decoded, jpeg_file
from wassr.ground.errors import ModelError
from wassr.models.modelfile import load_weights, read_card
from wassr.models.shelf import find
from wassr.pixels.resize import shrink
from wassr.report.writing import write_report
from wassr.training import make
from wassr.training.loop import train
from wassr.training.runlog import read_log
from wassr.training.shipping import deploy, figures_of, ship_checkpoint
from wassr.training.validation import Pair, bicubic, validate
from wassr.upscaling.upscaler import Upscaler


def test_a_model_that_restores_keeps_the_size(recipe: Make, pictures: Path, tmp_path: Path) -> None:
    """The whole way: trained, deployed, used."""
    network = {"network": "compact", "arguments": {"channels": 16, "blocks": 1}, "scale": 1}
    data = {"train": [str(pictures)], "degradations": "jpeg"}
    path = train(recipe(content={}, generator=network, data=data), tmp_path / "run", say=lambda line: None)
    upscaler = Upscaler(path.with_suffix(".onnx"), precision="float32")
    card = upscaler.card
    assert (card.scale, card.inputs, card.consistency) == (1, "compressed", 0)
    assert {m.metric for m in card.measured} == {"psnr_y", "psnr_rgb", "ssim_y", "colour_drift"}
    low = waves(40, 50, 9)
    made = upscaler(low)
    assert made.shape == low.shape
    assert np.abs(made.astype(int) - low.astype(int)).mean() < 10  # after six steps
    tags = {entry.tag for entry in read_log(tmp_path / "run" / "log.jsonl")}
    assert {"valid/psnr_y", "bicubic/psnr_y", "verdict"} <= tags
    assert not {"valid/lr_consistency", "valid/high_band", "valid/checkerboard"} & tags
    assert write_report([tmp_path / "run"]).exists()


def test_a_model_for_compressed_inputs_is_measured_without_pulling_the_result_back_to_them(
    recipe: Make, tmp_path: Path
) -> None:
    plain = recipe(content={}, data={"degradations": "jpeg"})
    whole = plain.model_copy(update={"generator": plain.generator.model_copy(update={"consistency": 1})})
    path, high = tmp_path / "tiny.safetensors", waves(64, 64, 3)
    clean = shrink(high, 4)
    noise = np.random.default_rng(0).normal(0, 20, clean.shape)  # the base smooths it, back-projection brings it back
    pairs = [Pair("a", np.clip(clean + noise, 0, 255).astype(np.uint8), high, clean)]
    cards = {}
    for inputs in ("compressed", "clean"):
        card = make.model_card(whole, "content", 1, 0.5, "", None, "tiny").model_copy(update={"inputs": inputs})
        make.save_model(path, make.new_generator(whole), card)
        cards[inputs] = deploy(path, pairs)
    own, pulled = (cards[i].value("validation", "lr_consistency") for i in ("compressed", "clean"))
    assert own is not None
    assert pulled is not None
    assert own > pulled + 0.5
    assert cards["compressed"].consistency == 1
    assert "degraded as in training" in cards["compressed"].measured[0].protocol


def test_a_model_that_wants_the_quality_is_told_it_when_it_is_measured(
    recipe: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[float] = []

    class Hears:
        name, precision, threads, reason = "hears", "float32", 1, "a test"

        def run(self, tile: np.ndarray) -> np.ndarray:
            heard.append(round(float(tile[0, 3].mean()), 3))
            return np.zeros((1, 3, 4 * tile.shape[2], 4 * tile.shape[3]), np.float32)

    network = {"network": "compact", "arguments": {"channels": 16, "blocks": 1, "quality_plane": True}}
    whole = recipe(content={}, generator=network, data={"degradations": "jpeg"})
    path, high = tmp_path / "told.safetensors", astronaut()[:, :, :3]
    clean = shrink(high, 4)
    lows = [clean, decoded(jpeg_file(clean, Saved(40)))]
    generator = make.new_generator(whole)
    make.save_model(path, generator, make.model_card(whole, "content", 1, 0.5, "", None, "told"))
    monkeypatch.setattr("wassr.training.shipping.choose", lambda file, wish: Hears())
    deploy(path, [Pair(str(n), low, high, clean) for n, low in enumerate(lows)])
    assert heard == [1.0, 0.4]


def test_a_model_is_deployed_and_measured(recipe: Make, tmp_path: Path) -> None:
    plain_recipe = recipe(content={})
    twice = plain_recipe.generator.model_copy(update={"consistency": 1})
    whole = plain_recipe.model_copy(update={"generator": twice})
    generator = make.new_generator(whole)
    path = tmp_path / "tiny.safetensors"
    make.save_model(path, generator, make.model_card(whole, "content", 1, 0.5, "", None, "tiny"))
    rng = np.random.default_rng(0)
    high = np.clip(np.cumsum(rng.normal(0, 9, (64, 64, 3)), axis=1) + 128, 0, 255).astype(np.uint8)
    pairs = [Pair("a", shrink(high, 4), high)]
    card = deploy(path, pairs)
    assert read_card(path) == read_card(path.with_suffix(".onnx")) == card
    assert find(path).onnx == path.with_suffix(".onnx")
    assert card.consistency == 1
    assert make.upscaler_of(generator, whole).card.consistency == 0  # training watches the network itself
    held = twice.model_copy(update={"consistency_in_training": True})
    watched = make.upscaler_of(generator, whole.model_copy(update={"generator": held}))
    assert (watched.card.consistency, watched.alone) == (1, False)  # and the pass, where the losses see it
    assert card.parameters > 0
    assert card.gmac_per_megapixel > 0
    # a network that has not learnt yet is its base with very little added
    plain = validate(bicubic(4), pairs, 4)["valid/psnr_y"]
    assert card.value("validation", "psnr_y") == pytest.approx(plain, abs=0.1)
    assert all("openvino" in m.protocol for m in card.measured)


def test_a_checkpoint_becomes_a_model_of_its_own(recipe: Make, tmp_path: Path) -> None:
    whole, source = recipe(content={}), tmp_path / "tiny-step-3.safetensors"
    make.save_model(source, make.new_generator(whole), make.model_card(whole, "content", 3, 0.5, "", None, source.stem))
    before, said = source.read_bytes(), list[str]()
    card = ship_checkpoint(source, tmp_path / "new" / "mine.safetensors", whole, said.append)
    assert (card.name, card.steps, said) == ("mine", 3, [])
    assert card == find(tmp_path / "new" / "mine.onnx").card
    assert any(line.startswith(f"  psnr_y {card.value('validation', 'psnr_y'):.4g} dB: ") for line in figures_of(card))
    assert source.read_bytes() == before
    gone = whole.model_copy(update={"data": whole.data.model_copy(update={"train": (str(tmp_path / "gone"),)})})
    card = ship_checkpoint(source, tmp_path / "bare.safetensors", gone, said.append)
    assert card.measured == ()
    assert "gone: no such folder" in said[0]
    assert find(tmp_path / "bare.onnx").card == card


def test_a_checkpoint_may_be_taken_part_of_the_way_from_its_start(recipe: Make, tmp_path: Path) -> None:
    whole, source = recipe(content={}), tmp_path / "tiny-step-3.safetensors"

    def save(path: Path, seed: int, parent: str | None) -> None:
        torch.manual_seed(seed)
        made = make.new_generator(whole)
        make.save_model(path, made, make.model_card(whole, "content", 3, 0.5, "", parent, path.stem))

    save(source, 1, "start")
    with pytest.raises(ModelError, match="its start, start, is needed beside it or on the shelf"):
        ship_checkpoint(source, tmp_path / "part.safetensors", whole, print, 0.25)
    save(tmp_path / "start.safetensors", 2, None)
    card = ship_checkpoint(source, tmp_path / "part.safetensors", whole, print, 0.25)
    assert (card.strength, card.parent) == (0.25, "start")
    (end, _), (start, _), (part, _) = (
        load_weights(tmp_path / f"{name}.safetensors") for name in ("tiny-step-3", "start", "part")
    )
    assert end.keys() == part.keys()
    for name in end:
        np.testing.assert_allclose(part[name], 0.75 * start[name] + 0.25 * end[name], atol=1e-6)
    orphan = tmp_path / "orphan.safetensors"
    save(orphan, 3, None)
    with pytest.raises(ModelError, match="a model that it began from is needed"):
        ship_checkpoint(orphan, tmp_path / "none.safetensors", whole, print, 0.5)
    assert not list(tmp_path.glob("none.*"))
