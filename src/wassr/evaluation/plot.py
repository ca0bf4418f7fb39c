"""Metrics over JPEG quality as charts: inline SVG, a line for each model, the interval of each mean as a whisker.

Qualities stand at even distances, clean inputs first; models stand a little beside each other, so that whiskers do not
cover each other. Colours and fonts are those of the page that the charts are put into.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from wassr.evaluation.comparison import Comparison
from wassr.evaluation.markup import escaped
from wassr.evaluation.tables import arrow, cell

WIDTH, HEIGHT = 460, 280
LEFT, RIGHT, TOP, BOTTOM = 56, 452, 10, 240  # where values stand
COLOURS = 6  # the lines of more models are dashed
APART = 7.0  # from a model's points to the next model's, at most


@dataclass(frozen=True)
class Point:
    """A mean at its place from the left, its interval, and both as they are shown."""

    x: float
    mean: float
    low: float
    high: float
    words: str


def charts(comparison: Comparison) -> str:
    """HTML: for each set a legend and a chart of every metric; nothing where inputs were not saved as JPEG."""
    parts = []
    for data in comparison.qualities:
        figures = "".join(_figure(comparison, data, metric) for metric in comparison.metrics)
        parts.append(f"<h2>{escaped(data)} by JPEG quality of the input</h2>{_legend(comparison.models)}")
        parts.append(f'<div class="charts">{figures}</div>')
    return "".join(parts)


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round values within low < high: 1, 2 or 5 times a power of ten apart, about `most` at most."""
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * digit for digit in (1, 2, 5, 10) if power * digit >= rough * (1 - 1e-9))
    return [step * k for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _figure(comparison: Comparison, data: str, metric: str) -> str:
    known = comparison.metrics[metric]
    about = f"not ranked by; {known.unranked}" if known.unranked else f"{known.unit} {arrow(known)}".strip()
    head = f"<figcaption><b>{escaped(metric)}</b> {escaped(about)}</figcaption>"
    lines = {model: _points(comparison, data, model, metric) for model in comparison.models}
    return f'<figure class="chart">{head}{_svg(comparison, data, metric, lines)}</figure>'


def _points(comparison: Comparison, data: str, model: str, metric: str) -> list[Point]:
    """The points of a model's line, but for means that are no numbers or infinite."""
    names, models = comparison.qualities[data], list(comparison.models)
    step = (RIGHT - LEFT) / len(names)
    beside = (models.index(model) - (len(models) - 1) / 2) * min(APART, step / (len(models) + 1))
    found = []
    for place, (quality, name) in enumerate(names.items()):
        score = comparison.score(model, name)
        words = f"{model}, {quality}: {' '.join(cell(score, metric))}"
        found.append(Point(LEFT + (place + 0.5) * step + beside, score.mean(metric), *score.interval(metric), words))
    return [point for point in found if math.isfinite(point.mean)]


def _svg(comparison: Comparison, data: str, metric: str, lines: dict[str, list[Point]]) -> str:
    points = [point for line in lines.values() for point in line]
    values = [value for p in points for value in (p.mean, p.low, p.high) if math.isfinite(value)]
    if not values:
        return "<p>says nothing about these pictures</p>"
    low, high = min(values), max(values)
    room = (high - low) * 0.04 or abs(high) * 0.01 or 1.0
    low, high = low - room, high + room

    def y(value: float) -> float:
        return BOTTOM - (value - low) / (high - low) * (BOTTOM - TOP)

    drawn = [_axes(list(comparison.qualities[data]), ticks(low, high), y)]
    drawn += [f'<g class="{_colour(i)}">{_line(line, y)}</g>' for i, line in enumerate(lines.values())]
    said = escaped(f"{metric} on {data} by JPEG quality. {'; '.join(point.words for point in points)}")
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{said}">{"".join(drawn)}</svg>'


def _axes(qualities: Sequence[str], values: Iterable[float], y: Callable[[float], float]) -> str:
    parts = []
    for value in values:
        at = y(value)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{RIGHT}" y1="{at:.1f}" y2="{at:.1f}"></line>')
        parts.append(f'<text x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{value:.6g}</text>')
    step = (RIGHT - LEFT) / len(qualities)
    for place, quality in enumerate(qualities):
        at = LEFT + (place + 0.5) * step
        parts.append(f'<text x="{at:.1f}" y="{BOTTOM + 18}" text-anchor="middle">{escaped(quality)}</text>')
    middle = (LEFT + RIGHT) / 2
    parts.append(f'<text x="{middle:g}" y="{BOTTOM + 36}" text-anchor="middle">JPEG quality of the input</text>')
    return "".join(parts)


def _line(points: Sequence[Point], y: Callable[[float], float]) -> str:
    places = " ".join(f"{point.x:.1f},{y(point.mean):.1f}" for point in points)
    parts = [f'<polyline points="{places}"></polyline>']
    for point in points:
        at = f"{point.x:.1f}"
        if math.isfinite(point.low) and math.isfinite(point.high):
            parts.append(f'<line x1="{at}" x2="{at}" y1="{y(point.low):.1f}" y2="{y(point.high):.1f}"></line>')
        title = f"<title>{escaped(point.words)}</title>"
        parts.append(f'<circle cx="{at}" cy="{y(point.mean):.1f}" r="3.5">{title}</circle>')
    return "".join(parts)


def _legend(models: Iterable[str]) -> str:
    items = (f'<li class="{_colour(i)}">{escaped(model)}</li>' for i, model in enumerate(models))
    return f'<ul class="legend">{"".join(items)}</ul>'


def _colour(index: int) -> str:
    return f"c{index % COLOURS + 1}{' dashed' if index >= COLOURS else ''}"


STYLE = """
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); gap: 1rem 1.4rem;
  margin-bottom: 1.6rem; }
.chart figcaption b { display: inline; }
.chart svg { width: 100%; display: block; }
.chart text { font-size: 13px; fill: var(--quiet); font-variant-numeric: tabular-nums; }
.chart .grid { stroke: var(--line); }
.c1 { --tone: #2a61a6; } .c2 { --tone: #c2560c; } .c3 { --tone: #1d7548; }
.c4 { --tone: #8a3fa0; } .c5 { --tone: #6b6f76; } .c6 { --tone: #8f7400; }
@media (prefers-color-scheme: dark) {
  .c1 { --tone: #80b3f2; } .c2 { --tone: #f5a35c; } .c3 { --tone: #62c795; }
  .c4 { --tone: #d49ae8; } .c5 { --tone: #a3a8af; } .c6 { --tone: #d8c04a; }
}
.chart g { stroke: var(--tone); fill: var(--tone); }
.chart polyline { fill: none; stroke-width: 1.8; }
.chart g line { stroke-width: 1.2; opacity: .55; }
.chart .dashed polyline { stroke-dasharray: 5 4; }
.legend { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; }
.legend li::before { content: ""; display: inline-block; width: 1.4em; margin: 0 .4em .25em 0;
  border-top: 3px solid var(--tone); }
.legend .dashed::before { border-top-style: dashed; }
"""
