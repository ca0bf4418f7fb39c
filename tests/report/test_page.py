"""The page of one run: sound, whole, and true to the run."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.pages import checked
from tests.report.material import CONTENT, WHOLE, make_log
from wassr.evaluation.wording import number
from wassr.report.page import done, hero, page
from wassr.report.reading import Reading, read_run
from wassr.training.runlog import ENDED, Entry
from wassr.training.verdict import Flag

OLD = Path(__file__).parents[2] / "runs"


def test_a_whole_run(run: Reading) -> None:
    made = page(run)
    parser = checked(made)
    assert parser.seen.count("figure") > 20
    assert run.verdict
    for wanted in ("What to do next", run.verdict.word, run.verdict.sentence, "All 20 in words", "step 4200 refused"):
        assert wanted in made
    assert "A run that never was &lt;b&gt;." in made
    assert "name: made" in made  # the recipe
    assert "a machine, 2 threads" in made
    assert made.index("What to do next") < made.index("Samples") < made.index("Curves")
    assert run.course
    start, last = run.course.points[0].values, run.course.points[-1].values
    assert f"<b>{number(last['valid/psnr_y'], 'dB')} <small>dB" in made
    assert f"start {number(start['valid/psnr_y'], 'dB')}, bicubic 27.80" in made


def test_an_end_before_its_time_is_told(run: Reading) -> None:
    assert run.course
    told = Entry(WHOLE, ENDED, text="plateau: takes step 8000, not its last")
    course = replace(run.course, ended=True)
    early = replace(run, entries=(*run.entries, told), courses=(*run.courses[:-1], course))
    assert done(early) == f"adversarial stage, step {WHOLE}, ended by its verdict"
    assert f"A stage ended at step {WHOLE}, plateau: takes step 8000, not its last." in page(early)


def test_the_ribbon_has_a_piece_for_each_validation(run: Reading) -> None:
    ribbon = re.search(r'<div class="ribbon".*?</div>', page(run))
    assert ribbon
    assert ribbon[0].count('class="early"') + ribbon[0].count('class="good"') == len(run.said("verdict"))


def test_flags_and_words_of_all_kinds(run: Reading) -> None:
    assert run.verdict
    other = replace(run)
    other.__dict__["verdict"] = replace(run.verdict, word="diverging", flags=(Flag("critic lags", "by <9>"),))
    assert 'class="verdict bad"' in hero(other)
    assert "<b>critic lags</b> by &lt;9&gt;" in hero(other)


@pytest.mark.parametrize(("stages", "words"), [(2, "adversarial stage, step 9000, over"), (0, "step 9000")])
def test_how_far_it_is(run: Reading, stages: int, words: str) -> None:
    assert done(replace(run, courses=run.courses[:stages])) == words


def test_the_poorest_run_has_a_page_that_says_what_is_missing(tmp_path: Path) -> None:
    made = page(read_run(make_log(tmp_path, {1: {"loss/l1": 0.5}})))
    checked(made)
    assert "no verdict" in made
    assert "No validation has ended yet" in made
    assert "No sample pictures" in made


def test_a_content_run(mine: Path) -> None:
    log = (mine / "log.jsonl").read_bytes().split(b"\n")
    kept = [line for line in log if b"critic" not in line and b"adversarial" not in line]
    kept = [line for line in kept if line and int(line[8:].split(b",")[0]) <= CONTENT]
    (mine / "log.jsonl").write_bytes(b"\n".join(kept) + b"\n")
    run = read_run(mine)
    assert [course.stage for course in run.courses] == ["content"]
    made = page(run)
    checked(made)
    assert "content stage, step 3000, over" in made
    assert "content.steps=6000" in made
    assert "The critic, on held-out crops" not in made


@pytest.mark.parametrize("name", ["espcn-x4-2", "wassr-x4-2"])
def test_runs_of_an_older_version(name: str) -> None:
    if not (OLD / name / "log.jsonl").exists():
        pytest.skip(f"runs/{name} is not on this machine")
    made = page(read_run(OLD / name))
    checked(made)
    assert "older version" in made


def test_steps_shown_by_buttons(run: Reading) -> None:
    made = page(run)
    assert f'data-from="0" data-to="{CONTENT}">content stage' in made
    assert f'data-from="{CONTENT}" data-to="{WHOLE}">adversarial stage' in made
    assert 'data-from="6750" data-to="9000">last quarter' in made


def test_the_precision_is_the_one_that_was_used(mine: Path) -> None:
    (mine / "recipe.yaml").write_text((mine / "recipe.yaml").read_text().replace("float32", "auto"), encoding="utf-8")
    (mine / "state").mkdir()
    (mine / "state" / "step-000000001.json").write_text('{"precision": "bfloat16"}', encoding="utf-8")
    assert re.search(r"precision</t[hd]><td>bfloat16<", page(read_run(mine)))
