"""The dry run's benchmark: what it runs, and that memory and disk are said right (times wait for a quiet machine)."""

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.upscaling.tiny import photo, tiny_model

if sys.platform == "win32":
    pytest.skip("needs os.wait4", allow_module_level=True)

import dryrun


def test_said_and_found(tmp_path: Path) -> None:
    model = tiny_model(tmp_path / "tiny-x4.onnx")
    picture = tmp_path / "a.png"
    Image.fromarray((photo(400, 500) * 255).astype("uint8")).save(picture)
    pairs = {pair.what: pair for pair in dryrun.compare(picture, str(model), tmp_path)}
    assert set(pairs) == {"seconds", "memory", "disk"}
    assert pairs["memory"].factor < dryrun.LIMIT
    assert pairs["disk"].factor < dryrun.LIMIT
    assert "a.png to 2000 x 1600 | disk" in dryrun.table([*pairs.values()])
    (tmp_path / "bad.png").write_bytes(b"")
    with pytest.raises(subprocess.CalledProcessError):
        dryrun.compare(tmp_path / "bad.png", str(model), tmp_path)


def test_samples_and_factor(tmp_path: Path) -> None:
    for path, width in zip(dryrun.samples(tmp_path), dryrun.WIDTHS, strict=True):
        with Image.open(path) as made:
            assert made.width == width
    assert dryrun.Pair("", "", 2.0, 3.0).factor == dryrun.Pair("", "", 3.0, 2.0).factor == 1.5
