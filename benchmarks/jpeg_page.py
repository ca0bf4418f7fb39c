"""What `jpeg.py` measured, for people: tables by quality, what JPEG costs each model, who is ahead of whom, a plot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from plots import plt

from wassr.evaluation.comparison import Comparison
from wassr.evaluation.compressed import CLEAN
from wassr.evaluation.statistics import Paired
from wassr.evaluation.tables import STATISTICS, arrow

BICUBIC, SPECIALIST, GAN = "bicubic", "compact-x4", "wassr-x4"
FAITHFUL, PERCEPTUAL = "wassr-jpeg-x4-faithful", "wassr-jpeg-x4"
STAGES = f"wassr-jpeg-x1 + {SPECIALIST}"
ALONE = ", network alone"
LSDIR = "LSDIRCompactC3"
WAIFU, BEST = "waifu2x, level ", "waifu2x, best level"

SET14, TWICE, B100 = "Set14", "Set14, saved twice", "B100"
DIGITS = {"lpips": 3, "ssim_y": 3}  # after the point; 2 for every other metric
UNSURE = "?"
DRAWN = ("psnr_y", "lpips")
COLOURS = ("#0b7a75", "#d9822b", "#8a63b3", "#2a61a6", "#c2392b", "#7a7a2a", "#777777")

Study = Mapping[str, Comparison]  # set -> everything on it, against bicubic


def blocks(study: Study) -> dict[str, str]:
    """The parts of the page, by their marks."""
    return {
        "set14": by_quality(study[SET14], "psnr_y"),
        "b100": by_quality(study[B100], "psnr_rgb"),
        "lpips": by_quality(study[SET14], "lpips"),
        "ssim": by_quality(study[SET14], "ssim_y"),
        "psnr-b": by_quality(study[SET14], "psnr_b"),
        "niqe": by_quality(study[SET14], "niqe"),
        "twice": f"{by_quality(study[TWICE], 'psnr_y')}\n\n{by_quality(study[TWICE], 'lpips')}",
        "losses": losses(study[SET14], "psnr_y"),
        "levels": levels(study[SET14], "psnr_y"),
        "pairs": pair_table(study),
        "protocol": protocol(study),
    }


def columns(comparison: Comparison) -> dict[str, str]:
    """Quality as it is shown -> name of the set saved so, clean first."""
    (found,) = comparison.qualities.values()
    return found


def shown(comparison: Comparison) -> list[str]:
    """The models of tables: waifu2x by its best level only."""
    return [model for model in comparison.models if not model.startswith(WAIFU)]


def by_quality(comparison: Comparison, metric: str) -> str:
    """Means, with the difference to bicubic in brackets where models may be ranked by the metric."""
    found = columns(comparison)
    known = comparison.metrics[metric]
    lines = [row(f"{metric} {arrow(known)}".strip(), *found), rule(len(found) + 1)]
    for model in shown(comparison):
        cells = []
        for data in found.values():
            pair = None if known.unranked or model == BICUBIC else comparison.paired(model, data, metric)
            mean = comparison.score(model, data).mean(metric)
            cells.append(digits(metric, mean) + (f" ({_difference(metric, pair)})" if pair else ""))
        lines.append(row(model, *cells))
    return "\n".join(lines)


def losses(comparison: Comparison, metric: str) -> str:
    """What each quality costs a model against clean inputs, and the best one at which it is below bicubic."""
    found = columns(comparison)
    saved = {label: data for label, data in found.items() if label != CLEAN}
    lines = [row(f"{metric}, less that of clean inputs", *saved, "below bicubic from / shown"), rule(len(saved) + 2)]
    for model in shown(comparison):
        clean = comparison.score(model, found[CLEAN]).mean(metric)
        cells = [signed(metric, comparison.score(model, data).mean(metric) - clean) for data in saved.values()]
        lines.append(row(model, *cells, "" if model == BICUBIC else _below(comparison, model, found, metric)))
    return "\n".join(lines)


def levels(comparison: Comparison, metric: str) -> str:
    """waifu2x at each of its levels, the best one of a quality in bold."""
    found = columns(comparison)
    mine = [model for model in comparison.models if model.startswith(WAIFU)]
    lines = [row(metric, *found), rule(len(found) + 1)]
    for model in mine:
        cells = []
        for data in found.values():
            mean = comparison.score(model, data).mean(metric)
            best = mean == max(comparison.score(other, data).mean(metric) for other in mine)
            cells.append(f"**{digits(metric, mean)}**" if best else digits(metric, mean))
        lines.append(row(model, *cells))
    return "\n".join(lines) if mine else "not measured"


def pair_table(study: Study) -> str:
    """One model less another on the same pictures, with intervals, where both are at hand."""
    qualities = list(columns(study[SET14]))
    lines = [row("", "set, metric", *qualities), rule(len(qualities) + 2)]
    for model, other, data, metric in PAIRS:
        comparison = study[data]
        if {model, other} <= set(comparison.models):
            found, against = columns(comparison), replace(comparison, against=other)
            pairs = (against.paired(model, found[q], metric) if q in found else None for q in qualities)
            cells = ["" if pair is None else _interval(metric, pair) for pair in pairs]
            lines.append(row(f"{model} less {other}", f"{data}, {metric}", *cells))
    return "\n".join(lines) if len(lines) > 2 else "no pair of these models is at hand"


def protocol(study: Study) -> str:
    """How the numbers were made: metrics, pictures, statistics, and what made each model's pictures."""
    metrics, models, sources = dict[str, str](), dict[str, str](), list[str]()
    for data, comparison in study.items():
        metrics |= {name: metric.protocol for name, metric in comparison.metrics.items()}
        models |= comparison.models
        last = comparison.rows[-1].score
        sources.append(f"- {data}, {len(last.pictures)} pictures, here of the last column: {last.source}")
    lines = [*sources, *(f"- {name}: {said}" for name, said in metrics.items()), f"- {STATISTICS}"]
    return "\n".join([*lines, *(f"- {model}: {how}" for model, how in models.items())])


