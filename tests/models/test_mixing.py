from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from tests.upscaling.tiny import tiny_card, tiny_model
from wassr.ground.errors import ModelError
from wassr.models.mixing import constants, distance, mixed, same_constants
from wassr.models.shelf import find, shipped


def by_onnx(content: bytes) -> dict[str, np.ndarray]:
    """Float constants as the onnx package reads them."""
    found = onnx.load_from_string(content).graph.initializer
    return {c.name: numpy_helper.to_array(c) for c in found if c.data_type == onnx.TensorProto.FLOAT}


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    return tiny_model(tmp_path / "one.onnx", strength=0.3), tiny_model(tmp_path / "other.onnx", strength=0.4)


@pytest.mark.parametrize("name", shipped())
def test_finds_what_the_onnx_package_finds(name: str) -> None:
    path = find(name).onnx
    assert path is not None
    content, wanted = path.read_bytes(), by_onnx(path.read_bytes())
    found = constants(content)
    assert dict(iter(found)) == {key: value.shape for key, value in wanted.items()}
    for (key, shape), place in found.items():
        assert np.array_equal(np.frombuffer(content[place], "<f4").reshape(shape), wanted[key])


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_constants_lie_on_the_line_and_nothing_else_changes(share: float, pair: tuple[Path, Path]) -> None:
    one, other = (path.read_bytes() for path in pair)
    made = mixed(*pair, share)
    onnx.checker.check_model(onnx.load_from_string(made))
    for name, value in by_onnx(made).items():
        first, last = by_onnx(one)[name], by_onnx(other)[name]
        assert np.abs(value - ((1 - share) * first + share * last)).max() < 1e-6
    rest = bytearray(made)
    for place in constants(other).values():
        rest[place] = other[place]
    assert bytes(rest) == other
    assert (made == other) == (share == 1)


def test_distance_is_relative(pair: tuple[Path, Path], tmp_path: Path) -> None:
    one = pair[0]
    assert distance(one, one) == 0
    doubled = onnx.load(one)
    for constant in doubled.graph.initializer:
        constant.raw_data = (2 * numpy_helper.to_array(constant)).tobytes()
    onnx.save(doubled, tmp_path / "doubled.onnx")
    assert distance(one, tmp_path / "doubled.onnx") == pytest.approx(1)
    assert distance(tmp_path / "doubled.onnx", one) == pytest.approx(0.5)


def test_names_and_shapes_tell_other_architectures(pair: tuple[Path, Path], tmp_path: Path) -> None:
    assert same_constants(*pair)
    assert not same_constants(pair[0], tiny_model(tmp_path / "x2.onnx", tiny_card(scale=2)))


def test_a_damaged_graph_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "cut.onnx"
    path.write_bytes(b"\x08\x08\x3a\x05\x2a\x40abc")  # a tensor that claims to be longer than its graph
    with pytest.raises(ModelError, match=r"cut\.onnx: damaged") as caught:
        same_constants(path, path)
    assert "\n" not in str(caught.value)
