"""A comparison for people and programs: text for the screen, Markdown, CSV of single pictures, flat JSON keys.

All are made from a `Comparison`, so that the protocol is at hand, and all of them show it.
"""

import csv
import io
import math
import textwrap
from collections.abc import Iterator, Sequence

from wassr.evaluation.comparison import Comparison
from wassr.evaluation.metrics import Metric
from wassr.evaluation.scoring import Score
from wassr.evaluation.statistics import RESAMPLES
from wassr.evaluation.wording import gain, in_words, number
from wassr.ground.words import counted

CSV_COLUMNS = (
    *("model", "set", "picture", "width", "height"),
    *("metric", "value", "unit", "better", "reference", "protocol", "made_by"),
)
REFERENCES = {"high": "against the original", "low": "against the input", "none": "of the picture alone"}
STATISTICS = (
    f"[low, high]: 95 % interval of the mean over pictures ({RESAMPLES} bootstrap resamples); "
    f"p: Wilcoxon signed-rank test of the pairs, two-sided"
)


def text(comparison: Comparison, width: int = 100) -> str:
    """For a screen of so many columns: a block for each set, then how the numbers were made."""
    parts = []
    for data in comparison.sets:
        score = comparison.score(comparison.against, data)
        parts.append(f"{data}: {_count(score)}, x{score.scale}")
        parts += ["\n".join(lines) for lines in _blocks(comparison, data, width)]
        for model in comparison.others:
            lines = [_wrapped(f"{metric}: {said}", width) for metric, said in sentences(comparison, model, data)]
            parts.append("\n".join([f"{model} against {comparison.against}", *lines]))
    parts += [_pivot(*found) for found in by_quality(comparison)]
    parts.append("\n".join(["how the numbers were made", *(_wrapped(line, width) for line in protocol(comparison))]))
    return "\n\n".join(parts)


