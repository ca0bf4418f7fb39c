import re
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from tests.upscaling.family import CHILD, PARENT, renamed, tiny_family
from tests.upscaling.tiny import photo, tiny_card, tiny_model
from wassr.ground.errors import EngineError, UsageError
from wassr.models.card import Card
from wassr.models.mixing import distance, same_constants
from wassr.models.shelf import find, shipped
from wassr.pixels.formats import read_picture
from wassr.pixels.picture import Picture
from wassr.upscaling.engines import OpenVinoEngine, Wish, choose
from wassr.upscaling.strength import RELATED, Mixture, content_model, mixture
from wassr.upscaling.upscaler import Upscaler

TILE = photo(40, 48).transpose(2, 0, 1)[None].copy()
ISLAND = Path(__file__).parents[2] / "examples" / "photos" / "island.jpg"
CHILDREN = [name for name in shipped() if "\nadversarial:\n" in find(name).card.recipe]
PLAIN = {"threads": 1, "precision": "float32"}


def tile_for(card: Card) -> np.ndarray:
    """TILE; a network that is told the quality hears 50."""
    return np.concatenate([TILE, np.full_like(TILE[:, :1], 0.5)], axis=1) if card.quality_plane else TILE


def told(mix: Mixture, wish: Wish) -> tuple[np.ndarray, list[str]]:
    said: list[str] = []
    return mix.engine(wish, said.append).run(tile_for(mix.card)), said


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime"])
def test_between_runs_one_network_with_constants_half_way(engine: str, tmp_path: Path) -> None:
    child = find(tiny_family(tmp_path))
    made, said = told(mixture(child, 0.25), Wish(engine, **PLAIN))
    assert said == []
    by_hand, first = onnx.load(child.path), onnx.load(tmp_path / f"{PARENT}.onnx")
    for mine, theirs in zip(by_hand.graph.initializer, first.graph.initializer, strict=True):
        value = 0.25 * numpy_helper.to_array(mine) + 0.75 * numpy_helper.to_array(theirs)
        mine.raw_data = value.astype(np.float32).tobytes()
    onnx.save(by_hand, tmp_path / "hand.onnx")
    assert np.abs(made - OpenVinoEngine(tmp_path / "hand.onnx", threads=1).run(TILE)).max() < 1e-5
    ends = [OpenVinoEngine(path, threads=1).run(TILE) for path in (tmp_path / f"{PARENT}.onnx", child.path)]
    assert np.abs(made - (0.75 * ends[0] + 0.25 * ends[1])).max() > 1e-4  # not the outputs were mixed


@pytest.mark.parametrize("engine", ["openvino", "onnxruntime", "torch"])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("name", CHILDREN)
def test_the_ends_are_the_models_bit_for_bit(name: str, precision: str, engine: str) -> None:
    wish = Wish(engine, precision=precision, threads=1)
    if precision == "bfloat16" and (engine != "openvino" or not offers_bfloat16()):
        pytest.skip(f"no bfloat16 in {engine} here")
    child = find(name)
    assert child.card.parent is not None
    for strength, alone in ((0, child.card.parent), (1, name)):
        try:
            expected = choose(find(alone), wish).run(tile_for(child.card))
        except EngineError as refused:  # by the self-test: then so is the model at this strength
            with pytest.raises(EngineError, match=str(refused).partition(":")[0]):
                mixture(child, strength).engine(wish, print)
            continue
        made, said = told(mixture(child, strength), wish)
        assert np.array_equal(made, expected)
        assert said == []


def offers_bfloat16() -> bool:
    path = find(CHILDREN[0]).onnx
    assert path is not None
    return OpenVinoEngine(path, threads=1).offers("bfloat16")


@pytest.mark.parametrize("name", CHILDREN)
def test_parent_and_child_on_the_shelf_have_the_same_constants(name: str) -> None:
    child = find(name)
    parent = content_model(child)
    assert parent.onnx is not None
    assert child.onnx is not None
    assert same_constants(parent.onnx, child.onnx)
    assert 0 < distance(parent.onnx, child.onnx) < RELATED / 5


@pytest.mark.parametrize("name", CHILDREN)
def test_along_the_slider_brightness_stays_and_change_grows(name: str) -> None:
    low = Picture(read_picture(ISLAND).colour[60:124, 130:194].copy())
    made = [Upscaler(name, strength=s, **PLAIN).enlarge(low).colour for s in (0, 0.25, 0.5, 0.75, 1)]
    assert 255 * np.ptp([result.mean() for result in made]) < 0.5
    change = [float(np.abs(result - made[0]).mean()) for result in made]
    assert change == sorted(change)
    assert change[0] == 0 < change[1] < 0.6 * change[4]


