"""Every model of the shelf: whole, honest about itself, and the same picture from each engine as from its reference.

The reference is the training form in torch, float32, built from the weights file. Differences are of white, in what the
network gives before its base is added; the picture is a photograph of odd size.
"""

import re
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray
from onnx import numpy_helper

from wassr.evaluation.choice import choose_metrics
from wassr.evaluation.comparison import compare
from wassr.evaluation.sets import find_sets
from wassr.evaluation.subjects import subject
from wassr.ground.errors import EngineError
from wassr.ground.settings import load_settings
from wassr.models.build import build_generator
from wassr.models.card import Card
from wassr.models.modelfile import KEY, load_weights, read_card
from wassr.models.openvino_core import openvino_core
from wassr.models.shelf import ModelFile, find, shipped
from wassr.networks.facts import FACTS
from wassr.networks.inference import inference_form
from wassr.networks.probe import cost
from wassr.pixels.formats import read_picture
from wassr.pixels.picture import Picture
from wassr.training.recipe import Recipe
from wassr.upscaling.engine_torch import open_model
from wassr.upscaling.engines import OnnxRuntimeEngine, OpenVinoEngine, Wish, choose
from wassr.upscaling.upscaler import Upscaler

ROOT = Path(__file__).parent.parent.parent
PHOTO = ROOT / "examples" / "photos" / "island.jpg"
FLOAT32 = 0.05 / 255  # engines order their sums in their own ways
BFLOAT16 = 12 / 255  # 8 bits of mantissa in every layer: single pixels at hard edges; the mean is far less
BFLOAT16_RMS = 1 / 255  # beside an error of ten grey levels (28 dB): 0.04 dB
TILED_FLOAT32 = 0.05 / 255
TILED_BFLOAT16 = 4 / 255  # tiles of other shapes may be summed by other kernels
SETS = ("Set5", "Set14", "B100")
MACHINE_PATH = re.compile(r"""(?:^|[\s"'\[(=,])(?:/[\w.+-]+/|[A-Za-z]:\\|~/)""")

Floats = NDArray[np.float32]


def shelf() -> list[object]:
    empty = pytest.param("", marks=pytest.mark.skip(reason="no models are shipped yet: nothing of them was checked"))
    return [*shipped()] or [empty]


@pytest.fixture(scope="module", params=shelf())
def model(request: pytest.FixtureRequest) -> ModelFile:
    return find(request.param)


@pytest.fixture(scope="module")
def low() -> Picture:
    """147 x 101 pixels of a photograph, with sky, rock and water."""
    whole = read_picture(PHOTO)
    return Picture(whole.colour[60:161, 130:277].copy())


def entrance(card: Card, low: Picture) -> Floats:
    """(1, C, h, w) as the network wants it; a plane of the quality says 50."""
    given = np.full((1, card.planes, low.height, low.width), 0.5, dtype=np.float32)
    given[0, : card.colours] = low.colour.transpose(2, 0, 1)[: card.colours]
    return given


def reference(model: ModelFile, tile: Floats) -> Floats:
    """What the training form gives."""
    assert model.weights is not None
    weights, card = load_weights(model.weights)
    with torch.no_grad():
        return build_generator(card, weights).network(torch.from_numpy(tile)).numpy()


def openvino(model: ModelFile, precision: str) -> OpenVinoEngine:
    assert model.onnx is not None
    engine = OpenVinoEngine(model.onnx, precision, threads=1)
    if not engine.offers(precision):
        pytest.skip(f"this CPU has no {precision}")
    return engine


def test_both_files_hold_one_card(model: ModelFile) -> None:
    assert model.weights is not None
    assert model.onnx is not None
    card = read_card(model.weights)
    assert read_card(model.onnx) == card == model.card
    found = openvino_core().read_model(model.onnx).get_rt_info(["framework", KEY])
    assert Card.model_validate_json(found.astype(str)) == card


def test_the_card_is_complete(model: ModelFile) -> None:
    card = model.card
    assert model.weights is not None
    assert card.name == model.weights.stem
    for name in ("purpose", "recipe", "data", "machine", "losses", "licence", "licence_data", "credits", "version"):
        assert getattr(card, name) not in {"", "unknown"}, name
    assert card.steps > 0
    assert card.hours > 0
    for data in SETS:
        value = card.value(data, "psnr_y")
        assert value is not None, f"PSNR-Y on {data} is missing"
        assert 20 < value < 40
    assert all(m.protocol and np.isfinite(m.value) for m in card.measured)


