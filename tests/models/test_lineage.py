"""Whose networks took part in a model's training."""

from pathlib import Path

from tests.upscaling.tiny import tiny_card, tiny_model
from wassr.models.lineage import ancestors, took_part
from wassr.models.shelf import find, shipped


def made(folder: Path, name: str, losses: str, parent: str | None = None) -> None:
    card = tiny_card().model_copy(update={"name": name, "losses": losses, "parent": parent})
    tiny_model(folder / f"{name}.onnx", card)


def test_networks_of_others_through_all_parents(tmp_path: Path) -> None:
    made(tmp_path, "first-x4", "l1 1; target: results of rlfn-s-x4 (Apache-2.0)")
    made(tmp_path, "second-x4", "l1 1", "first-x4")
    made(tmp_path, "third-x4", "l1 1, feature 2 (vgg16_features: 1 conv3_3)", "second-x4")
    third = find(tmp_path / "third-x4.onnx")
    assert [one.card.name for one in ancestors(third)] == ["second-x4", "first-x4"]
    features, teacher = took_part(third)
    assert features.startswith("VGG16 as feature loss")
    assert features.endswith("CC BY 4.0")
    assert teacher.startswith("RLFN-S as teacher")
    assert teacher.endswith("Apache-2.0, by way of first-x4")


def test_parents_in_a_circle_end(tmp_path: Path) -> None:
    made(tmp_path, "a-x4", "l1 1", "b-x4")
    made(tmp_path, "b-x4", "l1 1", "a-x4")
    assert [one.card.name for one in ancestors(find(tmp_path / "a-x4.onnx"))] == ["b-x4"]
    assert took_part(find(tmp_path / "a-x4.onnx")) == []


def test_the_shipped_models_credit_teacher_and_features() -> None:
    found = {name: " ".join(took_part(find(name))) for name in shipped()}
    assert {name for name, words in found.items() if "RLFN-S" in words} == set(found) - {"espcn-x4"}
    assert {name for name, words in found.items() if "VGG16" in words} == {"wassr-x4", "wassr-jpeg-x4"}
