"""The benchmark of bin projection: what its inputs are, and a row of it."""

from pathlib import Path

import bins
import numpy as np

from tests.benchmarks.conftest import ROOT
from wassr.data.folders import read_levels
from wassr.pixels.formats import read_picture
from wassr.pixels.jpeg_traces import history

EXAMPLES = ROOT / "examples" / "train"


def test_inputs_have_the_generations_that_they_are_called_by() -> None:
    levels = read_levels(EXAMPLES / "rock.webp")
    for name, (qualities, shift) in bins.SAVED.items():
        picture = read_picture(bins.compressed(levels, qualities, shift))
        assert (picture.height, picture.width) == levels.shape[:2]
        found = history(picture)
        assert found.file is not None
        assert found.file.quality == qualities[-1]
        assert len(found.traces) == len(qualities) - 1, name
        assert all(trace.top == trace.left == -shift % 8 for trace in found.traces)


def test_a_row(tmp_path: Path) -> None:
    def smooth(low: np.ndarray, _quality: int) -> np.ndarray:
        return np.full((3, 4 * low.shape[1], 4 * low.shape[2]), low.mean(), dtype=np.float32)

    row = bins.measure("grey", smooth, [EXAMPLES / "rock.webp"], "q70")
    assert len(row.psnr_y) == len(bins.WAYS)
    assert min(row.psnr_y[1:]) > row.psnr_y[0] + 1  # anything beats gray
    assert bins.line(row).startswith("| grey | q70 |")
