"""What the tests of this room share: pictures on disk, and comparisons with values of one's choice."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.upscaling.tiny import photo
from wassr.evaluation.comparison import Comparison, Row
from wassr.evaluation.compressed import CLEAN, Saved
from wassr.evaluation.metrics import METRICS, Metric
from wassr.evaluation.scoring import PictureScore, Score

DISTANCE = Metric(lambda made, high, scale: 0.5, "", False, "high", "a distance for tests")


def levels(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    """Something like a photograph, (H, W, 3)."""
    return (photo(height, width, seed=seed) * 255).astype(np.uint8)


def save(path: Path, pixels: NDArray[np.uint8]) -> Path:
    """A picture file; its folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def score(
    data: str, values: Mapping[str, Sequence[float]], scale: int = 4, saved: Saved | None = None, **others: Metric
) -> Score:
    """A score with given values for each metric; the pictures are a.png, b.png ..."""
    metrics = {name: others.get(name) or METRICS.get(name, DISTANCE) for name in values}
    count = len(next(iter(values.values())))
    rows = [PictureScore(f"{chr(97 + i)}.png", 40, 48, {n: v[i] for n, v in values.items()}) for i in range(count)]
    source = "; ".join(filter(None, (f"x{scale}; made for a test", saved.protocol if saved else "")))
    return Score(data, scale, metrics, tuple(rows), source, saved)


def comparison(**models: Mapping[str, Sequence[float]]) -> Comparison:
    """Models by name with their values on the set `Set`; the first is what others are compared with."""
    rows = tuple(Row(name, f"how {name} works", score("Set", values)) for name, values in models.items())
    return Comparison(rows, rows[0].model)


def over_quality(
    models: Mapping[str, Mapping[str, Mapping[str, Sequence[float]]]], double: bool = False, **others: Metric
) -> Comparison:
    """The same where inputs were saved as JPEG: values by model, quality (`clean`, `70`) and metric, on the set `Set`.

    others: metrics that are not the table's.
    """
    rows = []
    for quality in next(iter(models.values())):
        saved = Saved(None) if quality == CLEAN else Saved(int(quality), double)
        for name, values in models.items():
            found = score(f"Set/{saved.word}", values[quality], saved=saved, **others)
            rows.append(Row(name, f"how {name} works", found))
    return Comparison(tuple(rows), rows[0].model)
