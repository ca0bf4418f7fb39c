"""What to do next, for every word and flag, with commands that the real command line takes."""

import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

import wassr
from tests.report.material import CONTENT
from wassr.ground.settings import read_settings
from wassr.report.advice import REMEDIES, next_steps
from wassr.report.page import done, page
from wassr.report.reading import Reading
from wassr.training.recipe import Recipe
from wassr.training.runlog import GIVEN_UP, Entry
from wassr.training.shelf import find_recipe
from wassr.training.verdict import Flag, Verdict, Word

VERDICT = Path(wassr.__file__).parent / "training" / "verdict.py"


def advised(run: Reading, word: Word, share: float = 1.0, flags: tuple[Flag, ...] = ()) -> list[tuple[str, str]]:
    """Advice for the run if its verdict were another."""
    assert run.course
    assert run.verdict
    last = run.course.points[-1]
    points = (*run.course.points[:-1], replace(last, values=last.values | {"stage/share": share}))
    other = replace(run, courses=(*run.courses[:-1], replace(run.course, points=points)))
    other.__dict__["verdict"] = replace(run.verdict, word=word, flags=flags)
    return [(advice.sentence, advice.command) for advice in next_steps(other)]


def test_an_improving_run_goes_on_and_a_finished_one_is_made_longer(run: Reading) -> None:
    ((sentence, command),) = advised(run, "improving", share=0.5)
    assert "go on" in sentence
    assert command == f"wassr report {run.folder.path}"
    (_, longer), (take, upscale) = advised(run, "improving")
    assert "adversarial.steps=12000" in longer
    assert run.verdict
    assert f"step {run.verdict.take['balanced']}" in take
    assert upscale == f"wassr export {run.folder.path} --wish balanced"


def test_a_model_that_is_shipped_is_used_at_once(run: Reading) -> None:
    assert run.verdict
    step = run.verdict.take["balanced"]
    shipped = run.folder.models / "made.onnx"
    (card,) = (card for path, card in run.models.items() if path.stem == f"made-step-{step}")
    other = replace(run, models={**run.models, shipped: card})
    assert next_steps(other)[-1].command == f"wassr upscale photo.jpg -n {shipped} -o larger.png"


@pytest.mark.parametrize("word", ["plateau", "over-trained"])
def test_what_gets_no_better_is_stopped_and_taken(run: Reading, word: Word) -> None:
    assert [sentence.split()[0] for sentence, _ in advised(run, word, share=0.5)] == ["Stop", "Take:"]
    assert [sentence.split()[0] for sentence, _ in advised(run, word)] == ["Take:"]


def test_a_diverging_run_begins_anew_with_half_the_rates(run: Reading) -> None:
    command = advised(run, "diverging", share=0.5)[0][1]
    assert "adversarial.optimizer.rate=0.0001" in command
    assert "adversarial.critic.optimizer.rate=5e-05" in command


def test_too_early(run: Reading) -> None:
    assert advised(run, "too early", share=0.2)[0][1].startswith("wassr report")
    assert "adversarial.validate_every=166" in advised(run, "too early")[0][1]
    short = replace(run, entries=tuple(entry for entry in run.entries if entry.step <= CONTENT + 300))
    assert "adversarial.validate_every=50" in advised(short, "too early")[0][1]


@pytest.mark.parametrize("word", ["diverging", "too early", "improving"])
def test_commands_are_recipes_that_can_be_read(run: Reading, word: Word) -> None:
    command = shlex.split(advised(run, word)[0][1])
    assert command[:3] == ["wassr", "train", str(run.folder.recipe)]
    output = command.index("-o")
    assert command[output + 1] == f"{run.folder.path}-2"
    changed = find_recipe(command[2], tuple(command[3:output]))
    assert changed != read_settings(run.folder.recipe, Recipe)


def test_every_flag_has_a_remedy(run: Reading) -> None:
    names = re.findall(r'Flag\(\s*"([^"]+)"', VERDICT.read_text(encoding="utf-8"))
    assert set(names) == set(REMEDIES)
    flags = tuple(Flag(name, "so it is") for name in names)
    told = advised(run, "improving", 0.5, flags)[1:]
    assert [sentence.split(":")[0].lower() for sentence, _ in told] == names
    assert (
        "Now: adversarial.adversarial.critic_steps=5"
        in dict(zip(names, (s for s, _ in told), strict=True))["critic lags"]
    )


def test_names_with_spaces_are_quoted_and_the_start_is_told_again(run: Reading) -> None:
    other = replace(run, folder=replace(run.folder, path=Path("my runs/one")), start="compact-x4")
    command = advised(other, "diverging")[0][1]
    assert "'my runs/one/recipe.yaml'" in command
    assert "--from compact-x4" in command
    assert "-o 'my runs/one-2'" in command


def test_without_a_recipe_there_is_advice_but_no_command(run: Reading) -> None:
    assert advised(replace(run, recipe=None), "diverging")[0][1] == ""
    assert isinstance(run.verdict, Verdict)
    nothing = replace(run, courses=())
    assert "first validation" in next_steps(nothing)[0].sentence


def test_a_run_that_the_guard_gave_up_is_begun_anew_from_the_rates_it_came_down_to(run: Reading) -> None:
    texts = [f"step 4200 refused: a; back to step 4000, {how}" for how in ("learning rate x 0.5", "penalty weight x 2")]
    told = [Entry(4200, "guard", text=text) for text in [*texts, texts[0]]]
    other = replace(run, entries=(*run.entries, *told, Entry(4200, GIVEN_UP, text="stopped at step 4200")))
    first = next_steps(other)[0]
    assert "guard gave it up" in first.sentence
    assert "adversarial.optimizer.rate=2.5e-05" in first.command
    assert done(other) == "adversarial stage, step 9000, given up by the guard"
    assert "<progress" not in page(other)
