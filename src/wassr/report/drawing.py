"""Curves of logs as charts: which there are, as figures in HTML and as numbers for the script that draws them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from wassr.evaluation.markup import escaped
from wassr.report.curves import CHARTS, TRAINING, Chart, Curve, unnamed
from wassr.report.reading import Reading
from wassr.training.runlog import series

SILENT = {"stage/share"}  # tags that are no curve
HELP = (
    "Drag over a chart to zoom, double-click for all steps. Point at a chart to read values, or choose it and use the "
    "arrow keys. Smoothing is for curves of more than 40 points; what was measured stays behind it, pale. A curve's "
    "name hides and shows it."
)


@dataclass(frozen=True)
class Drawn:
    """One curve with its points."""

    name: str
    read: str
    line: bool
    aside: bool
    x: list[int]
    y: list[float]


@dataclass(frozen=True)
class Figure:
    """One chart under its heading. read: a sentence for all curves, where each has none of its own."""

    room: str
    title: str
    unit: str
    curves: tuple[Drawn, ...]
    read: str = ""


@dataclass(frozen=True)
class Mark:
    """A step to be seen in all charts. kind: stage, take, guard."""

    step: int
    word: str
    kind: str


def figures_of(run: Reading) -> list[Figure]:
    """Every curve of a run, on the step of the whole run."""
    known = {tag for charts in CHARTS.values() for chart in charts for tag in chart.curves}
    tags = {entry.tag for entry in run.entries if entry.value is not None} - SILENT
    unknown = tuple(unnamed(tag) for tag in sorted(tags - known))
    rooms = CHARTS | {TRAINING: CHARTS[TRAINING] + unknown}
    return [
        Figure(room, chart.title, chart.unit, _drawn(run, chart))
        for room, charts in rooms.items()
        for chart in charts
        if any(tag in tags for tag, curve in chart.curves.items() if not curve.line)
    ]


def figures_over(runs: Sequence[Reading]) -> list[Figure]:
    """The last stages of several runs over each other, each on its own steps; curves that one run alone has are out."""
    made = []
    for room, charts in CHARTS.items():
        for chart in charts:
            for tag, curve in chart.curves.items():
                over = [_since_start(run, tag, curve) for run in runs]
                if not curve.line and sum(bool(drawn.x) for drawn in over) > 1:
                    title = f"{chart.title}: {curve.name}" if len(chart.curves) > 1 else chart.title
                    made.append(Figure(room, title, chart.unit, tuple(over), curve.read))
    return made


def marks_of(run: Reading) -> list[Mark]:
    """Which checkpoint to take, where stages begin, where the guard acted: in this order words find room."""
    marks = [Mark(run.verdict.take["balanced"], "take", "take")] if run.verdict else []
    marks += [Mark(said.step, said.text, "stage") for said in run.said("stage")]
    return marks + [Mark(said.step, "guard", "guard") for said in run.said("guard")]


def told(figures: Sequence[Figure], marks: Sequence[Mark]) -> dict[str, object]:
    """What the script needs."""
    steps = [step for figure in figures for curve in figure.curves for step in curve.x]
    return {
        "figures": [{"curves": [asdict(curve) for curve in figure.curves]} for figure in figures],
        "marks": [asdict(mark) for mark in marks],
        "whole": [min(steps, default=0), max(steps, default=1)],
    }


def markup(figures: Sequence[Figure], spans: dict[str, tuple[int, int]]) -> str:
    """All charts with what to set above them; spans: words of a button -> steps that it shows."""
    buttons = "".join(
        f'<button type="button" data-from="{begin}" data-to="{end}">{escaped(word)}</button>'
        for word, (begin, end) in spans.items()
    )
    parts = [
        '<div class="tools" id="tools"><span role="group" aria-label="steps shown">'
        f'<button type="button" data-whole aria-pressed="true">all steps</button>{buttons}</span>'
        '<label><input type="checkbox" id="log"> log scale</label>'
        '<label>smoothing <input type="range" id="smoothing" min="0" max="0.98" step="0.02" value="0.8">'
        '<output id="smoothing-now"></output></label></div>'
        f'<p class="quiet script">{HELP}</p>'
        "<noscript><p>The curves are drawn by a script, which this browser does not run.</p></noscript>"
    ]
    for room in dict.fromkeys(figure.room for figure in figures):
        inside = "".join(_markup(i, figure) for i, figure in enumerate(figures) if figure.room == room)
        parts.append(f'<h3>{escaped(room)}</h3><div class="charts">{inside}</div>')
    return "".join(parts)


def _markup(number: int, figure: Figure) -> str:
    rows = "".join(_legend(i, curve) for i, curve in enumerate(figure.curves))
    unit = f" <small>{escaped(figure.unit)}</small>" if figure.unit else ""
    read = f"<p>{escaped(figure.read)}</p>" if figure.read else ""
    words = "; ".join(f"{c.name} from {c.y[0]:.4g} to {c.y[-1]:.4g}" for c in figure.curves if c.y)
    label = f"{figure.title}: {words}"
    return (
        f'<figure class="chart" data-figure="{number}"><figcaption>{escaped(figure.title)}{unit}<output></output>'
        f'</figcaption><div class="plot" tabindex="0" role="img" aria-label="{escaped(label)}"></div>{read}'
        f"<ul>{rows}</ul></figure>"
    )


def _legend(number: int, curve: Drawn) -> str:
    kind, pressed = " dashed" if curve.line else "", "false" if curve.aside else "true"
    return (
        f'<li class="c{number % 6 + 1}{kind}"><button type="button" aria-pressed="{pressed}">'
        f"<i></i>{escaped(curve.name)}</button> <output></output> {escaped(curve.read)}</li>"
    )


def _drawn(run: Reading, chart: Chart) -> tuple[Drawn, ...]:
    drawn = [_curve(run, tag, curve) for tag, curve in chart.curves.items()]
    return tuple(curve for curve in drawn if curve.x)


def _curve(run: Reading, tag: str, curve: Curve) -> Drawn:
    points = list(dict(series(list(run.entries), tag)).items())  # of a border measured twice the later stage's start
    if tag.startswith("bicubic/") and points:  # measured once, holds for all
        points = [(points[0][0], points[0][1]), (run.step, points[0][1])]
    steps, values = [step for step, _ in points], [float(f"{value:.5g}") for _, value in points]
    return Drawn(curve.name, curve.read, curve.line, curve.aside, steps, values)


def _since_start(run: Reading, tag: str, curve: Curve) -> Drawn:
    whole = _curve(run, tag, curve)
    begin = run.course.start.step if run.course else 0
    at = next((i for i, step in enumerate(whole.x) if step >= begin), len(whole.x))
    steps = [step - begin for step in whole.x[at:]]
    return replace(whole, name=run.name, read="", aside=False, x=steps, y=whole.y[at:])
