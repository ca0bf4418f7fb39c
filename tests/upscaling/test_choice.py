"""Which model a picture gets, and that no model is opened that no picture needs."""

import io
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.pixels.samples import saved
from tests.upscaling.shelf import clean, hidden_jpeg, jpeg, put_on_shelf
from tests.upscaling.tiny import tiny_card, tiny_model
from wassr import Upscaler, read_picture
from wassr.upscaling.choice import COMPRESSED_MODEL, LIGHT, Choice, begins_compressed, offered
from wassr.upscaling.compression import JpegWish, generations
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
    assert offered(50) == offered(LIGHT - 1) == (COMPRESSED_MODEL,)
    assert offered(LIGHT) == offered(100) == BOTH
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


def test_light_compression_is_no_reason_for_the_model_for_compressed_pictures(make) -> None:
    choice = Choice(BOTH, make)
    qualities = (LIGHT - 1, LIGHT, 97, 100)
    made = [model_of(choice, jpeg(quality=quality)) for quality in qualities]
    assert made == [COMPRESSED_MODEL, DEFAULT_MODEL, DEFAULT_MODEL, DEFAULT_MODEL]
    with Image.open(io.BytesIO(jpeg(quality=50))) as opened:
        saved_twice = saved(opened.convert("RGB"), "JPEG", quality=97)
    found = choice.of(read_picture(saved_twice), Target(), "a")
    assert [one.quality for one in generations(found.found)] == [97, 50]
    assert found.model == COMPRESSED_MODEL


def test_what_a_line_says(make) -> None:
    said: list[str] = []

    def line(data: bytes, wish: JpegWish = "auto", names: tuple[str, ...] = BOTH) -> str:
        said.clear()
        choice = Choice(names, lambda name: Upscaler(name, precision="float32", jpeg=wish, say=said.append))
        choice.of(read_picture(data), Target(), "a")
        return said[-1]

    light, bins = f"light compression, {DEFAULT_MODEL}", f"{COMPRESSED_MODEL}, within its quantisation intervals"
    assert line(jpeg(quality=97)) == f"a: JPEG of quality 97, 4:2:0: {light}, network alone"
    assert line(clean(), 97) == f"a: JPEG of quality 97, as --jpeg says: {light}, network alone"
    assert line(hidden_jpeg(), 80) == (
        "a: JPEG of quality 80, as --jpeg says (its pixels show an earlier JPEG of quality 50): "
        f"{COMPRESSED_MODEL}, within its quantisation intervals"
    )
    assert line(hidden_jpeg(), 50).startswith("a: JPEG of quality 50, as --jpeg says: ")
    assert line(jpeg(), 97) == f"a: JPEG of quality 50, 4:2:0 (by the file's own tables, not --jpeg 97): {bins}"
    assert line(jpeg(quality=97), "auto", (DEFAULT_MODEL,)) == (
        f"a: JPEG of quality 97, 4:2:0: {DEFAULT_MODEL}, network alone"
    )
    assert line(jpeg(quality=97), 50).endswith(f"an earlier JPEG of quality 50, as --jpeg says: {bins}")


def test_a_model_for_clean_pictures_that_was_named_for_a_compressed_one_is_told_of_once(make) -> None:
    said: list[str] = []
    choice = Choice((DEFAULT_MODEL,), lambda name: Upscaler(name, threads=1, say=said.append))
    for data in (clean(), jpeg(quality=97), jpeg(), jpeg()):
        choice.of(read_picture(data), Target(), "a")
    hints = [line for line in said if f"-n {COMPRESSED_MODEL} was taught on compressed ones" in line]
    assert len(hints) == 1
    assert hints[0].startswith(f"{DEFAULT_MODEL} was taught on clean pictures")


def test_a_model_is_described_when_it_is_needed_first(make) -> None:
    said: list[str] = []
    choice = Choice(BOTH, lambda name: Upscaler(name, precision="float32", threads=1, say=said.append))
    assert choice.first.card.name == DEFAULT_MODEL
    assert said == []
    model_of(choice, hidden_jpeg())
    assert [line.split(":")[0] for line in said] == [COMPRESSED_MODEL, "a"]


@pytest.mark.parametrize(("wish", "words"), [("auto", "no trace of JPEG"), ("off", "taken as never compressed")])
def test_a_clean_picture_gets_its_line_where_all_do(make, wish: JpegWish, words: str) -> None:
    said: list[str] = []
    for verbose in (False, True):
        said.clear()
        names = offered(wish)
        made = Choice(names, lambda name: Upscaler(name, threads=1, jpeg=wish, say=said.append), verbose=verbose)
        made.of(read_picture(clean()), Target(), "a")
        assert len(said) == 1 + verbose
    assert said[-1].startswith(f"a: {words}")
    assert said[-1].endswith(f": {DEFAULT_MODEL}, network alone")


def test_what_is_likely_by_first_bytes() -> None:
    heads = [jpeg(), jpeg(quality=97), jpeg()[:20], clean(), hidden_jpeg(), b""]
    assert [begins_compressed(head) for head in heads] == [True, False, True, False, False, False]


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
    assert said[0].startswith("tiny-x4: openvino, ")
    assert said[1:] == ["a.jpg: JPEG of quality 50, 4:2:0: tiny-x4, network alone"]
    assert model_of(choice, clean()) == "tiny-x4"
    assert len(said) == 2


def test_who_stands_in_for_a_named_model_is_said_once(make, tmp_path: Path) -> None:
    card = tiny_card(2).model_copy(update={"name": "compact-x2"})
    tiny_model(tmp_path / "shelf" / "compact-x2.onnx", card)
    said: list[str] = []

    def lines(names: tuple[str, ...], factor: float, pictures: int = 2) -> list[str]:
        said.clear()
        choice = Choice(names, lambda name: Upscaler(name, precision="float32", threads=1, say=said.append))
        made = [choice.of(read_picture(clean()), Target(factor=factor), f"{i}.png") for i in range(pictures)]
        assert len({one.model for one in made}) == 1
        return [line for line in said if "made by" in line]

    assert lines(("compact-x2",), 5) == ["0.png: x5 is made by compact-x4 (compact-x2 reaches x2)"]
    assert lines(("compact-x4",), 1.5) == ["0.png: x1.5 is made by compact-x2 (compact-x4 makes x4)"]
    assert lines(("compact-x4",), 3) == lines(("compact-x2",), 2) == lines(BOTH, 2) == []
    own = tmp_path / "runs" / "compact-x4.onnx"  # as `wassr train compact-x4` leaves it
    own.parent.mkdir()
    shutil.copy(tmp_path / "shelf" / "compact-x4.onnx", own)
    assert lines((str(own),), 1.5) == []
    assert Upscaler(own, precision="float32", threads=1).for_factor(2).card.scale == 4


def test_identities_are_the_upscalers_own_and_open_nothing(make, opened: list[str]) -> None:
    choice = Choice(BOTH, make)
    before = choice.identities()
    assert opened == [DEFAULT_MODEL]
    model_of(choice, jpeg())
    assert choice.identities() == before
    assert before == {upscaler.card.name: upscaler.identity() for upscaler in choice.opened}
    assert len(set(before.values())) == 2
