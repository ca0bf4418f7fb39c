"""The wheel, as a user gets it: built, installed where there is no torch, run from another folder without a network."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NO_NETWORK = """
import sys

def refuse(event, arguments):
    if event in {"socket.connect", "socket.getaddrinfo"}:
        raise OSError(f"the network was asked for: {event} {arguments[1:]}")

sys.addaudithook(refuse)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of a clean environment with the wheel in it."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = folder.glob("wassr-*.whl")
    environment = folder / "environment"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    binaries = environment / ("Scripts" if os.name == "nt" else "bin")
    subprocess.run([str(binaries / "python"), "-m", "pip", "install", "--quiet", str(wheel)], check=True)
    return binaries


@pytest.mark.slow
def test_enlarges_without_torch_or_network_from_another_folder(installed: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    (blocked / "sitecustomize.py").write_text(NO_NETWORK, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(blocked)}
    photo = ROOT / "examples" / "photos" / "island.jpg"
    call = [str(installed / "wassr"), "upscale", str(photo), "-o", "out.png", "--report", "report.json"]
    done = subprocess.run(call, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.png").stat().st_size > 100_000
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    missing = subprocess.run([str(installed / "python"), "-c", "import torch"], capture_output=True, check=False)
    assert missing.returncode != 0


@pytest.mark.slow
def test_training_names_the_extra_where_it_is_missing(installed: Path, tmp_path: Path) -> None:
    call = [str(installed / "wassr"), "train", "demo", "data=."]
    done = subprocess.run(call, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "pip install 'wassr[train]'" in done.stderr


@pytest.mark.slow
def test_carries_licences_models_and_recipes(installed: Path, tmp_path: Path) -> None:
    code = "import wassr, pathlib; print(pathlib.Path(wassr.__file__).parent)"
    shown = subprocess.run(
        [str(installed / "python"), "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    package = Path(shown.stdout.strip())
    assert sorted(package.glob("models/shipped/*.onnx"))
    assert (package / "evaluation/weights/lpips.onnx").is_file()
    assert (package / "evaluation/weights/LICENSES.txt").is_file()
    assert sorted(package.glob("training/recipes/*.yaml"))
    assert sorted(package.glob("data/chains/*.yaml"))
    assert (package / "report/vendor/LICENSE").is_file()
    assert (package / "report/assets/charts.js").is_file()
    licences = sorted(package.parent.glob("wassr-*.dist-info/licenses/*"))
    assert {path.name for path in licences} == {"LICENSE", "NOTICE"}