def draw(comparison: Comparison, path: Path) -> None:
    """Differences to bicubic over quality, a panel for each of DRAWN: ours full, others' networks dashed."""
    found = columns(comparison)
    models = [model for model in shown(comparison) if model != BICUBIC and not model.endswith(ALONE)]
    figure, panels = plt.subplots(1, len(DRAWN), figsize=(11, 5), layout="constrained")
    for axes, metric in zip(panels, DRAWN, strict=True):
        axes.axhline(0, color="#333333", linewidth=1, label=BICUBIC)
        for place, model in enumerate(models):
            pairs = [comparison.paired(model, data, metric) for data in found.values()]
            known = [(x, pair) for x, pair in enumerate(pairs) if pair is not None]
            across = [x + 0.04 * (place - len(models) / 2) for x, _ in known]
            middle = [pair.difference for _, pair in known]
            reach = [[p.difference - p.low for _, p in known], [p.high - p.difference for _, p in known]]
            style = "-" if model in OURS else "--"
            colour = COLOURS[place % len(COLOURS)]
            axes.errorbar(across, middle, reach, color=colour, linestyle=style, elinewidth=0.6, label=model)
        axes.set_xticks(range(len(found)), list(found))
        axes.set_xlabel("JPEG quality of the input")
        known_metric = comparison.metrics[metric]
        axes.set_ylabel(f"{metric} less bicubic's {known_metric.unit} {arrow(known_metric)}")
        axes.grid(color="#eeeeee")
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=4, fontsize=9, frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    plt.close(figure)


def slim(study: Study) -> dict[str, object]:
    """For JSON: set -> model -> quality -> metric -> mean and interval, and the same of the difference to bicubic."""
    return {data: _slim(comparison) for data, comparison in study.items()}


def _slim(comparison: Comparison) -> dict[str, dict[str, dict[str, object]]]:
    return {
        model: {quality: dict(_numbers(comparison, model, data)) for quality, data in columns(comparison).items()}
        for model in comparison.models
    }


def _numbers(comparison: Comparison, model: str, data: str) -> Iterator[tuple[str, object]]:
    score = comparison.score(model, data)
    for metric, known in comparison.metrics.items():
        low, high = score.interval(metric)
        yield metric, {"mean": score.mean(metric), "low": low, "high": high}
        pair = comparison.paired(model, data, metric)
        if pair is not None and model != BICUBIC and not known.unranked:
            found = {"mean": pair.difference, "low": pair.low, "high": pair.high, "p": pair.p}
            yield f"{metric} over {BICUBIC}", found


def _below(comparison: Comparison, model: str, found: Mapping[str, str], metric: str) -> str:
    """The best quality at which its mean is below bicubic's, and the best at which that is shown."""
    pairs = {label: comparison.paired(model, data, metric) for label, data in found.items()}
    less = {label: pair for label, pair in pairs.items() if pair is not None and pair.difference < 0}
    return f"{next(iter(less), 'nowhere')} / {next((label for label in less if less[label].shown), 'nowhere')}"


def _difference(metric: str, pair: Paired) -> str:
    return signed(metric, pair.difference) + ("" if pair.shown else UNSURE)


def _interval(metric: str, pair: Paired) -> str:
    return f"{_difference(metric, pair)} [{signed(metric, pair.low)}, {signed(metric, pair.high)}]"


def digits(metric: str, value: float, sign: str = "") -> str:
    """A value with the digits that its metric deserves."""
    after = DIGITS.get(metric, 2)
    return f"{round(value, after) + 0.0:{sign}.{after}f}"  # + 0.0: no minus before a zero


def signed(metric: str, value: float) -> str:
    """A difference, with its sign."""
    return digits(metric, value, "+")


def row(*cells: str) -> str:
    """A line of a table."""
    return f"| {' | '.join(cells)} |"


def rule(count: int) -> str:
    """The line below its heads."""
    return "|---" * count + "|"


OURS = ("espcn-x4", SPECIALIST, GAN, "srresnet-x4", FAITHFUL, PERCEPTUAL, STAGES)

PAIRS = (
    (FAITHFUL, SPECIALIST, SET14, "psnr_y"),
    (FAITHFUL, SPECIALIST, B100, "psnr_rgb"),
    (FAITHFUL, f"{FAITHFUL}{ALONE}", SET14, "psnr_y"),
    (FAITHFUL, f"{FAITHFUL}{ALONE}", TWICE, "psnr_y"),
    (STAGES, FAITHFUL, SET14, "psnr_y"),
    (STAGES, FAITHFUL, B100, "psnr_rgb"),
    (FAITHFUL, BEST, SET14, "psnr_y"),
    (PERCEPTUAL, GAN, SET14, "lpips"),
    (PERCEPTUAL, LSDIR, SET14, "lpips"),
    (PERCEPTUAL, LSDIR, SET14, "psnr_y"),
)