@pytest.mark.slow
def test_the_cards_numbers_are_those_of_the_file(model: ModelFile) -> None:
    """On our own pictures, by the engine that users get here, whatever its precision."""
    names = ("psnr_y", "ssim_y", "lpips", "lr_consistency")
    (own,) = find_sets([ROOT / "examples" / "train"])
    found = compare([subject(model.card.name, model.card.scale, Wish())], [own], choose_metrics(names), model.card.name)
    (row,) = found.rows
    for name, allowed in zip(names, (0.02, 0.001, 0.002, 0.5), strict=True):
        stated = model.card.value("examples", name)
        assert stated is not None, f"{name} on our own pictures is missing: benchmarks/evaluate.py --own --write-card"
        assert row.score.mean(name) == pytest.approx(stated, abs=allowed), name


def test_the_card_tells_the_truth_about_the_network(model: ModelFile) -> None:
    card = model.card
    recipe = load_settings(card.recipe, Recipe, card.name)
    spec = recipe.generator
    assert (spec.network, spec.scale, spec.base, spec.channels) == (card.network, card.scale, card.base, card.channels)
    defaults = FACTS[card.network].defaults
    assert {**defaults, **spec.arguments} == {**defaults, **card.arguments}
    assert model.weights is not None
    weights, _ = load_weights(model.weights)
    plain = inference_form(build_generator(card, weights).network)
    price = cost(plain, card.scale, card.planes)
    assert price.parameters == card.parameters
    assert price.gmac == pytest.approx(card.gmac_per_megapixel, abs=0.01)


def test_nothing_tells_of_the_machine_that_made_it(model: ModelFile) -> None:
    text = model.card.to_json().replace("\\n", "\n")
    found = MACHINE_PATH.search(text)
    assert found is None, text[max(0, found.start() - 60) : found.end() + 60]
    for path in (model.weights, model.onnx):
        assert path is not None
        content = path.read_bytes()
        assert str(ROOT).encode() not in content
        assert f"{Path.home()}/".encode() not in content


def test_weights_are_finite(model: ModelFile) -> None:
    assert model.weights is not None
    tensors, _ = load_weights(model.weights)
    assert [name for name, tensor in tensors.items() if not np.isfinite(tensor).all()] == []
    constants = onnx.load(model.onnx).graph.initializer
    assert len(constants) > 0
    assert [c.name for c in constants if not np.isfinite(numpy_helper.to_array(c)).all()] == []


def test_openvino_float32_is_the_reference(model: ModelFile, low: Picture) -> None:
    tile = entrance(model.card, low)
    assert np.abs(openvino(model, "float32").run(tile) - reference(model, tile)).max() <= FLOAT32


def test_openvino_bfloat16_is_near_the_reference(model: ModelFile, low: Picture) -> None:
    """Where the self-test takes it; a model that it refuses runs in float32."""
    openvino(model, "bfloat16")  # skips aloud on a CPU without
    try:
        engine = choose(model, Wish("openvino", precision="bfloat16", threads=1))
    except EngineError:
        assert choose(model, Wish("openvino", threads=1)).precision == "float32"
        return
    tile = entrance(model.card, low)
    difference = np.abs(engine.run(tile) - reference(model, tile))
    assert difference.max() <= BFLOAT16
    assert np.sqrt(np.square(difference).mean()) <= BFLOAT16_RMS


def test_onnxruntime_is_the_reference(model: ModelFile, low: Picture) -> None:
    pytest.importorskip("onnxruntime")
    tile = entrance(model.card, low)
    assert model.onnx is not None
    assert np.abs(OnnxRuntimeEngine(model.onnx, threads=1).run(tile) - reference(model, tile)).max() <= FLOAT32


def test_the_torch_engine_is_the_reference(model: ModelFile, low: Picture) -> None:
    tile = entrance(model.card, low)
    assert np.abs(open_model(model, "cpu").run(tile) - reference(model, tile)).max() <= FLOAT32


@pytest.mark.parametrize(("precision", "tolerance"), [("float32", TILED_FLOAT32), ("bfloat16", TILED_BFLOAT16)])
@pytest.mark.parametrize("core", [32, 64])
def test_tiled_equals_whole(core: int, precision: str, tolerance: float, model: ModelFile, low: Picture) -> None:
    engine = openvino(model, precision)
    whole = Upscaler.from_engine(model.card, engine, tile=1000)
    tiled = Upscaler.from_engine(model.card, engine, tile=core)
    assert tiled.cut(low.height, low.width).count > whole.cut(low.height, low.width).count == 1
    difference = np.abs(tiled.enlarge(low).colour - whole.enlarge(low).colour).max()
    assert difference <= (1 / 255 if model.card.sees_all else tolerance)


def test_no_tile_is_doubted(model: ModelFile, low: Picture) -> None:
    """The judge of tiles finds nothing to compute twice in a photograph."""
    said: list[str] = []
    engine = openvino(model, "float32")
    made = Upscaler.from_engine(model.card, engine, tile=64, thorough=True, say=said.append).enlarge(low)
    assert (made.height, made.width) == (low.height * model.card.scale, low.width * model.card.scale)
    assert said == []
