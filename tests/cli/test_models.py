import json
from pathlib import Path

from tests.cli.conftest import Wassr
from tests.upscaling.tiny import tiny_card, tiny_model
from wassr.models.card import Measurement
from wassr.models.shelf import shipped


def test_a_models_lines(wassr: Wassr, tmp_path: Path) -> None:
    measured = (
        Measurement(data="Set5", metric="psnr_y", value=31.6, unit="dB", protocol="mean of 5 pictures; p"),
        Measurement(data="Set14", metric="psnr_y", value=28.1, unit="dB", protocol="mean of 14 pictures; p"),
        Measurement(data="any", metric="seconds_per_megapixel", value=0.21, unit="s", protocol="2 threads"),
    )
    tiny_model(tmp_path / "tiny-x4.onnx", tiny_card().model_copy(update={"measured": measured, "credits": "nobody"}))
    shown = wassr("models", "tiny-x4.onnx").stdout.decode()
    facts = ("tiny-x4: tests", "0.21 s per megapixel [1]", "PSNR-Y (dB, higher is better): Set5 31.60, Set14 28.10 [2]")
    for part in (*facts, "x4, for clean inputs, ", "licence CC0-1.0", "MB"):
        assert part in shown
    assert shown.endswith("how the numbers were made\n  [1] 2 threads\n  [2] mean of the set's pictures; p\n")
    assert "credits: nobody" in wassr("models", "tiny-x4.onnx", "--licences").stdout.decode()
    (row,) = json.loads(wassr("models", "tiny-x4.onnx", "--json").stdout)
    assert (row["name"], row["scale"], row["measured"][0]["value"]) == ("tiny-x4", 4, 31.6)
    assert (row["measured"][0]["better"], row["measured"][0]["reference"]) == ("higher", "high")
    assert row["measured"][0]["protocol"] == "mean of 5 pictures; p"


def test_a_model_that_restores_says_so(wassr: Wassr, tmp_path: Path) -> None:
    tiny_model(tmp_path / "tiny-x1.onnx", tiny_card(1))
    assert "same size (x1), for clean inputs, " in wassr("models", "tiny-x1.onnx").stdout.decode()


def test_every_shipped_model_once(wassr: Wassr) -> None:
    names = [row["name"] for row in json.loads(wassr("models", "--json").stdout)]
    assert sorted(names) == sorted(shipped())


def test_licences_name_the_networks_of_others(wassr: Wassr) -> None:
    lines = wassr("models", "wassr-x4", "--licences").stdout.decode().splitlines()
    assert any(line.startswith("    trained with: VGG16") and line.endswith("CC BY 4.0") for line in lines)
    assert any("RLFN-S" in line and line.endswith("Apache-2.0, by way of compact-x4") for line in lines)
    assert any(line.startswith("    losses: l1 1, ") for line in lines)


def test_an_unknown_model_is_one_line(wassr: Wassr) -> None:
    ended = wassr("models", "nosuch")
    assert ended.returncode == 2
    assert ended.stderr.decode().startswith("wassr: nosuch: no such model")
    assert ended.stderr.count(b"\n") == 1
