"""Settings: what is wrong is told with line and way out; every shipped recipe survives the way out and in."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field, model_validator
from ruamel.yaml import YAML

from wassr.ground.errors import SettingsError
from wassr.ground.explained import explain_settings
from wassr.ground.settings import Strict, differences, dump_settings, load_settings, read_settings
from wassr.training.recipe import Recipe
from wassr.training.shelf import SizedRecipe, find_recipe, shipped_recipes

Rate = Annotated[float, Field(ge=0)]
RECIPES = list(shipped_recipes().items())


class Inner(Strict):
    width: int = 3
    words: tuple[str, ...] = ()
    deep: dict[str, int | float | str] = Field(default_factory=dict)
    low: int = 0
    high: int = 8
    kind: Literal["adam", "muon"] = "adam"
    shares: str | dict[str, Rate] = "all"

    @model_validator(mode="after")
    def _in_order(self) -> "Inner":
        if self.low > self.high:
            raise ValueError("low is above high")
        return self


class Outer(Strict):
    name: str
    inner: Inner = Inner()
    maybe: Inner | None = None

    @model_validator(mode="after")
    def _has_a_name(self) -> "Outer":
        if self.name == "no":
            raise ValueError("no is no name")
        return self


def refused(text: str, *overrides: str, model: type[Strict] = Outer) -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings(text, model, "file.yaml", overrides)
    message = str(caught.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("nam: x\n", 1, "did you mean name?"),
        ("name: x\ninner:\n  widht: 4\n", 3, "inner.widht: unknown key; did you mean width?"),
        ("name: x\nmaybe: {word: [a]}\n", 2, "did you mean words?"),
        ("name: x\n\n# comment\nqqqq: 1\n", 4, "valid keys: name, inner, maybe"),
        ("name: x\ninner: {width: many}\n", 2, "inner.width: must be a whole number, not many"),
        ("name: x\ninner:\n  words: [a, {}]\n", 3, "inner.words.1: must be text"),
        ("name: x\ninner:\n  deep: {a: []}\n", 3, "inner.deep.a: must be a number or text, not []"),
        ("name: x\nname: y\n", 2, "keep one of them"),
        ("name: [x\n", 2, "not valid YAML"),
        ("name: x\n  inner: y\n", 2, "not valid YAML"),
    ],
)
def test_what_is_wrong_where(text: str, line: int, words: str) -> None:
    message = refused(text)
    assert message.startswith(f"file.yaml:{line}: ")
    assert words in message


def test_a_missing_key_and_a_list_instead_of_keys() -> None:
    assert "name: must be given" in refused("inner: {}\n")
    assert "expected keys and values, found a list" in refused("- a\n- b\n")
    assert "expected keys and values, found one value" in refused("3")
    assert refused("") == refused("# only words\n") == "file.yaml: is empty: expected keys and values, as in name: mine"


def test_overrides_replace_and_add() -> None:
    found = load_settings("name: x\n", Outer, "f", ("inner.width=7", "maybe.words=[a, b]", "name=1e3x"))
    assert (found.inner.width, found.name) == (7, "1e3x")
    assert found.maybe
    assert found.maybe.words == ("a", "b")
    assert load_settings("name: x\nmaybe: {}\n", Outer, "f", ("maybe=null",)).maybe is None


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ("inner.width=wide", "inner.width=wide: must be a whole number"),
        ("inner.widht=2", "inner.widht=2: unknown key; did you mean width?"),
        ("inner.name=adan", "inner.name=adan: unknown key; valid keys: width, words, deep, low, high, kind, shares"),
        ("innr.width=2", "innr.width=2: innr: unknown key; did you mean inner?"),
        ("inner={widht: 2}", "inner={widht: 2}: inner.widht: unknown key; did you mean width?"),
        ("inner={width: wide}", "inner={width: wide}: inner.width: must be a whole number, not wide"),
        ("inner.width=3 inner.width=wide", "inner.width=wide: must be a whole number"),
        ("inner.low=9", "inner.low=9: inner: low is above high"),
        ("inner.width=3 inner.low=5 inner.high=4", "inner.low=5 inner.high=4: inner: low is above high"),
        ("name=no", "name=no: no is no name"),
        ("inner.low=9 inner.low=10", "inner.low=10: inner: low is above high"),
        ("inner.kind=mouon", "inner.kind=mouon: must be one of adam, muon; did you mean muon?"),
        ("inner.shares=3", "inner.shares=3: must be text or keys with values"),
        ("inner.shares={a: -1}", "inner.shares={a: -1}: inner.shares.a: must be at least 0, not -1"),
        ("inner.width", "inner.width: expected KEY=VALUE, for example content.batch=8"),
    ],
)
def test_a_wrong_override_is_named_as_it_was_typed_and_nothing_else_is(overrides: str, message: str) -> None:
    words = overrides.replace(" inner.", "\0inner.").split("\0")
    assert refused("name: x\ninner: {width: 2}\n", *words) == message


def test_the_file_is_named_where_the_fault_is_its_own() -> None:
    assert refused("name: x\ninner: {width: wide}\n", "inner.low=1") == (
        "file.yaml:2: inner.width: must be a whole number, not wide"
    )
    below = refused("name: x\ninner: {low: 9}\n", "inner.width=1")
    assert below == "file.yaml:2: inner: low is above high"
    assert refused("name: 'no'\n", "inner.low=1") == "file.yaml: recipe: no is no name"
    assert "not valid YAML" in refused("name: x\n", "inner.width=[")


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        read_settings(tmp_path / "absent.yaml", Outer)
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\xfa")
    (tmp_path / "zeros.yaml").write_bytes(bytes(100))
    for name in ("bytes.yaml", "zeros.yaml"):
        with pytest.raises(SettingsError, match=f"{name}: is not a text file; settings are YAML in UTF-8"):
            read_settings(tmp_path / name, Outer)


TEXT = st.text(st.characters(exclude_categories=("C", "Zl", "Zp")))  # without control characters


@settings(max_examples=40, deadline=None)
@given(TEXT, st.lists(TEXT, max_size=3), st.dictionaries(TEXT, st.floats(allow_nan=False) | TEXT))
def test_dump_and_load_are_inverse(name: str, words: list[str], deep: dict[str, Any]) -> None:
    finite = {key: value for key, value in deep.items() if not isinstance(value, float) or abs(value) < 1e300}
    given_settings = Outer(name=name, inner=Inner(words=tuple(words), deep=finite))
    assert load_settings(dump_settings(given_settings), Outer, "dumped") == given_settings


def test_differences_name_leaves() -> None:
    old, new = Outer(name="x"), Outer(name="x", inner=Inner(width=4), maybe=Inner())
    assert "inner.width: 3 -> 4" in differences(old, new)
    assert differences(old, old) == []


@pytest.mark.parametrize("name", [name for name, _ in RECIPES])
def test_every_recipe_survives_dump_and_load(name: str) -> None:
    sizes = [False, True] if "small:" in shipped_recipes()[name].read_text(encoding="utf-8") else [False]
    for small in sizes:
        recipe = find_recipe(name, small=small)
        for written in (dump_settings(recipe), explain_settings(recipe, "head")):
            assert load_settings(written, Recipe, "dumped") == recipe


@pytest.mark.parametrize(("name", "path"), RECIPES)
def test_every_key_with_one_letter_wrong_is_caught_with_its_line(name: str, path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = YAML(typ="safe").load(text)
    found = 0
    for key in _keys(tree):
        if key[-2:-1] == ("arguments",):
            continue  # of a network's constructor: tests of make and build
        found += 1
        wrong = key[-1][0] + "x" + key[-1][1:]
        line, broken = _misspell(text, key, wrong)
        message = refused(broken, model=SizedRecipe)
        assert message.startswith(f"file.yaml:{line}: "), (key, message)
        assert f"unknown key; did you mean {key[-1]}?" in message, (key, wrong, message)
    assert found > 10


def _keys(tree: Any, prefix: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not isinstance(tree, dict):
        return []
    return [key for name, value in tree.items() for key in ((*prefix, name), *_keys(value, (*prefix, name)))]


def _misspell(text: str, key: tuple[str, ...], wrong: str) -> tuple[int, str]:
    """The text with the last part of `key` replaced where it stands, and the line of that."""
    node = YAML(typ="rt").load(text)
    for part in key[:-1]:
        node = node[part]
    line, column = node.lc.key(key[-1])
    lines = text.splitlines(keepends=True)
    assert re.match(rf"{key[-1]}\s*:", lines[line][column:])
    lines[line] = lines[line][:column] + wrong + lines[line][column + len(key[-1]) :]
    return line + 1, "".join(lines)
