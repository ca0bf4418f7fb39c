"""Every curve that training can log has its place and its sentence."""

import re
from pathlib import Path

import wassr
from wassr.report.curves import CHARTS, unnamed
from wassr.training.progress import PARTS
from wassr.training.recipe import ContentLoss

SOURCE = Path(wassr.__file__).parent / "training"
CHART = [chart for charts in CHARTS.values() for chart in charts]
TAGS = [tag for chart in CHART for tag in chart.curves]


def test_no_curve_twice_and_each_has_a_sentence() -> None:
    assert len(TAGS) == len(set(TAGS))
    for chart in CHART:
        assert chart.title
        assert any(not curve.line for curve in chart.curves.values())
        assert len({curve.name for curve in chart.curves.values()}) == len(chart.curves)
        for curve in chart.curves.values():
            assert re.fullmatch(r"[A-Z].*[.]", curve.read), curve.read


def test_all_that_meter_and_step_log_is_known() -> None:
    """Read from their source: a curve that is added there must be added here."""
    text = "".join((SOURCE / name).read_text(encoding="utf-8") for name in ("meter.py", "step.py"))
    logged = set(re.findall(r'"((?:critic|norm)/[a-z_]+)"', text))
    assert len(logged) > 15
    assert logged <= set(TAGS)
    assert {"critic/anchor_start", "critic/anchor_bicubic", "loss/critic", "loss/penalty"} <= set(TAGS)


def test_all_that_validation_logs_is_known() -> None:
    text = (SOURCE / "validation.py").read_text(encoding="utf-8")
    logged = set(re.findall(r'"([a-z_]+)": lambda', text)) | set(re.findall(r'values\["([a-z_]+)"\]', text))
    assert {"psnr_y", "lpips", "high_band"} <= logged
    assert {f"valid/{name}" for name in logged} <= set(TAGS)
    assert {f"bicubic/{name}" for name in logged} <= set(TAGS)


def test_every_content_term_of_a_recipe_is_known() -> None:
    terms = [name for name, field in ContentLoss.model_fields.items() if field.annotation is float]
    assert {f"loss/{name}" for name in terms} <= set(TAGS)


def test_every_part_of_a_step_is_known() -> None:
    assert {f"speed/seconds_{part}" for part in PARTS} | {"speed/images_per_second"} <= set(TAGS)


def test_an_unknown_tag_gets_a_chart_of_its_own() -> None:
    assert unnamed("new/one").title == "new/one"
    assert list(unnamed("new/one").curves) == ["new/one"]
