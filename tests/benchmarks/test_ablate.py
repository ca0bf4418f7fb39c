"""One change at a time, on a run of a few steps."""

from pathlib import Path

import ablate
import numpy as np
from PIL import Image


def test_a_case_is_a_name_and_its_changes() -> None:
    one = ablate.case("both: content.teacher={model: a.onnx, share: 0.5} content.batch=8")
    assert one == ablate.Case("both", ("content.teacher={model: a.onnx, share: 0.5}", "content.batch=8"))


def test_rows_differ_by_what_was_changed(tmp_path: Path) -> None:
    for i in range(3):
        levels = np.random.default_rng(i).integers(0, 256, (40, 40, 3), dtype=np.uint8)
        Image.fromarray(levels).resize((80, 80)).save(tmp_path / f"{i}.png")
    small = "generator.arguments={channels: 16, blocks: 1} content.crop=32 content.batch=2"
    one, two = f"slow: {small} content.optimizer.rate=1e-5", f"fast: {small} content.optimizer.rate=1e-2"
    rows = [ablate.run("compact-x4", ablate.case(text), tmp_path, None, 4, None) for text in (one, two)]
    assert [row.case for row in rows] == ["slow", "fast"]
    assert rows[0].end != rows[1].end
    assert all(row.steps_a_second > 0 and np.isfinite(row.half) for row in rows)
