import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.upscaling.tiny import photo, tiny_card, tiny_model
from wassr.ground.errors import EngineError, UsageError
from wassr.models.shelf import find
from wassr.upscaling import engines
from wassr.upscaling.engines import OnnxRuntimeEngine, OpenVinoEngine, Wish, believe, choose, sample_tile

TILE = photo(48, 56).transpose(2, 0, 1)[None].copy()


def test_two_engines_agree(model: Path) -> None:
    one, other = OpenVinoEngine(model, threads=1), OnnxRuntimeEngine(model, threads=1)
    assert np.abs(one.run(TILE) - other.run(TILE)).max() < 1e-5
    assert one.run(TILE).shape == (1, 3, 192, 224)
    assert one.run(TILE).dtype == np.float32


def test_results_are_not_overwritten_by_later_runs(model: Path) -> None:
    engine = OpenVinoEngine(model, threads=1)
    first = engine.run(TILE)
    kept = first.copy()
    engine.run(TILE[..., ::-1].copy())
    assert np.array_equal(first, kept)


def test_shapes_are_compiled_once_and_few_are_kept(model: Path) -> None:
    engine = OpenVinoEngine(model, threads=1)
    for size in (8, 9, 10, 11, 12, 13, 8):
        assert engine.run(TILE[:, :, :size]).shape[2] == 4 * size
    assert len(engine._requests) == engines.SHAPES_KEPT


@pytest.mark.parametrize("channels", ["rgb", "y"])
@pytest.mark.parametrize("name", ["openvino", "onnxruntime"])
def test_engines_are_chosen_by_name_and_say_why(name, channels, tmp_path) -> None:
    found = find(tiny_model(tmp_path / "tiny-x4.onnx", tiny_card(channels=channels)))
    engine = choose(found, Wish(name, precision="float32", threads=1))
    assert isinstance(engine, engines.Engine)
    assert (engine.name, engine.precision, engine.threads) == (name, "float32", 1)
    assert "asked for" in engine.reason


def test_without_openvino_onnxruntime_runs(model: Path, monkeypatch) -> None:
    monkeypatch.setattr(engines, "installed", lambda module: module == "onnxruntime")
    assert choose(find(model), Wish()).name == "onnxruntime"
    monkeypatch.setattr(engines, "installed", lambda module: False)
    with pytest.raises(EngineError, match="pip install openvino"):
        choose(find(model), Wish())
    with pytest.raises(EngineError, match=r"wassr\[train\]"):
        choose(find(model), Wish(device="0"))


@pytest.mark.parametrize(
    ("speed", "difference", "precision"),
    [(2.0, 0.001, "bfloat16"), (1.0, 0.001, "float32"), (2.0, 0.1, "float32"), (2.0, float("inf"), "float32")],
)
def test_bfloat16_only_where_faster_and_right(speed, difference, precision, model: Path, monkeypatch) -> None:
    monkeypatch.setattr(OpenVinoEngine, "offers", lambda self, precision: True)
    monkeypatch.setattr(engines, "_speed", lambda *args: speed)
    monkeypatch.setattr(engines, "difference_of", lambda *args: difference)
    engine = choose(find(model), Wish())
    assert engine.precision == precision
    assert "bfloat16" in engine.reason
    if difference > 0.01:
        with pytest.raises(EngineError, match="bfloat16"):
            choose(find(model), Wish(precision="bfloat16"))
    else:
        assert choose(find(model), Wish(precision="bfloat16")).precision == "bfloat16"


def test_a_cpu_without_bfloat16_runs_float32(model: Path, monkeypatch) -> None:
    monkeypatch.setattr(OpenVinoEngine, "offers", lambda self, precision: precision == "float32")
    assert "no bfloat16" in choose(find(model), Wish()).reason
    with pytest.raises(EngineError, match="no instructions"):
        choose(find(model), Wish(precision="bfloat16"))


