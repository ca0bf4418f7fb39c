"""Model files: the card is read without weights, and every wreck gives one line."""

import json
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from wassr.ground.errors import ModelError
from wassr.models.card import Card, Measurement
from wassr.models.modelfile import load_weights, read_card, replace_card, save_weights

CARD = Card(
    name="test-x4", purpose="naïve „test“ — 2×", network="espcn", scale=4, radius=4, arguments={"activation": "tanh"}
)
TENSORS = {
    "a.weight": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
    "b": np.array([1.5, -2.5], dtype=np.float16),
    "count": np.array(7, dtype=np.int64),
}


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    save_weights(tmp_path / "test-x4.safetensors", TENSORS, CARD)
    return tmp_path / "test-x4.safetensors"


@pytest.fixture
def deployment(tmp_path: Path) -> Path:
    path = tmp_path / "test-x4.onnx"
    weight = numpy_helper.from_array(np.zeros((40, 3, 3, 3), np.float32), "w")
    node = helper.make_node("Conv", ["low", "w"], ["residual"])
    ports = [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in ("low", "residual")]
    model = helper.make_model(helper.make_graph([node], "g", ports[:1], ports[1:], [weight]))
    helper.set_model_props(model, {"other": "thing", "wassr_card": CARD.to_json()})
    path.write_bytes(model.SerializeToString())
    return path


def test_weights_come_back_as_they_went(weights: Path) -> None:
    tensors, card = load_weights(weights)
    assert card == CARD
    assert set(tensors) == set(TENSORS)
    for name, array in TENSORS.items():
        assert tensors[name].dtype == array.dtype
        assert np.array_equal(tensors[name], array)


def test_the_same_weights_make_the_same_file(weights: Path, tmp_path: Path) -> None:
    save_weights(tmp_path / "again.safetensors", dict(reversed(TENSORS.items())), CARD)
    assert (tmp_path / "again.safetensors").read_bytes() == weights.read_bytes()


def test_a_strided_array_is_saved_as_it_reads(tmp_path: Path) -> None:
    array = np.arange(12, dtype=np.float32).reshape(3, 4).T[::2]
    save_weights(tmp_path / "x.safetensors", {"a": array}, CARD)
    assert np.array_equal(load_weights(tmp_path / "x.safetensors")[0]["a"], array)


def test_cards_of_both_forms(weights: Path, deployment: Path) -> None:
    assert read_card(weights) == CARD
    assert read_card(deployment) == CARD


def test_a_card_is_read_without_the_weights(weights: Path, deployment: Path) -> None:
    """Weights of nonsense do not matter: only sizes are looked at."""
    for path, kept in ((weights, 300), (deployment, 20)):
        content = bytearray(path.read_bytes())
        if path == weights:
            (length,) = struct.unpack("<Q", content[:8])
            content[8 + length :] = b"\xff" * (len(content) - 8 - length)
        else:
            place = content.index(b"\0" * kept)
            content[place : place + kept] = b"\xff" * kept
        path.write_bytes(content)
        assert read_card(path) == CARD


