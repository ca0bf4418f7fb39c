"""Which model a picture gets, and that no model is opened that no picture needs."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.upscaling.shelf import clean, hidden_jpeg, jpeg, put_on_shelf
from tests.upscaling.tiny import tiny_card, tiny_model
from wassr import Upscaler, read_picture
from wassr.upscaling.choice import COMPRESSED_MODEL, Choice, offered
from wassr.upscaling.target import Target
from wassr.upscaling.upscaler import DEFAULT_MODEL

BOTH = (DEFAULT_MODEL, COMPRESSED_MODEL)


@pytest.fixture
def opened() -> list[str]:
    return []


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: list[str]) -> Callable[[str], Upscaler]:
    put_on_shelf(tmp_path / "shelf", monkeypatch)

    def make(name: str) -> Upscaler:
        opened.append(name)
        return Upscaler(name, precision="float32", threads=1)

    return make


def model_of(choice: Choice, data: bytes) -> str:
    return choice.of(read_picture(data), Target(), "a").model


def test_what_is_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_on_shelf(tmp_path, monkeypatch)
    assert offered("auto") == BOTH
    assert offered("off") == (DEFAULT_MODEL,)
    assert offered(50) == (COMPRESSED_MODEL,)
    put_on_shelf(tmp_path / "without", monkeypatch, joint=False)
    assert {offered(wish) for wish in ("auto", "off", 50)} == {(DEFAULT_MODEL,)}


def test_a_model_by_what_the_picture_has_gone_through(make, opened: list[str]) -> None:
    choice = Choice(BOTH, make)
    assert model_of(choice, clean()) == DEFAULT_MODEL
    assert opened == [DEFAULT_MODEL]
    assert model_of(choice, jpeg()) == model_of(choice, hidden_jpeg()) == COMPRESSED_MODEL
    assert model_of(choice, clean()) == DEFAULT_MODEL
    assert opened == list(BOTH)
    assert choice.opened[1].card.name == COMPRESSED_MODEL


def test_the_likely_one_is_opened_first_and_the_other_only_where_needed(make, opened: list[str]) -> None:
    choice = Choice(BOTH, make, compressed_first=True)
    assert opened == [COMPRESSED_MODEL]
    assert choice.first.card.name == COMPRESSED_MODEL
    assert model_of(choice, jpeg()) == COMPRESSED_MODEL
    assert opened == [COMPRESSED_MODEL]
    assert model_of(choice, clean()) == DEFAULT_MODEL


@pytest.mark.parametrize("factor", [1, 1.5, 4])
def test_a_model_that_restores_is_taken_by_name_only(make, tmp_path: Path, factor: float) -> None:
    for name in ("wassr-jpeg-x1", "compact-x1"):
        card = tiny_card(1).model_copy(update={"name": name, "inputs": "compressed"})
        tiny_model(tmp_path / "shelf" / f"{name}.onnx", card)
    target = Target(factor=factor)
    assert offered("auto") == BOTH
    choice = Choice(BOTH, make)
    assert choice.of(read_picture(clean()), target, "a").model == DEFAULT_MODEL
    assert choice.of(read_picture(jpeg()), target, "a").model == COMPRESSED_MODEL
    assert Choice(("wassr-jpeg-x1",), make).of(read_picture(jpeg()), target, "a").model == "wassr-jpeg-x1"


def test_a_named_model_takes_all(model: Path) -> None:
    said: list[str] = []
    choice = Choice.only(Upscaler(model, say=said.append))
    found = choice.of(read_picture(jpeg()), Target(), "a.jpg")
    assert (found.model, found.found.quality) == ("tiny-x4", 50)
    assert said == ["a.jpg: JPEG of quality 50, 4:2:0: tiny-x4"]
    assert model_of(choice, clean()) == "tiny-x4"
    assert len(said) == 1


def test_identities_are_the_upscalers_own_and_open_nothing(make, opened: list[str]) -> None:
    choice = Choice(BOTH, make)
    before = choice.identities()
    assert opened == [DEFAULT_MODEL]
    model_of(choice, jpeg())
    assert choice.identities() == before
    assert before == {upscaler.card.name: upscaler.identity() for upscaler in choice.opened}
    assert len(set(before.values())) == 2
