"""The evaluation script: table, JSON, cards."""

import json
from pathlib import Path

import evaluate
import machine
import numpy as np
import pytest
from PIL import Image

from wassr.evaluation.metrics import METRICS
from wassr.evaluation.sets import find_sets
from wassr.models.card import Card, Measurement
from wassr.models.modelfile import load_weights, read_card, save_weights
from wassr.models.shelf import find


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name in ("One", "Two"):
        (tmp_path / name).mkdir()
        levels = np.random.default_rng(len(name)).integers(0, 256, (40, 44, 3), dtype=np.uint8)
        Image.fromarray(levels).save(tmp_path / name / "noise.png")
    return tmp_path


def test_plain_models_table_and_json(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = data / "out.json"
    code = evaluate.main(
        ["bicubic", "nearest", "--data", str(data), "--set", "One", "Two", "--scale", "2", "--json", str(file)]
    )
    printed = capsys.readouterr().out
    assert code == 0
    assert "| bicubic | One |" in printed
    assert "psnr_y (dB, higher is better, against the original): BT.601 studio Y, rounded; border = scale" in printed
    saved = json.loads(file.read_text())
    assert saved["machine"]["versions"]["wassr"]
    assert list(saved["results"]) == ["bicubic", "nearest"]
    assert list(saved["results"]["bicubic"]) == ["One", "Two"]
    value = saved["results"]["nearest"]["Two"]["psnr_y"]
    assert value["mean"] == value["pictures"]["noise.png"]
    assert value["unit"] == "dB"
    assert "border = scale" in value["protocol"]
    assert saved["markdown"] in printed


def test_what_was_saved_is_a_model_of_scale_1(data: Path) -> None:
    """Nothing is reduced there, so nothing can be consistent with what was."""
    file = data / "out.json"
    command = ["bicubic", "--scale", "1", "--jpeg", "50", "--data", str(data), "--set", "One", "--json", str(file)]
    assert evaluate.main(command) == 0
    found = json.loads(file.read_text())["results"]["bicubic"]
    assert list(found) == ["One/jpeg-50"]
    assert list(found["One/jpeg-50"]) == [*(name for name in evaluate.KEPT if name != "lr_consistency"), "psnr_b"]
    assert 10 < found["One/jpeg-50"]["psnr_y"]["mean"] < 40


@pytest.mark.slow
def test_our_own_pictures_are_a_set(data: Path) -> None:
    file = data / "out.json"
    command = ["nearest", "--data", str(data), "--set", "One", "--own", "--json", str(file)]
    assert evaluate.main(command) == 0
    found = json.loads(file.read_text())["results"]["nearest"]
    assert list(found) == ["One", "examples"]
    assert len(found["examples"]["psnr_y"]["pictures"]) == len(list(evaluate.OWN.iterdir()))


def test_an_unknown_model_is_one_line(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate.main(["bicubci", "--data", str(data), "--set", "One"]) == 1
    assert capsys.readouterr().out.startswith("error: bicubci: no such model")


def test_numbers_go_into_the_card_and_the_weights_stay(data: Path) -> None:
    old = tuple(Measurement(data=d, metric="psnr_y", value=1.0, unit="dB", protocol="old") for d in ("One", "Other"))
    card = Card(name="m", purpose="", network="espcn", scale=2, radius=4, measured=old)
    path = data / "m.safetensors"
    weights = {"w": np.arange(6, dtype=np.float32)}
    save_weights(path, weights, card)
    options = evaluate.parse(["bicubic", "--data", str(data), "--scale", "2"])
    plain = evaluate.subject("bicubic", options)
    rows = evaluate.compare([plain], find_sets([data / "One"]), METRICS, "bicubic").rows
    assert evaluate.write_card(find(path), rows) == [path]
    written = read_card(path)
    assert written.value("One", "psnr_y") == pytest.approx(rows[0].score.mean("psnr_y"), abs=1e-4)
    assert written.value("Other", "psnr_y") == 1.0
    assert sum((m.data, m.metric) == ("One", "psnr_y") for m in written.measured) == 1
    np.testing.assert_array_equal(load_weights(path)[0]["w"], weights["w"])


def test_json_holds_infinity_as_text() -> None:
    assert machine.plain({"a": (float("inf"), 1 / 3)}) == {"a": ["inf", 0.333333]}