@pytest.mark.parametrize("form", ["weights", "deployment"])
def test_another_card_changes_nothing_else(form: str, request: pytest.FixtureRequest) -> None:
    path: Path = request.getfixturevalue(form)
    before = onnx.load(path) if form == "deployment" else None
    measured = Measurement(data="Set14", metric="psnr_y", value=28.6, unit="dB", protocol="border 4, rounded Y")
    for steps in (5, 100_000):
        better = CARD.model_copy(update={"steps": steps, "measured": (measured,) * (1 + steps // 1000)})
        replace_card(path, better)
        assert read_card(path) == better
    if before is None:
        tensors, _ = load_weights(path)
        assert all(np.array_equal(tensors[name], array) for name, array in TENSORS.items())
        return
    after = onnx.load(path)
    assert after.graph == before.graph
    assert {p.key for p in after.metadata_props} == {"other", "wassr_card"}
    assert len(after.metadata_props) == 2


def test_every_cut_is_one_line_with_sizes(weights: Path, deployment: Path, tmp_path: Path) -> None:
    for path in (weights, deployment):
        content = path.read_bytes()
        last = content.index(b"wassr_card") if path == deployment else len(content)
        for length in (*range(0, last, 23), last - 1):
            cut = tmp_path / f"cut{path.suffix}"
            cut.write_bytes(content[:length])
            with pytest.raises(ModelError) as caught:
                read_card(cut)
            message = str(caught.value)
            assert message.startswith(str(cut))
            assert "\n" not in message
            assert str(length) in message or "no card" in message


def test_sizes_are_named(weights: Path) -> None:
    content = weights.read_bytes()
    weights.write_bytes(content[:-3])
    with pytest.raises(ModelError, match=f"cut off: expected {len(content)} bytes, found {len(content) - 3}"):
        load_weights(weights)
    weights.write_bytes(content + b"12")
    with pytest.raises(ModelError, match=f"too long: expected {len(content)} bytes, found {len(content) + 2}"):
        load_weights(weights)


@pytest.mark.parametrize("suffix", [".safetensors", ".onnx"])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0",
        b"hello, this is no model at all, but some text that goes on for a while",
        b"\x89PNG\r\n\x1a\n" + b"\0" * 90,
        b"\xff" * 64,
        b"\x80" * 64,
        b"\0" * 64,
        b"PK\x03\x04" + b"\7" * 80,
        struct.pack("<Q", 2**63) + b"{" * 30,
        struct.pack("<Q", 40) + b"{" * 40,
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 8) + b'{"a": 1}',
        struct.pack("<Q", 26) + b'{"a": {"data_offsets": 1}}',
        struct.pack("<Q", 3) + b"{\xff}",
    ],
)
def test_foreign_files(suffix: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"x{suffix}"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"^[^\n]+$"):
        read_card(path)


def test_files_without_a_card(tmp_path: Path, deployment: Path) -> None:
    model = onnx.load(deployment)
    del model.metadata_props[:]
    deployment.write_bytes(model.SerializeToString())
    header = json.dumps({"a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}}).encode()
    plain = tmp_path / "plain.safetensors"
    plain.write_bytes(struct.pack("<Q", len(header)) + header + b"\0")
    for path in (deployment, plain):
        with pytest.raises(ModelError, match="has no card"):
            read_card(path)


def test_missing_folder_and_other_suffix(tmp_path: Path, weights: Path, deployment: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read: No such file"):
        read_card(tmp_path / "none.onnx")
    (tmp_path / "folder.onnx").mkdir()
    with pytest.raises(ModelError, match="cannot be read"):
        read_card(tmp_path / "folder.onnx")
    shutil.copy(weights, tmp_path / "x.pth")
    with pytest.raises(ModelError, match=r"must end in \.safetensors or \.onnx"):
        read_card(tmp_path / "x.pth")
    with pytest.raises(ModelError, match=r"weights are read from \.safetensors files only"):
        load_weights(deployment)


def test_a_damaged_card_names_the_file_and_key(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    path = tmp_path / "x.safetensors"
    save_file(TENSORS, path, metadata={"wassr_card": '{"name": "x"}'})
    with pytest.raises(ModelError, match=r"x.safetensors: its card is not valid: purpose"):
        read_card(path)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 10**6), flip=st.integers(1, 255), form=st.sampled_from(["weights", "deployment"]))
def test_flipped_bytes_never_end_in_a_traceback(
    place: int, flip: int, form: str, weights: Path, deployment: Path, tmp_path: Path
) -> None:
    source = weights if form == "weights" else deployment
    content = bytearray(source.read_bytes())
    content[place % len(content)] ^= flip
    damaged = tmp_path / f"damaged{source.suffix}"
    damaged.write_bytes(content)
    message = ""
    try:
        load_weights(damaged) if form == "weights" else read_card(damaged)
    except ModelError as error:
        message = str(error)
    assert "\n" not in message


def test_reading_needs_neither_torch_nor_onnx(weights: Path, deployment: Path) -> None:
    code = (
        "import sys, pathlib; from wassr.models import shelf;"
        "from wassr.models.modelfile import load_weights, read_card;"
        "load_weights(pathlib.Path(sys.argv[1])); read_card(pathlib.Path(sys.argv[2])); shelf.shipped();"
        "sys.exit(bool({'torch', 'onnx', 'openvino'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code, str(weights), str(deployment)]
    assert subprocess.run(command, check=False).returncode == 0
