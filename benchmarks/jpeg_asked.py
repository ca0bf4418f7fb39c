"""What was asked of models for compressed inputs, line by line: floors and aims, and what `jpeg.py` measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from jpeg_page import (
    B100,
    BEST,
    BICUBIC,
    FAITHFUL,
    LSDIR,
    PERCEPTUAL,
    SET14,
    SPECIALIST,
    Study,
    columns,
    digits,
    row,
    rule,
    signed,
)

from wassr.evaluation.comparison import Comparison
from wassr.evaluation.compressed import CLEAN

LOWER = ("lpips",)  # of the metrics below, those of which less is asked


@dataclass(frozen=True)
class Demand:
    """One thing that was asked for: a mean, or a difference of means where `over` is a model.

    kind: floor or aim; rival: another's network whose own value in this run is shown beside.
    """

    kind: str
    model: str
    over: str
    data: str
    quality: str
    metric: str
    asked: float
    rival: str = ""


@dataclass(frozen=True)
class Answer:
    """What came of a demand; measured is None where a model is not at hand."""

    demand: Demand
    measured: float | None
    interval: tuple[float, float] | None = None
    rival: float | None = None
    reached: bool = False


def answers(study: Study) -> list[Answer]:
    """All demands against what was measured."""
    return [_answer(study[demand.data], demand) for demand in DEMANDS]


def table(found: Sequence[Answer]) -> str:
    """Markdown: a row for each demand."""
    lines = ["| | model | of | asked | measured | a rival in this run | reached |", rule(7)]
    for one in found:
        demand, metric = one.demand, one.demand.metric
        over = f" over {demand.over}" if demand.over else ""
        asked = signed(metric, demand.asked) if demand.over else digits(metric, demand.asked)
        if one.measured is None:
            measured = "not at hand"
        else:
            measured = signed(metric, one.measured) if demand.over else digits(metric, one.measured)
        if one.interval is not None:
            measured += f" [{', '.join(signed(metric, value) for value in one.interval)}]"
        rival = "" if one.rival is None else f"{demand.rival}: {digits(metric, one.rival)}"
        reached = "" if one.measured is None else "yes" if one.reached else "no"
        place = f"{demand.data} {demand.quality}, {metric}{over}"
        sign = "<" if demand.metric in LOWER else "≥"
        lines.append(row(demand.kind, demand.model, place, f"{sign} {asked}", measured, rival, reached))
    return "\n".join(lines)


def _answer(comparison: Comparison, demand: Demand) -> Answer:
    data, metric = columns(comparison)[demand.quality], demand.metric
    here = set(comparison.models)
    rival = comparison.score(demand.rival, data).mean(metric) if demand.rival in here else None
    if demand.model not in here or (demand.over and demand.over not in here):
        return Answer(demand, None, rival=rival)
    if demand.over:
        pair = replace(comparison, against=demand.over).paired(demand.model, data, metric)
        assert pair is not None
        return Answer(demand, pair.difference, (pair.low, pair.high), rival, pair.difference >= demand.asked)
    mean = comparison.score(demand.model, data).mean(metric)
    return Answer(demand, mean, None, rival, mean < demand.asked if metric in LOWER else mean >= demand.asked)


LEVELS = (CLEAN, "90", "70", "50", "30")
_LSDIR_LPIPS = (0.146, 0.178, 0.210, 0.231, 0.254)
_LSDIR_PSNR = (26.78, 26.10, 25.19, 24.71, 24.25)
_WAIFU_PSNR = (28.2, 27.5, 26.5, 25.95, 25.3)
DEMANDS = (
    *(
        Demand("floor", FAITHFUL, BICUBIC, B100, quality, "psnr_rgb", asked)
        for quality, asked in (("10", 0.6), ("30", 0.75), ("50", 0.8))
    ),
    Demand("floor", FAITHFUL, SPECIALIST, B100, CLEAN, "psnr_rgb", -0.35),
    Demand("aim", FAITHFUL, BICUBIC, B100, "10", "psnr_rgb", 0.9),
    *(
        Demand("aim", PERCEPTUAL, "", SET14, quality, "lpips", asked, LSDIR)
        for quality, asked in zip(LEVELS, _LSDIR_LPIPS, strict=True)
    ),
    *(
        Demand("aim", PERCEPTUAL, "", SET14, quality, "psnr_y_float", asked, LSDIR)
        for quality, asked in zip(LEVELS, _LSDIR_PSNR, strict=True)
    ),
    *(
        Demand("aim", FAITHFUL, "", SET14, quality, "psnr_y_float", asked, BEST)
        for quality, asked in zip(LEVELS, _WAIFU_PSNR, strict=True)
    ),
)
