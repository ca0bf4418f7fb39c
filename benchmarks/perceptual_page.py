"""What `perceptual.py` measured, for people: tables, what was asked for and what came out, the curve over strength."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from plots import plt

from wassr.evaluation.comparison import Comparison
from wassr.evaluation.scoring import Score
from wassr.evaluation.statistics import LEVEL
from wassr.evaluation.tables import arrow, protocol, sentence
from wassr.evaluation.wording import number
from wassr.training.verdict import Thresholds

WITH_BP = " + BP"
SRGAN = "SRGAN"
LSDIR = "LSDIRCompactC3"
WASSERSTEIN = " (Wasserstein)"

LEAST_CONSISTENCY = 45.0  # dB
ENOUGH = 0.95  # of the gain in LPIPS: the rest costs fidelity as before and cannot be seen
MOST_DRIFT = 0.1  # grey levels
MOST_RASTER = Thresholds().raster
JUDGED = ("Set14", "B100")  # Set5 is too small for a spectrum, and the rivals' numbers are known on these
COLOURS = ("#0b7a75", "#8a63b3")  # of our curves


@dataclass(frozen=True)
class Measured:
    """A subject on one set. raster: `evaluation.texture.checkerboard` of its results."""

    score: Score
    raster: float


Curve = Mapping[float, Mapping[str, Measured]]  # strength -> set -> what was measured


@dataclass(frozen=True)
class Study:
    """Everything on all sets. comparison: against the content model; curves: name -> curve, that of `model` first."""

    model: str
    comparison: Comparison
    rasters: Mapping[tuple[str, str], float]
    curves: Mapping[str, Curve]

    @property
    def content(self) -> str:
        return self.comparison.against

    def mean(self, name: str, data: str, metric: str) -> float:
        return self.comparison.score(name, data).mean(metric)


@dataclass(frozen=True)
class Demand:
    """One thing that was asked for."""

    what: str
    asked: str
    measured: str
    reached: bool


def markdown(study: Study) -> str:
    """The whole page between its markers."""
    parts = [demand_table(demands(study)), *(table(study, data) for data in study.comparison.sets)]
    for name, curve in study.curves.items():
        if len(curve) > 1:
            parts.append(f"**{name}** by strength:\n\n{curve_table(curve)}")
    parts.append("\n".join(differences(study)))
    parts.append("\n".join(f"- {line}" for line in protocol(study.comparison)))
    return "\n\n".join(parts)


def table(study: Study, data: str) -> str:
    """A line for each subject on one set: means, and the raster."""
    comparison = study.comparison
    heads = [f"{name} {arrow(metric)}" for name, metric in comparison.metrics.items()]
    lines = [f"| {data} | {' | '.join(heads)} | raster ↓ |", "|---" * (2 + len(heads)) + "|"]
    for name in comparison.models:
        score = comparison.score(name, data)
        cells = [number(score.mean(key), metric.unit) for key, metric in comparison.metrics.items()]
        shown = f"**{name}**" if name == study.model else name
        lines.append(f"| {shown} | {' | '.join(cells)} | {study.rasters[name, data]:.1f} |")
    return "\n".join(lines)


def curve_table(curve: Curve) -> str:
    """PSNR-Y / LPIPS / LR-consistency at each strength on each set."""
    sets = list(next(iter(curve.values())))
    lines = [f"| strength | {' | '.join(sets)} |", "|---" * (1 + len(sets)) + "|"]
    for strength, found in curve.items():
        cells = (
            f"{one.score.mean('psnr_y'):.2f} / {one.score.mean('lpips'):.4f} / {one.score.mean('lr_consistency'):.1f}"
            for one in found.values()
        )
        lines.append(f"| {strength:g} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", "PSNR-Y (dB) / LPIPS / LR-consistency (dB)"])


def choice_table(curve: Curve) -> str:
    """For choosing a strength on one set: what each gives, what it costs, how much of the whole gain it has."""
    heads = ("strength", "PSNR-Y", "LPIPS", "LR-consistency", "raster", "PSNR-Y given up", "of the gain in LPIPS")
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    found = {strength: one for strength, row in curve.items() for one in row.values()}
    means = {s: [one.score.mean(m) for m in ("psnr_y", "lpips", "lr_consistency")] for s, one in found.items()}
    (most, farthest, _), (_, nearest, _) = means[0.0], means[1.0]
    for strength, (psnr, lpips, consistency) in means.items():
        share = (farthest - lpips) / (farthest - nearest)
        given = f"{psnr:.2f} | {lpips:.4f} | {consistency:.1f} | {found[strength].raster:.1f}"
        lines.append(f"| {strength:g} | {given} | {number(most - psnr, 'dB')} | {share:.0%} |")
    kept = [s for s, (_, _, c) in means.items() if c >= LEAST_CONSISTENCY and found[s].raster <= MOST_RASTER]
    gains = {s: farthest - means[s][1] for s in kept}
    enough = [s for s in kept if gains[s] >= ENOUGH * max(gains.values())]
    best = f"{min(enough):g}" if enough else "none"
    rule = (
        f"The least with {ENOUGH:.0%} of the most gain in LPIPS that is to be had at an LR-consistency of at least "
        f"{LEAST_CONSISTENCY:g} dB and a raster of at most {MOST_RASTER:g}"
    )
    return "\n".join(
        [*lines, "", f"{rule}: **{best}**.", "", f"PSNR-Y, LR-consistency in dB; {found[1.0].score.protocol('psnr_y')}"]
    )


def differences(study: Study) -> Iterator[str]:
    """A line for each other one and set: is the model better, by how much, and is that more than chance."""
    for other in study.comparison.models:
        if other in (study.model, "bicubic"):
            continue
        against = replace(study.comparison, against=other)
        for data in study.comparison.sets:
            said = (f"{metric}: {sentence(against, study.model, data, metric)}" for metric in ("lpips", "psnr_y"))
            yield f"- {data}, against {other}: {'; '.join(said)}"


def demands(study: Study) -> list[Demand]:
    """The floors, then the aims."""
    return [
        _nearer(study, "floor", "lpips"),
        *(_nearer(study, "second opinion", m) for m in ("efficientnet",) if m in study.comparison.metrics),
        _within(study, "lr_consistency", LEAST_CONSISTENCY),
        _within(study, "colour_drift", MOST_DRIFT),
        _no_raster(study),
        _at_some_strength(study, SRGAN),
        _at_full_strength(study, LSDIR + WITH_BP),
    ]


def demand_table(found: Sequence[Demand]) -> str:
    lines = ["| what | asked | measured | reached |", "|---|---|---|---|"]
    lines += [f"| {d.what} | {d.asked} | {d.measured} | {'yes' if d.reached else 'no'} |" for d in found]
    return "\n".join(lines)


def _nearer(study: Study, kind: str, metric: str) -> Demand:
    """Perceptually better than the content model on every set, beyond chance on the largest."""
    sets = study.comparison.sets
    pairs = [pair for data in sets if (pair := study.comparison.paired(study.model, data, metric))]
    said = ", ".join(f"{data} {pair.difference:+.4f}" for data, pair in zip(sets, pairs, strict=True))
    return Demand(
        f"{kind}: perceptually better than {study.content}, {metric}",
        f"less on every set; p < {LEVEL:g} on {sets[-1]}",
        f"{said}; p {pairs[-1].p:.1g}",
        all(pair.difference < 0 for pair in pairs) and pairs[-1].p < LEVEL,
    )


def _within(study: Study, metric: str, bound: float) -> Demand:
    """The mean on every set is on the right side of a bound."""
    known = study.comparison.metrics[metric]
    values = {data: study.mean(study.model, data, metric) for data in study.comparison.sets}
    fine = (value >= bound if known.higher_is_better else value <= bound for value in values.values())
    return Demand(
        f"floor: {metric}",
        f"{'at least' if known.higher_is_better else 'at most'} {bound:g} {known.unit} on every set",
        ", ".join(f"{data} {number(value, known.unit)}" for data, value in values.items()),
        all(fine),
    )


def _no_raster(study: Study) -> Demand:
    mine, before = ([study.rasters[name, data] for data in JUDGED] for name in (study.model, study.content))
    said = (
        f"{data} {one:.1f} ({study.content}: {old:.1f})" for data, one, old in zip(JUDGED, mine, before, strict=True)
    )
    return Demand(
        "floor: no checkerboard, error at the upsampling raster over its background",
        f"at most {MOST_RASTER:g}, as the verdict of a training run has it",
        ", ".join(said),
        max(mine) <= MOST_RASTER,
    )


def _at_some_strength(study: Study, rival: str) -> Demand:
    """Both numbers better than the rival's on both sets, at one and the same strength."""
    curve = study.curves[study.model]

    def those(*metrics: str) -> list[float]:
        return [s for s, found in curve.items() if all(_beats(study, found[d].score, rival, metrics) for d in JUDGED)]

    better = those("psnr_y", "lpips")
    shown = better[-1] if better else max(those("psnr_y"), default=0.0)
    return Demand(
        f"aim: at some strength better than {rival} in PSNR-Y and LPIPS at once",
        _pairs(study, rival),
        f"{f'at {better[0]:g} to {better[-1]:g}' if better else 'at none'}; at {shown:g}"
        f"{'' if better else ', the most that keeps PSNR-Y'}: {_said(curve[shown][d].score for d in JUDGED)}",
        bool(better),
    )