def markdown(comparison: Comparison) -> str:
    """A table of all models and sets, the differences as a list, the protocol below; means by quality of JPEG first."""
    lines = []
    for title, rows in by_quality(comparison):
        grid = [f"| {' | '.join(row)} |" for row in rows]
        lines += [f"{title}:", "", grid[0], "|---" * len(rows[0]) + "|", *grid[1:], ""]
    heads = (f"{name}{_unit(metric)} {arrow(metric)}".rstrip() for name, metric in comparison.metrics.items())
    columns = ["model", "set", "pictures", *heads]
    lines += [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for row in comparison.rows:
        cells = (" ".join(cell(row.score, metric)) for metric in comparison.metrics)
        lines.append(f"| {row.model} | {row.score.data} | {len(row.score.pictures)} | {' | '.join(cells)} |")
    lines.append("")
    for data in comparison.sets:
        for model in comparison.others:
            said = "; ".join(f"{metric}: {words}" for metric, words in sentences(comparison, model, data))
            lines.append(f"- {data}, {model} against {comparison.against}: {said}")
    lines += ["", *(f"- {line}" for line in protocol(comparison))]
    return "\n".join(lines) + "\n"


def csv_text(comparison: Comparison) -> str:
    """A line for each model, picture and metric, with a header; what is not known is empty."""
    out = io.StringIO()
    writer = csv.DictWriter(out, CSV_COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in comparison.rows:
        for picture in row.score.pictures:
            who = {"model": row.model, "set": row.score.data, "picture": picture.picture, "made_by": row.how}
            size = {"width": picture.width, "height": picture.height}
            for name, metric in row.score.metrics.items():
                value = picture.values[name]
                how = {"unit": metric.unit, "better": _better(metric), "reference": metric.reference}
                how["protocol"] = f"{row.score.source}; {metric.protocol}"
                shown = "" if math.isnan(value) else f"{value:.9g}"
                writer.writerow({**who, **size, "metric": name, "value": shown, **how})
    return out.getvalue()


def flat(comparison: Comparison) -> dict[str, object]:
    """One flat table of keys for JSON, see docs/evaluate.md: `results.MODEL.SET.METRIC.mean` and so on."""
    found: dict[str, object] = {"scale": comparison.scale, "against": comparison.against}
    found["left_out"] = list(comparison.left_out)
    for row in comparison.rows:
        for name, metric in row.score.metrics.items():
            key = f"results.{row.model}.{row.score.data}.{name}"
            count, (low, high) = len(row.score.known(name)), row.score.interval(name)
            found[f"{key}.mean"] = plain(row.score.mean(name))
            found[f"{key}.low"], found[f"{key}.high"] = _ends(low, high, count)
            found[f"{key}.count"] = count
            found[f"{key}.unit"], found[f"{key}.better"] = metric.unit, _better(metric)
            found[f"{key}.reference"] = metric.reference
            found[f"{key}.protocol"] = f"{row.score.protocol(name)}; {metric.protocol}; {row.how}"
            found[f"{key}.pictures"] = {p.picture: plain(p.values[name]) for p in row.score.pictures}
    for model, data, name in _differences(comparison):
        metric, less = comparison.metrics[name], comparison.paired(model, data, name)
        if less is not None:
            pair = gain(metric, less)
            key = f"differences.{model}.{comparison.against}.{data}.{name}"
            found[f"{key}.mean"] = plain(pair.difference)
            found[f"{key}.low"], found[f"{key}.high"] = _ends(pair.low, pair.high, pair.count)
            found[f"{key}.p"], found[f"{key}.count"] = plain(pair.p), pair.count
            found[f"{key}.above"], found[f"{key}.below"] = pair.above, pair.below
            found[f"{key}.unit"], found[f"{key}.better"] = metric.unit, _better(metric)
            found[f"{key}.widest"] = comparison.widest(model, data, name)
            found[f"{key}.words"] = sentence(comparison, model, data, name)
    for model, cost in comparison.costs.items():
        found[f"cost.{model}.seconds_per_megapixel"] = plain(cost.seconds)
        found[f"cost.{model}.memory_megabytes"] = plain(cost.memory / 1e6)
        found[f"cost.{model}.protocol"] = f"{cost.protocol}; {comparison.models[model]}"
    return found


def sentences(comparison: Comparison, model: str, data: str) -> Iterator[tuple[str, str]]:
    """What is to be said of a model beside `against` on one set: (metric, sentence), then the pictures to look at."""
    for name in comparison.metrics:
        yield name, sentence(comparison, model, data, name)
    first = next(iter(comparison.metrics))
    widest = comparison.widest(model, data, first)
    if widest:
        yield f"differ most by {first} on", ", ".join(widest)


def sentence(comparison: Comparison, model: str, data: str, metric: str) -> str:
    """Which of the two is better by how much, or that no difference is shown, or that the metric ranks nobody."""
    known = comparison.metrics[metric]
    if known.unranked:
        return f"not ranked by; {known.unranked}"
    pair = comparison.paired(model, data, metric)
    return in_words(model, known, None if pair is None else gain(known, pair))


def protocol(comparison: Comparison) -> list[str]:
    """How every number was made: metrics, pictures, statistics, what made each model's pictures, what was left out."""
    lines = []
    for name, metric in comparison.metrics.items():
        better = "not ranked by" if metric.unranked else f"{_better(metric)} is better"
        about = ", ".join(part for part in (metric.unit, better, REFERENCES[metric.reference]) if part)
        lines.append("; ".join(filter(None, (f"{name} ({about}): {metric.protocol}", metric.unranked))))
    for source in dict.fromkeys(row.score.source for row in comparison.rows):
        lines.append(f"pictures: {source}; means of the pictures' values")
    lines.append(STATISTICS)
    for model, how in comparison.models.items():
        cost = comparison.costs.get(model)
        took = f"; {cost.seconds:.3g} s per megapixel" if cost else ""
        took += f", {cost.memory / 1e6:.0f} MB" if cost and cost.memory else ""
        lines.append(f"{model}: {how}{took}")
    lines += sorted({f"seconds and memory: {cost.protocol}" for cost in comparison.costs.values()})
    lines += [f"left out for all models: {line}" for line in comparison.left_out]
    fewer = dict[str, list[str]]()
    for row in comparison.rows:
        fewer.setdefault(_fewer(row.score), []).append(row.model)
    lines += [f"{line} ({', '.join(models)})" for line, models in fewer.items() if line]
    return lines


def _fewer(score: Score) -> str:
    """Which metrics say nothing about some pictures, as a judge does about small ones; empty where all are known."""
    known = {name: len(score.known(name)) for name in score.metrics}
    words = ", ".join(f"{name} of {count}" for name, count in known.items() if 0 < count < len(score.pictures))
    if not words:
        return ""
    return f"{score.data}: of its {len(score.pictures)} pictures, means of {words}: the rest are none for it"


def by_quality(comparison: Comparison) -> Iterator[tuple[str, list[list[str]]]]:
    """Means where inputs were saved as JPEG: a title and rows for each set and metric, a column for each quality."""
    for data, names in comparison.qualities.items():
        for metric, known in comparison.metrics.items():
            rows = [["", *names]]
            for model in comparison.models:
                rows.append([model, *(cell(comparison.score(model, name), metric)[0] for name in names.values())])
            yield f"{data}, {metric}{_unit(known)} {arrow(known)}".rstrip() + " by JPEG quality", rows


def cell(score: Score, metric: str) -> tuple[str, str]:
    """The mean and its interval, as they are shown."""
    unit, mean = score.metrics[metric].unit, score.mean(metric)
    low, high = score.interval(metric)
    if math.isnan(mean):
        return "-", ""
    if len(score.known(metric)) == 1:
        return number(mean, unit), "[one picture]"
    return number(mean, unit), f"[{number(low, unit)}, {number(high, unit)}]"


def plain(value: float) -> float | str | None:
    """A float as JSON can hold it: nine digits, infinity as text, no number as null."""
    if math.isnan(value):
        return None
    return float(f"{value:.9g}") if math.isfinite(value) else str(value)


def _ends(low: float, high: float, count: int) -> tuple[float | str | None, float | str | None]:
    """The interval of so many values as JSON can hold it: a single one has none."""
    return (plain(low), plain(high)) if count > 1 else (None, None)


def _blocks(comparison: Comparison, data: str, width: int) -> Iterator[list[str]]:
    """The table of one set, cut into as many blocks as the width needs: two lines a model, mean and interval."""
    names = max(len(model) for model in comparison.models)
    columns = []
    for name, metric in comparison.metrics.items():
        cells = [part for model in comparison.models for part in cell(comparison.score(model, data), name)]
        columns.append([f"{name}{_unit(metric)}", *cells])
    sizes = [max(map(len, column)) + 2 for column in columns]
    start = 0
    while start < len(columns):
        stop, used = start + 1, names + 2 + sizes[start]
        while stop < len(columns) and used + sizes[stop] <= width:
            used, stop = used + sizes[stop], stop + 1
        heads = ["", *(part for model in comparison.models for part in (model, ""))]
        yield [_line(heads[i], names, columns[start:stop], sizes[start:stop], i) for i in range(len(heads))]
        start = stop


def _pivot(title: str, rows: Sequence[Sequence[str]]) -> str:
    sizes = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(word.ljust(size) for word, size in zip(row, sizes, strict=True)).rstrip() for row in rows)
    return "\n".join([title, "", *lines])


def _line(head: str, width: int, columns: Sequence[Sequence[str]], sizes: Sequence[int], index: int) -> str:
    cells = (column[index].ljust(size) for column, size in zip(columns, sizes, strict=True))
    return f"{head:{width}}  {''.join(cells)}".rstrip()


def _wrapped(line: str, width: int) -> str:
    return textwrap.fill(line, width, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)


def _differences(comparison: Comparison) -> Iterator[tuple[str, str, str]]:
    for model in comparison.others:
        for data in comparison.sets:
            for metric in comparison.metrics:
                yield model, data, metric


def _count(score: Score) -> str:
    return counted(len(score.pictures), "picture")


def _unit(metric: Metric) -> str:
    return f" ({metric.unit})" if metric.unit else ""


def _better(metric: Metric) -> str:
    return "none" if metric.unranked else "higher" if metric.higher_is_better else "lower"


def arrow(metric: Metric) -> str:
    """The better direction of a metric, as a sign at the head of its column; none where nobody is ranked by it."""
    return "" if metric.unranked else "↑" if metric.higher_is_better else "↓"