@dataclass
class Device:
    inner: OpenVinoEngine
    order: tuple[int, ...]
    gain: float = 1.0
    name: str = "device"
    precision: str = "float32"
    threads: int = 1
    reason: str = ""

    def run(self, tile: np.ndarray) -> np.ndarray:
        return self.inner.run(tile)[:, list(self.order)] * np.float32(self.gain)


def test_a_device_is_believed_only_after_one_tile(model: Path) -> None:
    right = OpenVinoEngine(model, threads=1)
    believe(Device(right, (0, 1, 2)), right, tiny_card())
    for wrong in (Device(right, (2, 0, 1)), Device(right, (0, 1, 2), 0.5), Device(right, (0, 1, 2), np.nan)):
        with pytest.raises(EngineError, match="not used; take -g cpu"):
            believe(wrong, right, tiny_card())


@pytest.mark.parametrize(
    "wrong", [{"engine": "tensorflow"}, {"device": "gpu"}, {"precision": "int8"}]
)  # fmt: skip
def test_unknown_wishes_are_wrong_use(wrong: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="choose"):
        Wish(**wrong)


def test_contradicting_wishes_are_wrong_use(model: Path) -> None:
    for wish in (Wish("openvino", "0"), Wish("onnxruntime", precision="bfloat16"), Wish("torch", precision="bfloat16")):
        with pytest.raises(UsageError):
            choose(find(model), wish)


def test_a_damaged_network_is_one_line(tmp_path) -> None:
    path = tmp_path / "x.onnx"
    path.write_bytes(b"\x08\x08nonsense")
    for kind in (OpenVinoEngine, OnnxRuntimeEngine):
        with pytest.raises(EngineError, match=r"x\.onnx") as caught:
            kind(path)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_sample_tile_is_fixed_and_has_detail(channels: int) -> None:
    tile = sample_tile(channels)
    assert tile.shape == (1, channels, 64, 64)
    assert tile.dtype == np.float32
    assert 0 <= tile.min() < 0.3
    assert 0.7 < tile.max() <= 1
    assert np.array_equal(tile, sample_tile(channels))


def test_openvino_comes_without_telemetry_and_torch(model: Path, tmp_path) -> None:
    code = (
        "import sys; from pathlib import Path; from wassr.upscaling.engines import OpenVinoEngine;"
        f"OpenVinoEngine(Path({str(model)!r}));"
        "print([m for m in sys.modules if m.partition('.')[0] in ('torch', 'onnx', 'openvino_telemetry')])"
    )
    environment = {"HOME": str(tmp_path), "PATH": ""}
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert ended.stdout.strip() == "[]"
    assert list(tmp_path.iterdir()) == []


def test_threads_that_share_an_engine_get_their_own_results(model: Path) -> None:
    engine = OpenVinoEngine(model, threads=1)
    tiles = [photo(24 + 8 * (i % 2), 32, seed=i).transpose(2, 0, 1)[None].copy() for i in range(4)]
    alone = [OpenVinoEngine(model, threads=1).run(tile) for tile in tiles]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda i: (i % 4, engine.run(tiles[i % 4])), range(200)))
    assert all(np.array_equal(made, alone[i]) for i, made in found)


def test_the_graph_used_last_is_dropped_last(model: Path) -> None:
    engine = OpenVinoEngine(model, threads=1)
    shapes = [(1, 3, 8, 8 + i) for i in range(engines.SHAPES_KEPT + 1)]
    for shape in (*shapes[:-1], shapes[0], shapes[-1]):
        engine.run(np.zeros(shape, np.float32))
    assert shapes[0] in engine._requests
    assert shapes[1] not in engine._requests


def test_a_wish_takes_numbers_as_people_give_them() -> None:
    assert Wish(device=0) == Wish(device="0")  # type: ignore[arg-type]
    assert Wish(threads=np.int64(2)).threads == 2  # type: ignore[arg-type]
    for wrong in ({"threads": -1}, {"threads": "2"}, {"threads": 1.5}, {"device": None}, {"device": "²"}):
        with pytest.raises(UsageError, match=r"give|choose"):
            Wish(**wrong)  # type: ignore[arg-type]
