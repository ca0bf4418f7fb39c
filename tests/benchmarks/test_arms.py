"""The arms of the comparison: every one a recipe that stands, and the words for what became of them."""

from pathlib import Path

import arms
import numpy as np
import pytest

from wassr.evaluation.choice import choose_metrics
from wassr.evaluation.comparison import Comparison, Row
from wassr.evaluation.scoring import PictureScore, score_of
from wassr.training import make
from wassr.training.shelf import find_recipe


@pytest.mark.parametrize("name", arms.ARMS)
@pytest.mark.parametrize("by_ratio", [False, True])
def test_every_arm_is_a_recipe_without_complaints(name: str, by_ratio: bool) -> None:
    recipe = find_recipe("wassr-x4", ("data.train=[x]", *arms.changes(arms.ARMS[name], by_ratio, 2, 1, "compact-x4")))
    assert recipe.adversarial
    assert (recipe.adversarial.adversarial.ratio is not None) == by_ratio
    said: list[str] = []
    make.adversarial_problems(recipe, said.append)
    assert bool(said) == name.endswith(("fork", "clip-all"))  # they clip normalisation, as the 2018 code did


def compared(psnr: float, lpips: float, consistency: float) -> Comparison:
    metrics = choose_metrics(("psnr_y", "lpips", "lr_consistency"))
    rows = []
    for name, values in (("start", (27.0, 0.3, 50.0)), ("arm", (psnr, lpips, consistency))):
        picture = PictureScore("p", 64, 64, dict(zip(metrics, values, strict=True)))
        rows.append(Row(name, "", score_of("valid", 4, metrics, [picture], True)))
    return Comparison(tuple(rows), "start", (), {})


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ((20.0, 0.3, 50.0), "diverged"),
        ((27.0, 0.1, 29.0), "diverged"),
        ((26.95, 0.295, 50.0), "no effect"),
        ((26.0, 0.25, 50.0), "better"),
        ((26.0, 0.28, 50.0), "some effect"),
        ((26.0, 0.33, 50.0), "worse"),
    ],
)
def test_words(values: tuple[float, float, float], word: str) -> None:
    assert arms.word("arm", True, compared(*values), "start") == word
    assert arms.word("arm", False, compared(*values), "start") == "crash"


def test_the_table_has_a_row_for_each_and_its_protocol(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(arms, "METRICS", ("psnr_y", "lpips", "lr_consistency", "psnr_y"))
    row = arms.Outcome("arm", "better", 100, 2.5, (0.1, 0.3, 0.2), 0.9, 44.0, 1)
    text = arms.table([row], compared(26.0, 0.25, 50.0), "start")
    assert "| arm | better, 1 guard events | 26.00 | 0.250 |" in text
    assert "0.1 / 0.3 / 0.2 | 0.90 | 100 | 2.5 |" in text
    assert "psnr_y: BT.601" in text
    assert np.isnan(arms.last([], "x"))