def test_where_names_differ_outputs_are_blended_and_the_user_is_told(tmp_path: Path) -> None:
    path = tiny_family(tmp_path)
    renamed(path)
    made, said = told(mixture(find(path), 0.25), Wish(**PLAIN))
    ends = [OpenVinoEngine(p, threads=1).run(TILE) for p in (tmp_path / f"{PARENT}.onnx", path)]
    assert np.abs(made - (0.75 * ends[0] + 0.25 * ends[1])).max() < 1e-6
    assert len(said) == 1
    assert "blended" in said[0]
    assert "names" in said[0]


def test_the_torch_engine_blends_and_says_so() -> None:
    pytest.importorskip("torch")
    child = find(CHILDREN[0])
    assert child.card.parent is not None
    made, said = told(mixture(child, 0.5), Wish("torch", threads=1))
    tile = tile_for(child.card)
    ends = [choose(find(name), Wish("torch", threads=1)).run(tile) for name in (child.card.parent, CHILDREN[0])]
    assert np.abs(made - (ends[0] + ends[1]) / 2).max() < 1e-6
    assert "torch" in said[0]


def test_only_parent_and_child_are_mixed(tmp_path: Path) -> None:
    path = tiny_family(tmp_path)
    assert content_model(find(path)).card.name == PARENT
    with pytest.raises(UsageError, match="was not trained from a content model") as caught:
        mixture(find(tmp_path / f"{PARENT}.onnx"), 0.5)
    assert set(re.findall(r"-n ([\w-]+\w)", str(caught.value))) == set(CHILDREN)  # the way out
    tiny_model(tmp_path / f"{PARENT}.onnx", strength=-3)  # trained anew under the same name
    with pytest.raises(UsageError, match=f"was not trained from the {PARENT} at hand"):
        mixture(find(path), 0.5)
    (tmp_path / f"{PARENT}.onnx").unlink()
    with pytest.raises(UsageError, match=f"its content model {PARENT} is neither"):
        mixture(find(path), 0.5)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("compact-x2", "compact-x2: was not trained from a content model, so there is nothing"),  # its body was taken
        ("wassr-jpeg-x4-faithful", "its content model compact-x4 has inputs clean instead of"),
    ],
)
def test_a_start_that_was_made_for_something_else_is_no_content_model(name: str, reason: str) -> None:
    assert find(name).card.parent == "compact-x4"
    with pytest.raises(UsageError, match=reason):
        mixture(find(name), 0.5)


@pytest.mark.parametrize("change", [{"channels": "y"}, {"base": "nearest"}, {"inputs": "compressed"}])
def test_a_parent_that_is_used_otherwise_is_refused(change: dict[str, object], tmp_path: Path) -> None:
    path = tiny_family(tmp_path)
    tiny_model(tmp_path / f"{PARENT}.onnx", tiny_card().model_copy(update=change))
    with pytest.raises(UsageError, match=f"its content model {PARENT} has {next(iter(change))} "):
        mixture(find(path), 0.5)


@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan")])
def test_strength_is_0_to_1(strength: float, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="from 0"):
        mixture(find(tiny_family(tmp_path)), strength)


def test_at_0_it_is_enlarged_as_the_content_model_is(tmp_path: Path) -> None:
    """Its passes of back-projection too: a child may have others."""
    path = tiny_family(tmp_path, consistency=2)
    low = photo(30, 40)
    alone = Upscaler(tmp_path / f"{PARENT}.onnx", **PLAIN)(low)
    assert np.array_equal(Upscaler(path, strength=0, **PLAIN)(low), alone)
    assert mixture(find(path), 0).card.name == CHILD
    assert [mixture(find(path), s).card.consistency for s in (0, 0.5, 1)] == [0, 2, 2]


def test_identity_tells_strengths_and_parents_apart(tmp_path: Path) -> None:
    child = find(tiny_family(tmp_path))
    kinds = {Mixture(child).identity, *(mixture(child, s).identity for s in (0, 0.5, 1))}
    assert len(kinds) == 4
    assert Mixture(child).identity == mixture(child, 0.5).identity[: len(Mixture(child).identity)]
    before = mixture(child, 0.5).identity
    tiny_model(tmp_path / f"{PARENT}.onnx", strength=0.31)
    assert mixture(child, 0.5).identity != before
