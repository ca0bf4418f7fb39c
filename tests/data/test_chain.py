"""Chains as settings: what is refused with a way out, that shipped ones stand, and that they survive being written."""

import json
from pathlib import Path

import pytest

from wassr.data.chain import Chain, Step, find_chain, shipped_chains, split_at_last_saves
from wassr.data.degradations import DEGRADATIONS
from wassr.ground.errors import SettingsError
from wassr.ground.settings import dump_settings, load_settings


def refused(steps: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings(f"purpose: a test\nsteps:\n{steps}", Chain, "c.yaml")
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("name", ["jpeg", "web", "blind"])
def test_shipped_chains_stand_and_survive_being_written(name: str) -> None:
    chain = find_chain(name)
    assert chain.purpose
    assert load_settings(dump_settings(chain), Chain, name) == chain
    assert set(shipped_chains()) == {"jpeg", "web", "blind"}


def test_the_shipped_jpeg_chain_is_as_its_purpose_says() -> None:
    (step,) = find_chain("jpeg").steps
    assert step.jpeg is not None
    once, twice = (step.jpeg.probability * share for share in step.jpeg.generations)
    assert (1 - step.jpeg.probability, once, twice) == pytest.approx((0.2, 0.5, 0.3))


def test_kinds_are_rows_of_the_table() -> None:
    assert set(Step.model_fields) == set(DEGRADATIONS)


def test_unknown_keys_name_the_nearest_with_their_line() -> None:
    assert refused("- jpeg: {}\n- jpge: {}\n").startswith("c.yaml:4: steps.1.jpge: unknown key; did you mean jpeg?")
    wrong = refused("- jpeg:\n    qualty: [10, 20]\n")
    assert wrong.startswith("c.yaml:4: steps.0.jpeg.qualty: unknown key; did you mean quality?")


def test_values_that_mean_nothing_say_what_to_do() -> None:
    assert "a range is [smallest, largest]; write [30, 90]" in refused("- jpeg: {quality: [90, 30]}\n")
    assert "steps.0.jpeg.quality.1: must be at most 100, not 101" in refused("- jpeg: {quality: [90, 101]}\n")
    assert "must be at most 1, not 20" in refused("- noise: {probability: 20}\n")
    assert "must be one of area, bilinear, bicubic, not lanczos" in refused("- resize: {filters: {lanczos: 1}}\n")
    assert "no kind has a share" in refused('- jpeg: {chroma: {"4:2:0": 0}}\n')
    assert "no kind has a share" in refused("- jpeg: {generations: [0, 0]}\n")
    assert "a list of at most 3" in refused("- jpeg: {generations: [1, 1, 1, 1]}\n")
    assert "greater than 0" in refused("- blur: {sigma: [0, 1]}\n")
    assert "a chain reduces once" in refused("- reduce: {}\n- reduce: {}\n")
    one = "a step is one kind (blur, resize, noise, jpeg, webp, reduce) with its settings"
    assert one in refused("- jpeg: {}\n  webp: {}\n")
    assert one in refused("- jpeg:\n")
    assert one in refused("- {}\n")
    assert "a list of at least 1" in refused("  []\n")


def test_a_wrong_share_is_named_as_it_is_written() -> None:
    assert refused('- jpeg: {chroma: {"4:1:0": 1}}\n').startswith("c.yaml:3: steps.0.jpeg.chroma.4:1:0: ")


@pytest.mark.parametrize("text", ["- jpeg: {}\n", "# steps\n[{jpeg: {}}]\n"])
def test_a_bare_list_of_steps_says_where_it_belongs(text: str, tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        find_chain(str(file))
    assert str(caught.value) == f"{file}: is a list; put the list under steps:"


def test_a_chain_by_name_or_file(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("steps:\n- webp: {quality: [60, 60]}\n", encoding="utf-8")
    (step,) = find_chain(str(tmp_path / "own.yaml")).steps
    assert (step.kind, step.spec) == ("webp", step.webp)
    with pytest.raises(SettingsError, match=r"^jpg: no such chain or file; did you mean jpeg\?$"):
        find_chain("jpg")
    with pytest.raises(SettingsError, match=r"none\.yaml: cannot be read"):
        find_chain(str(tmp_path / "none.yaml"))


def test_only_what_a_step_is_gets_written() -> None:
    step = Step.model_validate({"webp": {}})
    assert json.loads(step.model_dump_json()) == {"webp": {"probability": 1.0, "quality": [50, 95]}}


def steps(*kinds: str) -> tuple[Step, ...]:
    return tuple(Step.model_validate({kind: {}}) for kind in kinds)


@pytest.mark.parametrize(
    ("before", "saves"),
    [
        ([], ["jpeg"]),
        (["jpeg", "reduce"], ["jpeg", "jpeg"]),
        (["resize", "reduce", "webp"], ["jpeg"]),
        (["reduce", "jpeg", "noise"], ["jpeg"]),
    ],
)
def test_the_saves_that_end_a_chain(before: list[str], saves: list[str]) -> None:
    assert split_at_last_saves(steps(*before, *saves)) == (steps(*before), steps(*saves))


@pytest.mark.parametrize(
    ("kinds", "reason"),
    [
        ([], "there is none"),
        (["reduce", "jpeg", "webp"], "this one ends in webp"),
        (["jpeg", "reduce"], "this one ends in reduce"),
        (["reduce", "resize", "jpeg"], "a resize between reduce and jpeg"),
        (["resize", "jpeg"], "a resize between reduce and jpeg"),
    ],
)
def test_chains_that_do_not_end_in_saves_of_one_size(kinds: list[str], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        split_at_last_saves(steps(*kinds))
