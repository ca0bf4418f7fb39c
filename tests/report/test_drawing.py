"""Which curves are drawn, with which points."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.report.material import CONTENT, EVERY, WHOLE
from wassr.report.curves import CHARTS
from wassr.report.drawing import Drawn, Figure, figures_of, figures_over, marks_of, markup, told
from wassr.report.reading import Reading
from wassr.training.runlog import Entry, series


def curve(figures: Sequence[Figure], title: str, name: str) -> Drawn:
    (figure,) = (figure for figure in figures if figure.title == title)
    (found,) = (curve for curve in figure.curves if curve.name == name)
    return found


def test_every_point_of_the_log_is_drawn(run: Reading) -> None:
    drawn = curve(figures_of(run), "Perceptual distance", "result")
    points = series(list(run.entries), "valid/lpips")
    assert drawn.x == [step for step, _ in points]
    assert drawn.y == pytest.approx([value for _, value in points], rel=1e-4)
    assert sum(len(c.x) for f in figures_of(run) for c in f.curves if not c.line) == sum(
        entry.value is not None and not entry.tag.startswith(("bicubic/", "stage/")) and "zero" not in entry.tag
        and "ceiling" not in entry.tag and "anchor" not in entry.tag
        for entry in run.entries
    )  # fmt: skip


def test_of_a_border_measured_twice_the_start_of_the_later_stage_is_drawn(run: Reading) -> None:
    border = next(i for i, e in enumerate(run.entries) if (e.step, e.text) == (CONTENT, "adversarial"))
    twice = (*run.entries[: border + 1], Entry(CONTENT, "valid/lpips", 0.5), *run.entries[border + 1 :])
    drawn = curve(figures_of(replace(run, entries=twice)), "Perceptual distance", "result")
    assert drawn.x == sorted(set(drawn.x))
    assert drawn.y[drawn.x.index(CONTENT)] == 0.5


def test_what_is_measured_once_is_a_line_over_the_whole_run(run: Reading) -> None:
    drawn = curve(figures_of(run), "Fidelity", "bicubic")
    assert (drawn.x, drawn.y, drawn.line) == ([0, WHOLE], [27.8, 27.8], True)


def test_charts_without_curves_are_left_out_and_unknown_tags_are_not(run: Reading) -> None:
    content = replace(run, entries=tuple(e for e in run.entries if "critic" not in e.tag))
    assert "Can it tell?" not in {figure.title for figure in figures_of(content)}
    more = replace(run, entries=(*run.entries, Entry(5, "new/tag", 1.0)))
    assert figures_of(more)[-1].title == "new/tag"


def test_marks_are_the_step_to_take_the_stages_and_the_guard(run: Reading) -> None:
    assert run.verdict
    assert [(mark.kind, mark.step) for mark in marks_of(run)] == [
        ("take", run.verdict.take["balanced"]),
        ("stage", 0),
        ("stage", CONTENT),
        ("guard", 4200),
    ]


def test_runs_lie_over_each_other_on_the_steps_of_their_last_stage(run: Reading) -> None:
    entries = tuple(e for e in run.entries if e.step <= 6000 and e.tag != "critic/lag")
    other = replace(run, folder=replace(run.folder, path=run.folder.path.with_name("other")), entries=entries)
    figures = figures_over([run, other])
    titles = [figure.title for figure in figures]
    assert "Perceptual distance: result" in titles
    assert not [title for title in titles if "lag" in title]  # only one of them has it
    (distance,) = (figure for figure in figures if figure.title == "Perceptual distance: result")
    assert [curve.name for curve in distance.curves] == ["good", "other"]
    assert distance.curves[0].x == list(range(0, WHOLE - CONTENT + 1, EVERY))
    assert distance.curves[1].x == list(range(0, 3001, EVERY))
    assert distance.curves[1].y == distance.curves[0].y[:7]


def test_the_figures_in_html_stand_in_the_order_of_the_data(run: Reading) -> None:
    figures = figures_of(run)
    made = markup(figures, {"some <steps>": (1, 2)})
    assert [f'data-figure="{i}"' in made for i in range(len(figures) + 1)] == [True] * len(figures) + [False]
    assert 'data-from="1" data-to="2">some &lt;steps&gt;' in made
    assert all(room in made for room in CHARTS)
    for figure in figures:
        assert figure.title.replace("'", "&#x27;") in made
    data = told(figures, marks_of(run))
    assert data["whole"] == [0, WHOLE]
