"""Engines that go wrong: nothing wrong may ever come out."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from tests.upscaling.tiny import photo, tiny_card, tiny_model
from wassr.ground.errors import PictureError
from wassr.pixels.picture import Picture
from wassr.upscaling.engines import OnnxRuntimeEngine
from wassr.upscaling.upscaler import Upscaler

Fault = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass
class Broken:
    """An engine whose every answer (or only the first ones) is spoilt."""

    inner: OnnxRuntimeEngine
    fault: Fault
    times: int = 10**9
    name: str = "broken"
    precision: str = "float32"
    threads: int = 1
    reason: str = "a test"
    last: np.ndarray | None = field(default=None)

    def run(self, tile: np.ndarray) -> np.ndarray:
        right = self.inner.run(tile)
        last, self.last = self.last if self.last is not None else right[..., ::-1].copy(), right
        self.times -= 1
        return self.fault(right, last) if self.times >= 0 else right


FAULTS: dict[str, Fault] = {
    "nan": lambda right, last: np.full_like(right, np.nan),
    "one nan": lambda right, last: np.where(
        np.arange(right.size).reshape(right.shape) == right.size // 2, np.nan, right
    ),
    "zeros": lambda right, last: np.zeros_like(right),
    "ones": lambda right, last: np.ones_like(right),
    "swapped tiles": lambda right, last: last,
    "shuffled channels": lambda right, last: np.ascontiguousarray(right[:, [2, 0, 1]]),
    "mirrored": lambda right, last: np.ascontiguousarray(right[:, :, ::-1]),
    "wrong shape": lambda right, last: right[:, :, 1:],
}


@pytest.mark.parametrize("base", ["bicubic", "nearest", "none"])
@pytest.mark.parametrize("fault", FAULTS)
def test_no_wrong_tile_comes_out(fault: str, base: str, tmp_path) -> None:
    card = tiny_card(base=base)
    engine = OnnxRuntimeEngine(tiny_model(tmp_path / "tiny-x4.onnx", card), threads=1)
    picture = Picture(photo(150, 130))
    broken = Upscaler.from_engine(card, Broken(engine, FAULTS[fault]), tile=64, thorough=True)
    if fault == "swapped tiles":  # asked again, this stub gives the right answer: it must be what comes out
        right = Upscaler.from_engine(card, engine, tile=64, thorough=True).enlarge(picture)
        assert np.array_equal(broken.enlarge(picture).colour, right.colour)
        return
    with pytest.raises(PictureError, match=r"photo\.jpg"):
        broken.enlarge(picture, name="photo.jpg")
    # a fault that passes is cured by computing the tile again
    said: list[str] = []
    cured = Upscaler.from_engine(card, Broken(engine, FAULTS[fault], times=1), tile=64, thorough=True, say=said.append)
    if fault != "wrong shape":
        right = Upscaler.from_engine(card, engine, tile=64, thorough=True).enlarge(picture)
        assert np.array_equal(cured.enlarge(picture).colour, right.colour)
        assert "again" in said[0]


def test_an_engines_failure_names_the_file(tmp_path) -> None:
    def fail(right: np.ndarray, last: np.ndarray) -> np.ndarray:
        raise RuntimeError("Exception from src/x.cpp:\nkernel failed")

    engine = OnnxRuntimeEngine(tiny_model(tmp_path / "tiny-x4.onnx"), threads=1)
    with pytest.raises(PictureError, match=r"a\.png: broken failed: .*kernel failed") as caught:
        Upscaler.from_engine(tiny_card(), Broken(engine, fail)).enlarge(Picture(photo(40, 40)), name="a.png")
    assert "tile" not in str(caught.value)


def test_out_of_memory_halves_the_tile_and_says_so(tmp_path) -> None:
    def no_memory(right: np.ndarray, last: np.ndarray) -> np.ndarray:
        if right.shape[2] > 4 * 50:
            raise RuntimeError("could not allocate 9 GB")
        return right

    engine = OnnxRuntimeEngine(tiny_model(tmp_path / "tiny-x4.onnx"), threads=1)
    said: list[str] = []
    upscaler = Upscaler.from_engine(tiny_card(), Broken(engine, no_memory), say=said.append)
    picture = Picture(photo(150, 130))
    made = upscaler.enlarge(picture, name="a.png")
    assert np.abs(made.colour - Upscaler.from_engine(tiny_card(), engine).enlarge(picture).colour).max() < 1e-6
    assert said[-1] == "a.png: out of memory; going on with tiles of 37"
    assert upscaler.core() == 256  # the next picture may find more memory

    def never(right: np.ndarray, last: np.ndarray) -> np.ndarray:
        raise MemoryError

    with pytest.raises(PictureError, match="not enough memory"):
        Upscaler.from_engine(tiny_card(), Broken(engine, never)).enlarge(picture)


def test_damaged_constants_are_not_computed_twice_and_the_file_is_named(tmp_path) -> None:
    path = tiny_model(tmp_path / "tiny-x4.onnx")
    said: list[str] = []
    upscaler = Upscaler(path, precision="float32", threads=1, say=said.append)
    upscaler.engine = Broken(OnnxRuntimeEngine(path, threads=1), FAULTS["ones"], name="openvino")
    spare = Broken(OnnxRuntimeEngine(path, threads=1), FAULTS["ones"], name="openvino")
    upscaler._spare = spare
    with pytest.raises(
        PictureError, match=r"gives a mean that is off by \d+ grey levels; nothing is written; its file"
    ) as caught:
        upscaler.enlarge(Picture(photo(40, 40)), name="a.png")
    assert str(caught.value).endswith(f"may be damaged, get it anew: {path}; or try another model")
    assert said == []
    assert spare.last is None
    upscaler.engine.precision = "bfloat16"
    with pytest.raises(PictureError, match="in float32 too; nothing is written; its file may be damaged"):
        upscaler.enlarge(Picture(photo(40, 40)), name="a.png")
    assert "computing it again by openvino in float32" in said[0]
