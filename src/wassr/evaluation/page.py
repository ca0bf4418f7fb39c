"""One page of crops side by side, where the models differ most, with the table and its protocol: one file, no links.

The page is readable on a phone and follows the reader's choice of light or dark. Crops are shown as they are, pixel by
pixel, enlarged without smoothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wassr.evaluation.comparison import Comparison
from wassr.evaluation.markup import escaped, image
from wassr.evaluation.plot import STYLE, charts
from wassr.evaluation.scoring import Case, nearest
from wassr.evaluation.sets import DataSet, read_case
from wassr.evaluation.subjects import Subject
from wassr.evaluation.tables import arrow, cell, protocol, sentences
from wassr.evaluation.wording import number
from wassr.ground.words import counted

Levels = NDArray[np.uint8]

CROP = 96  # side of a crop, pixels of the result
PICTURES = 8  # shown at most
LUMA = np.array([0.299, 0.587, 0.114])


@dataclass(frozen=True)
class Crop:
    """One crop of one picture: name, pixels, and the lines that stand below it."""

    name: str
    levels: Levels
    lines: tuple[str, ...] = ()


def page(comparison: Comparison, subjects: Sequence[Subject], sets: Sequence[DataSet], references: bool = True) -> str:
    """The page as HTML. Results are made again for the pictures shown.

    Raises PictureError when one of them cannot be read any more.
    """
    parts = [f"<h1>{escaped(' · '.join(comparison.models))}</h1>"]
    parts += [charts(comparison), _table(comparison), _differences(comparison)]
    parts.append("<h2>Where they differ most</h2><p>The numbers below each crop are of the whole picture.</p>")
    for data, name in chosen(comparison):
        one = next(one for one in sets if one.name == data)
        path = next(path for path in one.paths if path.name == name)
        case = read_case(one, path, comparison.scale, references)
        parts.append(_figure(case, crops(case, {s.name: s.make(case) for s in subjects}, comparison)))
    parts.append("<h2>How the numbers were made</h2>")
    parts.append(_list(protocol(comparison)))
    title = escaped(f"wassr evaluate: {', '.join(comparison.models)}")
    return f"{HEAD.replace('STYLE', STYLE).replace('TITLE', title)}{''.join(parts)}</main></body></html>\n"


def chosen(comparison: Comparison, count: int = PICTURES) -> list[tuple[str, str]]:
    """(set, picture) where a model and `against` differ most by the first metric: the sets in turn, the widest first.

    With one model alone, or models that never differ, the first pictures.
    """
    first = next(iter(comparison.metrics))
    queues = []
    for data in comparison.sets:
        score = comparison.score(comparison.against, data)
        everything = len(score.pictures)
        ranked = [comparison.widest(model, data, first, everything) for model in comparison.others]
        turns = [names[i] for i in range(everything) for names in ranked if i < len(names)]
        queues.append([(data, name) for name in dict.fromkeys(turns) or [row.picture for row in score.pictures]])
    longest = max(map(len, queues))
    return [queue[i] for i in range(longest) for queue in queues if i < len(queue)][:count]


def crops(case: Case, made: Mapping[str, Levels], comparison: Comparison) -> list[Crop]:
    """The same window of the original, the input and every result: where results differ most.

    A single result has none to differ from: the original stands in.
    """
    alone = [case.high] if len(made) == 1 and case.high is not None else []
    top, left, height, width = window([*made.values(), *alone], comparison.scale)
    cut = (slice(top, top + height), slice(left, left + width))
    given = nearest(comparison.scale)(case.low)
    found = [] if case.high is None else [Crop("original", case.high[cut])]
    how = (f"x{comparison.scale}, pixels repeated",) if comparison.scale > 1 else ()
    found.append(Crop("input", given[cut], how))
    for model, levels in made.items():
        score = comparison.score(model, case.data)
        index = [row.picture for row in score.pictures].index(case.name)
        values = ((name, metric.unit, score.pictures[index].values[name]) for name, metric in score.metrics.items())
        lines = tuple(f"{name} {number(value, unit)} {unit}".rstrip() for name, unit, value in values)
        found.append(Crop(model, levels[cut], lines))
    return found


def window(made: Sequence[Levels], scale: int, side: int = CROP) -> tuple[int, int, int, int]:
    """(top, left, height, width) of the window, on the grid of input pixels, in which results differ most in luma.

    The spread between the brightest and the darkest result, summed over the window; the middle where all are equal.
    """
    luma = np.stack([levels @ LUMA for levels in made])
    spread = luma.max(axis=0) - luma.min(axis=0)
    height, width = (min(side // scale * scale or scale, size) for size in spread.shape)
    sums = np.pad(spread, ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
    inside = sums[height:, width:] - sums[:-height, width:] - sums[height:, :-width] + sums[:-height, :-width]
    grid = inside[::scale, ::scale]
    place = np.unravel_index(np.argmax(grid), grid.shape) if spread.any() else tuple(size // 2 for size in grid.shape)
    return int(place[0]) * scale, int(place[1]) * scale, height, width


def _table(comparison: Comparison) -> str:
    heads = []
    for name, metric in comparison.metrics.items():
        heads.append(f"<th>{escaped(name)}<small>{escaped(metric.unit)} {arrow(metric)}</small></th>")
    lines = [f"<tr><th>model</th><th>set</th>{''.join(heads)}</tr>"]
    for row in comparison.rows:
        cells = (cell(row.score, name) for name in comparison.metrics)
        shown = "".join(f"<td>{escaped(mean)}<small>{escaped(span)}</small></td>" for mean, span in cells)
        count = f"<small>{counted(len(row.score.pictures), 'picture')}</small>"
        lines.append(f"<tr><td>{escaped(row.model)}</td><td>{escaped(row.score.data)}{count}</td>{shown}</tr>")
    return f'<div class="wide"><table>{"".join(lines)}</table></div>'


def _differences(comparison: Comparison) -> str:
    parts = []
    for data in comparison.sets:
        for model in comparison.others:
            parts.append(f"<h2>{escaped(f'{data}: {model} against {comparison.against}')}</h2>")
            parts.append(_list(f"{metric}: {said}" for metric, said in sentences(comparison, model, data)))
    return "".join(parts)


def _list(lines: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{escaped(line)}</li>' for line in lines)}</ul>"


def _figure(case: Case, shown: Sequence[Crop]) -> str:
    cells = []
    for crop in shown:
        shown_as, lines = image(crop.levels, f"{case.name}, {crop.name}"), "<br>".join(map(escaped, crop.lines))
        cells.append(f"<figure>{shown_as}<figcaption><b>{escaped(crop.name)}</b>{lines}</figcaption></figure>")
    return f'<h3>{escaped(f"{case.data}: {case.name}")}</h3><div class="crops">{"".join(cells)}</div>'


HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>TITLE</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root { color-scheme: light dark; --line: #ccc; --quiet: #666; }
@media (prefers-color-scheme: dark) { :root { --line: #444; --quiet: #aaa; } }
body { margin: 0; font: 15px/1.45 system-ui, sans-serif; }
main { max-width: 75rem; margin: auto; padding: 1rem; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.05rem; margin: 1.6rem 0 .4rem; }
h3 { font-size: .95rem; margin: 1.2rem 0 .4rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .35rem .9rem .35rem 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
small { display: block; color: var(--quiet); font-weight: normal; }
ul { padding-left: 1.2rem; overflow-wrap: anywhere; }
.crops { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: .7rem; }
figure { margin: 0; }
img { width: 100%; display: block; image-rendering: pixelated; }
figcaption { font-size: .8rem; color: var(--quiet); }
figcaption b { display: block; color: CanvasText; }
STYLE</style></head><body><main>
"""
