"""Several runs on one page: verdicts side by side, what to take from each, curves over each other."""

from collections.abc import Sequence

from wassr.evaluation.markup import escaped
from wassr.evaluation.wording import number
from wassr.ground.errors import UsageError
from wassr.report.drawing import figures_over, markup, told
from wassr.report.markup import document, table
from wassr.report.page import done, hero
from wassr.report.reading import Reading, missing
from wassr.training.course import FIDELITY, PERCEPTUAL

SAME = 0.005  # dB between two measurements of bicubic on the same pictures


def comparison(runs: Sequence[Reading]) -> str:
    """The whole page. Raises UsageError when two runs have one name: nobody could tell them apart."""
    names = [run.name for run in runs]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise UsageError(f"two runs are called {twice}: name each once, and rename one of the folders")
    figures = figures_over(runs)
    verdicts = "".join(
        f'<div><h3>{escaped(run.name)}</h3><p class="quiet">{escaped(done(run))}</p>{hero(run)}</div>' for run in runs
    )
    curves = markup(figures, {}) if figures else "<p>These runs have no curve in common.</p>"
    body = (
        f'<header><h1>{escaped(", ".join(names))}</h1><p class="quiet">{len(runs)} runs</p></header>'
        f'<div class="verdicts">{verdicts}</div>{_notes(runs)}'
        f"<section><h2>Checkpoints to take</h2>{_table(runs)}</section>"
        '<section><h2>Curves</h2><p class="quiet">Of each run the stage that it is in, on the steps since it began.'
        f"</p>{curves}</section>"
    )
    return document(f"{', '.join(names)}: wassr report", body, told(figures, []))


def _notes(runs: Sequence[Reading]) -> str:
    lines = "".join(f"<li>{escaped(line)}</li>" for line in _apart(runs))
    lines += "".join(f"<li><b>{escaped(run.name)}</b> {escaped(line)}</li>" for run in runs for line in missing(run))
    return f'<ul class="notes">{lines}</ul>' if lines else ""


def _apart(runs: Sequence[Reading]) -> list[str]:
    """Why these runs' curves say nothing about each other: on the same inputs bicubic is equally good for all."""
    found = {run.name: run.course.bicubic for run in runs if run.course and run.course.bicubic is not None}
    if not found or max(found.values()) - min(found.values()) < SAME:
        return []
    values = ", ".join(f"{number(value, 'dB')} dB in {name}" for name, value in found.items())
    return [f"Not to be compared: bicubic stands at {values}; they were validated on other pictures or other inputs."]


def _table(runs: Sequence[Reading]) -> str:
    rows = []
    for run in runs:
        points = {point.step: point.values for point in run.course.points} if run.course else {}
        for step, wishes in run.wishes().items():
            rows.append(
                (
                    run.name,
                    ", ".join(wishes),
                    str(step),
                    _value(points[step], FIDELITY, "dB"),
                    _value(points[step], PERCEPTUAL, ""),
                    _value(points[step], "valid/lr_consistency", "dB"),
                    run.model(step) or "not kept",
                )
            )
    if not rows:
        return "<p>None can be advised.</p>"
    return table(("run", "wish", "step", "PSNR-Y, dB", "LPIPS", "LR-consistency, dB", "model"), rows)


def _value(values: dict[str, float], tag: str, unit: str) -> str:
    return number(values[tag], unit) if tag in values else "-"
