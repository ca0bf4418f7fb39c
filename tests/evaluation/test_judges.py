"""The judges' files by both engines: documented values, what a distance must do, and what a user may get wrong."""

import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from wassr.evaluation import judges
from wassr.evaluation.judges import (
    BORDER,
    ENGINES,
    JUDGES,
    SHIPPED,
    SMALLEST,
    judge_metric,
    judge_metrics,
    open_judge,
)
from wassr.ground.errors import EngineError, ModelError, UsageError

ROOT = Path(__file__).parents[2]
LPIPS = SHIPPED / "lpips.onnx"
DOCUMENTED = (0.1024, 0.0938)  # torchmetrics' example of LPIPS squeeze


def island(side: int = 96) -> NDArray[np.uint8]:
    return np.array(Image.open(ROOT / "examples" / "photos" / "island.jpg").convert("RGB"))[:side, : side + 13]


def pair(height: int, width: int, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    draw = np.random.default_rng(seed)
    return draw.random((1, 3, height, width), dtype=np.float32), draw.random((1, 3, height, width), dtype=np.float32)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_documented_example(engine: str) -> None:
    """Two pairs of 100x100 random pictures of torch's generator with seed 42; documented for the same in -1..1."""
    generator = torch.Generator().manual_seed(42)
    made, high = (torch.rand(2, 3, 100, 100, generator=generator).numpy() for _ in range(2))
    distance = ENGINES[engine](LPIPS)
    assert [distance(made[i : i + 1], high[i : i + 1]) for i in range(2)] == pytest.approx(DOCUMENTED, abs=6e-5)


def test_one_compiled_judge_takes_every_size() -> None:
    openvino, onnxruntime = (engine(LPIPS) for engine in ENGINES.values())
    sizes = [(64, 64), (33, 90), (121, 32), (64, 65), (64, 64)]
    for i, size in enumerate(sizes):
        assert openvino(*pair(*size, i)) == pytest.approx(onnxruntime(*pair(*size, i)), abs=1e-6), size


def test_a_distance_is_zero_for_equal_pictures_symmetric_and_grows_with_distortion() -> None:
    metric = judge_metric("lpips")
    high = island()
    assert metric.compute(high, high, 4) == 0
    photo = Image.fromarray(high)
    blurred = [np.array(photo.filter(ImageFilter.GaussianBlur(radius))) for radius in (0.5, 1, 2, 4)]
    distances = [metric.compute(made, high, 4) for made in blurred]
    assert distances == sorted(distances)
    assert 0.0005 < distances[0] < 0.1 * distances[-1]
    assert metric.compute(high, blurred[1], 4) == pytest.approx(distances[1], abs=1e-6)
    assert not metric.higher_is_better
    assert metric.reference == "high"


def test_the_border_is_left_out() -> None:
    high = island()
    made = high.copy()
    made[:BORDER], made[-BORDER:], made[:, :BORDER], made[:, -BORDER:] = 0, 0, 0, 0
    metric = judge_metric("lpips")
    assert metric.compute(made, high, 2) == 0
    made[BORDER] = 0
    assert metric.compute(made, high, 2) > 0


@pytest.mark.parametrize(("side", "exists"), [(SMALLEST + 2 * BORDER - 1, False), (SMALLEST + 2 * BORDER, True)])
def test_a_picture_too_small_has_no_distance(side: int, exists: bool) -> None:
    high = island(side)
    assert math.isfinite(judge_metric("lpips").compute(high // 2, high, 4)) == exists


def test_rows_are_those_whose_files_are_there(tmp_path: Path) -> None:
    assert list(judge_metrics()) == ["lpips"]
    shutil.copy(LPIPS, tmp_path / "efficientnet.onnx")
    (tmp_path / "lpips.onnx").write_bytes(b"not looked at: the package's own goes first")
    found = judge_metrics(tmp_path)
    assert list(found) == ["lpips", "efficientnet"]
    assert found["lpips"].protocol == "LPIPS v0.1 squeeze, RGB; border = 4; 8 bit"
    high = island(64)
    assert found["lpips"].compute(high // 2, high, 4) == found["efficientnet"].compute(high // 2, high, 4) > 0


def test_a_missing_judge_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(
        ModelError, match=r"alexnet of torchvision.* make it: python -m wassr.*--only lpips_alex"
    ) as caught:
        judge_metric("lpips_alex", tmp_path)
    assert caught.value.exit_code == 2
    with pytest.raises(ModelError, match="in the package"):
        judge_metric("lpips_vgg")
    with pytest.raises(UsageError, match="no such judge; there are lpips, lpips_alex"):
        judge_metric("lipps")


@pytest.mark.parametrize("engine", ENGINES)
def test_files_that_are_no_judges(tmp_path: Path, engine: str) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(LPIPS.read_bytes()[:5000])
    with pytest.raises(ModelError, match=r"broken.onnx: .* cannot read it"):
        ENGINES[engine](broken)
    with pytest.raises(ModelError, match="takes low, not made and high: not a judge"):
        ENGINES[engine](ROOT / "src" / "wassr" / "models" / "shipped" / "espcn-x4.onnx")


def test_the_second_engine_where_the_first_is_absent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = Path(shutil.copy(LPIPS, tmp_path / "one.onnx"))
    monkeypatch.setattr(judges, "installed", lambda name: name == "onnxruntime")
    assert open_judge(path)(*pair(40, 50)) == pytest.approx(open_judge(LPIPS)(*pair(40, 50)), abs=1e-6)
    monkeypatch.setattr(judges, "installed", lambda name: False)
    with pytest.raises(EngineError, match="pip install openvino"):
        open_judge(tmp_path / "two.onnx")


def test_judging_needs_no_torch() -> None:
    program = """
import sys
sys.modules["torch"] = sys.modules["onnx"] = None
import numpy as np
from wassr.evaluation.judges import judge_metrics
from wassr.evaluation.niqe import NO_REFERENCE
made = np.random.default_rng(0).integers(0, 256, (100, 200, 3), dtype=np.uint8)
for metric in (NO_REFERENCE | judge_metrics()).values():
    metric.compute(made, made, 4)
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    subprocess.run([sys.executable, "-c", program], check=True, env=environment)


def test_what_ships_is_named_with_its_licences() -> None:
    told = (SHIPPED / "README.md").read_text(encoding="utf-8")
    for path in SHIPPED.iterdir():
        assert path.name in told or path.name == "README.md"
    licences = (SHIPPED / "LICENSES.txt").read_text(encoding="utf-8")
    assert "Richard Zhang" in licences
    assert "Soumith Chintala" in licences
    page = (ROOT / "docs" / "judges.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in page for name in (*JUDGES, "niqe"))
