"""Finding models by name and by path."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper

from wassr.ground.errors import ModelError
from wassr.models.card import Card, Measurement
from wassr.models.modelfile import save_weights
from wassr.models.shelf import find, find_parent, shipped, sibling


def card(name: str, **more: object) -> Card:
    return Card(name=name, purpose="test", network="espcn", scale=4, radius=4).model_copy(update=more)


def put(folder: Path, name: str, training: Card | None, deployment: Card | None) -> None:
    if training is not None:
        save_weights(folder / f"{name}.safetensors", {"a": np.zeros(3, np.float32)}, training)
    if deployment is not None:
        model = helper.make_model(helper.make_graph([], "g", [], []))
        helper.set_model_props(model, {"wassr_card": deployment.to_json()})
        onnx.save(model, folder / f"{name}.onnx")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    put(tmp_path, "compact-x4", card("compact-x4"), card("compact-x4"))
    put(tmp_path, "espcn-x4", None, card("espcn-x4"))
    put(tmp_path, "wassr-x4", card("wassr-x4"), None)
    return tmp_path


def test_shipped_lists_every_model_once(folder: Path) -> None:
    assert list(shipped(folder)) == ["compact-x4", "espcn-x4", "wassr-x4"]
    assert shipped(folder)["compact-x4"] == folder / "compact-x4.safetensors"
    assert shipped(folder)["espcn-x4"] == folder / "espcn-x4.onnx"


def test_by_name(folder: Path) -> None:
    found = find("compact-x4", folder)
    assert found.card == card("compact-x4")
    assert (found.weights, found.onnx) == (folder / "compact-x4.safetensors", folder / "compact-x4.onnx")
    assert found.bytes == sum(
        path.stat().st_size for path in (folder / "compact-x4.safetensors", folder / "compact-x4.onnx")
    )
    assert (find("espcn-x4", folder).weights, find("espcn-x4", folder).onnx) == (None, folder / "espcn-x4.onnx")
    assert find("wassr-x4", folder).onnx is None


@pytest.mark.parametrize("suffix", [".safetensors", ".onnx"])
def test_by_path_the_twin_is_found(folder: Path, suffix: str) -> None:
    found = find(folder / f"compact-x4{suffix}", folder / "nowhere")
    assert found == find("compact-x4", folder)
    assert find(str(folder / f"compact-x4{suffix}"), folder / "nowhere") == found


def test_an_old_export_beside_newer_weights_is_not_used(tmp_path: Path) -> None:
    put(tmp_path, "mine", card("mine", steps=200), card("mine", steps=100))
    assert find(tmp_path / "mine.safetensors").onnx is None
    assert find(tmp_path / "mine.onnx").weights is None


def test_numbers_measured_later_do_not_part_twins(tmp_path: Path) -> None:
    measured = Measurement(data="Set5", metric="psnr_y", value=31.6, unit="dB", protocol="")
    put(tmp_path, "mine", card("mine", measured=(measured,)), card("mine"))
    assert find(tmp_path / "mine.safetensors").onnx is not None


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("compact-4x", "did you mean compact-x4?"),
        ("WASSR-X4", "did you mean wassr-x4?"),
        ("qqqqqq", "no such model; shipped models: compact-x4, espcn-x4, wassr-x4"),
        ("2", "not a noise level .* gone through .*--jpeg"),
        ("-1", "not a noise level"),
        ("model.pth", "other programs are not read yet"),
        ("none.onnx", "no such model file"),
    ],
)
def test_hints(folder: Path, name: str, message: str) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        find(name, folder)
    assert "\n" not in str(caught.value)


def test_a_folder_names_what_is_in_it(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"is a folder; name a model file in it: .*compact-x4.safetensors"):
        find(folder, tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match="holds no model file"):
        find(tmp_path / "empty")


def test_every_shipped_model_has_both_forms_of_one_name() -> None:
    for name in shipped():
        found = find(name)
        assert found.card.name == name
        assert found.onnx is not None
        assert found.weights is not None


def test_a_parent_is_found_beside_its_child_or_else_on_the_shelf(tmp_path: Path) -> None:
    here, shelf = tmp_path / "here", tmp_path / "shelf"
    here.mkdir()
    shelf.mkdir()
    put(here, "child", None, card("child", parent="first"))
    child = find(here / "child.onnx")
    assert find_parent(child, shelf) is None
    put(shelf, "first", None, card("first"))
    assert getattr(find_parent(child, shelf), "path", None) == shelf / "first.onnx"
    put(here, "first", card("first"), card("first"))
    parent = find_parent(child, shelf)
    assert parent is not None
    assert (parent.weights, parent.onnx) == (here / "first.safetensors", here / "first.onnx")


@pytest.mark.parametrize("parent", [None, "", "child", "../here/first"])
def test_no_parent_where_none_can_be(parent: str | None, tmp_path: Path) -> None:
    """A model may have been trained on under its own name; a name that is a path is none."""
    (tmp_path / "here").mkdir()
    put(tmp_path / "here", "first", None, card("first"))
    put(tmp_path / "here", "child", card("child", parent=parent), card("child", parent=parent))
    assert find_parent(find(tmp_path / "here" / "child.onnx"), tmp_path / "here") is None


def test_siblings_by_scale() -> None:
    names = ["compact-x2", "compact-x4", "espcn-x3"]
    assert sibling("compact-x4", 2, names) == "compact-x2"
    assert sibling("compact-x4", 2.5, names) == "compact-x4"
    assert sibling("compact-x4", 1, names) == "compact-x2"
    assert sibling("compact-x2", 9, names) == "compact-x4"
    assert sibling("mine", 2, names) == "mine"
    assert sibling("mine-x4", 2, names) == "mine-x4"


def test_a_model_that_restores_is_nobodys_sibling() -> None:
    names = ["mine-x1", "mine-x4", "mine-x11"]
    assert sibling("mine-x4", 1, names) == sibling("mine-x4", 3, names) == "mine-x4"
    assert sibling("mine-x4", 5, names) == "mine-x11"
    assert sibling("mine-x1", 4, names) == sibling("mine-x1", 1, names) == "mine-x1"
