"""Judges as files: what both engines give is what torch gives, and nothing is kept that is not so."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from tests.evaluation.test_judge_networks import WEIGHTS, needs_weights, random_heads, random_state
from wassr.evaluation import judge_export
from wassr.evaluation.judge_export import TOLERANCE, check, export_judge, halve, main
from wassr.evaluation.judge_networks import load_distance
from wassr.evaluation.judges import ENGINES, JUDGES, SHIPPED
from wassr.ground.errors import ModelError


def weights(name: str, folder: Path) -> Path:
    """A folder with random weights under the names of torchvision and lpips."""
    trunk, heads = {"lpips_alex": ("alexnet", "alex"), "lpips_vgg": ("vgg16-1", "vgg")}[name]
    folder.mkdir()
    torch.save(random_state(name), folder / f"{trunk}.pth")
    torch.save(random_heads(name), folder / f"{heads}.pth")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lpips_alex", "lpips_vgg"])
def test_made_from_torchvisions_and_lpips_files(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = weights(name, tmp_path / "weights")
    assert main([str(folder), "-o", str(tmp_path), "--only", name]) == 0
    path = tmp_path / f"{name}.onnx"
    assert f"{name}.onnx: " in capsys.readouterr().out
    network = load_distance(name, folder)
    draw = np.random.default_rng(5)
    for size in ((32, 32), (64, 33), (47, 90)):
        made, high = (draw.random((1, 3, *size), dtype=np.float32) for _ in range(2))
        wanted = float(network(torch.from_numpy(made), torch.from_numpy(high)))
        for engine, opened in ENGINES.items():
            assert opened(path)(made, high) == pytest.approx(wanted, rel=1e-4), (engine, size)
    told = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    assert told["licence"] == JUDGES[name].licence
    assert str(Path(__file__).parents[2]).encode() not in path.read_bytes()  # no trace of this machine


@needs_weights
def test_the_shipped_file_is_what_the_weights_give() -> None:
    assert max(check(load_distance("lpips", WEIGHTS), "lpips", SHIPPED / "lpips.onnx").values()) < 1e-6


@needs_weights
@pytest.mark.slow
@pytest.mark.parametrize(("name", "megabytes"), [("lpips", 1.6), ("efficientnet", 7)])
def test_halved_files_are_small_and_exact(name: str, megabytes: float, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.onnx"
    assert max(export_judge(name, WEIGHTS, path).values()) < 1e-6
    assert path.stat().st_size < megabytes * 1e6
    network = load_distance(name, WEIGHTS)
    draw = np.random.default_rng(6)
    for size in ((32, 32), (33, 50), (58, 39), (61, 63)):  # padding depends on odd and even at every stride
        made, high = (draw.random((1, 3, *size), dtype=np.float32) for _ in range(2))
        wanted = float(network(torch.from_numpy(made), torch.from_numpy(high)))
        for opened in ENGINES.values():
            assert opened(path)(made, high) == pytest.approx(wanted, abs=1e-5), size


def test_a_file_that_differs_is_refused_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = weights("lpips_alex", tmp_path / "weights")

    def wrong(network: torch.nn.Module, name: str, path: Path) -> None:
        path.write_bytes((SHIPPED / "lpips.onnx").read_bytes())

    monkeypatch.setattr(judge_export, "_write", wrong)
    with pytest.raises(ModelError, match=r"lpips_alex: openvino differs from torch by .*: not kept"):
        export_judge("lpips_alex", folder, tmp_path / "new.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["weights"]
    assert TOLERANCE <= 1e-4


def test_only_what_float16_holds_exactly_is_halved() -> None:
    draw = np.random.default_rng(7)
    exact = draw.standard_normal((8, 64)).astype(np.float16).astype(np.float32)
    constants = {
        "exact": exact,
        "rounded": draw.standard_normal((8, 64)).astype(np.float32),
        "huge": exact * 1e6,
        "few": exact[0],
        "whole": np.arange(512),
    }
    initializers = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    result = helper.make_tensor_value_info("exact", TensorProto.FLOAT, (8, 64))
    model = helper.make_model(helper.make_graph([], "constants", [], [result], initializers))
    halve(model)
    assert [node.output[0] for node in model.graph.node] == ["exact"]
    kept = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    assert set(kept) == {"exact_half", "rounded", "huge", "few", "whole"}
    np.testing.assert_array_equal(kept["exact_half"].astype(np.float32), exact)
    np.testing.assert_array_equal(kept["huge"], constants["huge"])


def test_missing_weights_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), "-o", str(tmp_path / "out"), "--only", "efficientnet"]) == 1
    printed = capsys.readouterr().out
    assert printed.startswith("error: efficientnet: no efficientnet_lite0* or efficientnet-lite0*")
    assert printed.count("\n") == 1
    with pytest.raises(SystemExit) as stopped:
        main([str(tmp_path), "-o", str(tmp_path), "--only", "dists"])
    assert stopped.value.code == 2
