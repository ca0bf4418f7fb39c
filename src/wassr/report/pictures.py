"""Sample pictures: two ways to enlarge them under a slider, and the advised checkpoints side by side."""

from pathlib import Path

from wassr.evaluation.markup import escaped, image
from wassr.evaluation.wording import number
from wassr.report.reading import Reading
from wassr.training.course import FIDELITY, distance_of
from wassr.training.samples import DIFFERENCES, Levels, Strip

WORDS = {"low": "low, pixels repeated", "bicubic": "bicubic", "start": "start", "high": "original"}


def slider(run: Reading) -> str:
    """The pictures under a divider that pointer and keyboard move; '' where the run kept none."""
    columns = _columns(run)
    if not columns:
        return ""
    left, right = ("start" if "start" in columns else "bicubic"), "now"
    rows = len(next(iter(columns.values()))[1])
    stacks = []
    for row in range(rows):
        pictures = "".join(
            image(
                cells[row],
                f"picture {row + 1}: {words}",
                f' data-column="{escaped(key)}" class="{_side(key, left, right)}"',
            )
            for key, (words, cells) in columns.items()
        )
        label = f"divider of picture {row + 1}"
        stacks.append(
            f'<div class="stack">{pictures}<b class="of left"></b><b class="of right"></b>'
            f'<input type="range" min="0" max="100" value="50" aria-label="{label}"></div>'
        )
    choice = "".join(_select(side, columns, key) for side, key in (("left", left), ("right", right)))
    return (
        f'<div class="tools" id="sides">{choice}</div><div class="stacks" style="--rows:{rows}">{"".join(stacks)}</div>'
        '<p class="quiet script">Move the divider by pointer or, after a tap or Tab, by the arrow keys.</p>'
    )


def checkpoints(run: Reading) -> str:
    """The advised checkpoints: figures, file, the first sample picture between original and start."""
    if run.course is None:
        return ""
    strips, points = run.strips(), {point.step: point for point in run.course.points}
    newest = strips[max(strips)] if strips else None
    cards = []
    if newest:
        advised = "start" if run.course.start.step in run.wishes() else ""
        compared = [key for key in ("high", "bicubic", "start") if key in newest.columns and key != advised]
        cards += [_card(WORDS[key], newest.cell(0, key), []) for key in compared]
    for step, wishes in run.wishes().items():
        values, model = points[step].values, run.model(step)
        lines = [f"step {step}", f"PSNR-Y {number(values[FIDELITY], 'dB')} dB"]
        if run.course.perceptual == "LPIPS":
            lines.append(f"LPIPS {number(distance_of(points[step]), '')}")
        lines.append(Path(model).name if model else "no model file was kept")
        crop = strips[step].cell(0, "now") if step in strips else None
        cards.append(_card(", ".join(wishes), crop, lines))
    return f'<div class="cards">{"".join(cards)}</div>'


def _card(title: str, crop: Levels | None, lines: list[str]) -> str:
    picture = image(crop, title) if crop is not None else ""
    said = "".join(f"<span>{escaped(line)}</span>" for line in lines)
    return f"<figure>{picture}<figcaption><b>{escaped(title)}</b>{said}</figcaption></figure>"


def _columns(run: Reading) -> dict[str, tuple[str, list[Levels]]]:
    """Key -> words and a cell for each picture: the newest strip's, and `now` of the advised checkpoints."""
    strips, wishes = run.strips(), run.wishes()
    if not strips:
        return {}
    step = max(strips)
    newest = strips[step]
    found = {key: (WORDS[key], _cells(newest, key)) for key in newest.columns if key in WORDS and key != "high"}
    for other, strip in strips.items():
        if other in wishes and other != step:
            found[f"step {other}"] = (f"step {other}: {', '.join(wishes[other])}", _cells(strip, "now"))
    found["now"] = (", ".join([f"now, step {step}", *wishes.get(step, [])]), _cells(newest, "now"))
    change = run.strips(DIFFERENCES).get(step)
    if change is not None:
        found["difference"] = ("now - start, times 4", _cells(change, "difference"))
    return found | {"high": (WORDS["high"], _cells(newest, "high"))}


def _cells(strip: Strip, column: str) -> list[Levels]:
    return [strip.cell(row, column) for row in range(len(strip.cells))]


def _side(key: str, left: str, right: str) -> str:
    return "left" if key == left else "right" if key == right else ""


def _select(side: str, columns: dict[str, tuple[str, list[Levels]]], chosen: str) -> str:
    options = "".join(
        f'<option value="{escaped(key)}"{" selected" if key == chosen else ""}>{escaped(words)}</option>'
        for key, (words, _) in columns.items()
    )
    return f'<label>{side} <select data-side="{side}">{options}</select></label>'