def _at_full_strength(study: Study, rival: str) -> Demand:
    scores = [study.comparison.score(study.model, data) for data in JUDGED]
    return Demand(
        f"aim: at full strength better than {rival} in PSNR-Y and LPIPS at once",
        _pairs(study, rival),
        _pairs(study, study.model),
        all(_beats(study, score, rival, ("psnr_y", "lpips")) for score in scores),
    )


def _beats(study: Study, score: Score, rival: str, metrics: Iterable[str]) -> bool:
    """Whether the mean is better than the rival's in each of these metrics."""
    other = study.comparison.score(rival, score.data)
    signs = {name: 1 if score.metrics[name].higher_is_better else -1 for name in metrics}
    return all(sign * (score.mean(name) - other.mean(name)) > 0 for name, sign in signs.items())


def _pairs(study: Study, name: str) -> str:
    return _said(study.comparison.score(name, data) for data in JUDGED)


def _said(scores: Iterable[Score]) -> str:
    return ", ".join(f"{s.data} {s.mean('psnr_y'):.2f} dB / {s.mean('lpips'):.3f}" for s in scores)


def plane(study: Study, path: Path) -> None:
    """The curves in the plane of PSNR-Y and LPIPS, nearer to the original upwards; others as points, an arrow to BP."""
    figure, panels = plt.subplots(1, len(JUDGED), figsize=(11, 5), layout="constrained")
    for axes, data in zip(panels, JUDGED, strict=True):
        for colour, (name, curve) in zip(COLOURS, study.curves.items(), strict=False):
            places = [_place(found[data].score) for found in curve.values()]
            axes.plot(*zip(*places, strict=True), color=colour, marker="o", markersize=4, label=name)
            for strength, place in zip(curve, places, strict=True):
                if strength in (0, 0.5, 1):
                    axes.annotate(f"{strength:g}", place, (5, 5), textcoords="offset points", color=colour, fontsize=9)
        for name in (SRGAN, LSDIR):
            plain, projected = (_place(study.comparison.score(n, data)) for n in (name, name + WITH_BP))
            axes.scatter(*zip(plain, projected, strict=True), facecolors=["white", "#c2560c"], edgecolors="#c2560c")
            axes.annotate("", projected, plain, arrowprops={"arrowstyle": "->", "color": "#c2560c"})
            axes.annotate(name, plain, (6, -12), textcoords="offset points", fontsize=9)
        axes.invert_yaxis()
        axes.set_title(data)
        axes.set_xlabel("PSNR-Y, dB")
        axes.grid(color="#eeeeee")
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("LPIPS (upwards is nearer to the original)")
    panels[0].legend(frameon=False, fontsize=9)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    plt.close(figure)


def _place(score: Score) -> tuple[float, float]:
    return score.mean("psnr_y"), score.mean("lpips")
