"""No sentence of pydantic reaches a user: each kind of wrong value has our words."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

from wassr.ground.faults import fault, hint, nearest
from wassr.ground.settings import Strict


class Some(Strict):
    width: int = 3


def said(annotation: Any, value: object, with_value: bool = True) -> str:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(annotation).validate_python(value)
    return fault(caught.value.errors(), with_value)


@pytest.mark.parametrize(
    ("annotation", "value", "words"),
    [
        (Annotated[int, Field(ge=1)], -3, "must be at least 1, not -3"),
        (Annotated[float, Field(gt=0)], 0, "must be greater than 0, not 0"),
        (Annotated[float, Field(le=0.5)], 2.5, "must be at most 0.5, not 2.5"),
        (Annotated[float, Field(lt=1)], 1, "must be less than 1, not 1"),
        (Annotated[float, Field(allow_inf_nan=False)], float("inf"), "must be a finite number, not Infinity"),
        (int, "many", "must be a whole number, not many"),
        (int, 2.5, "must be a whole number, not 2.5"),
        (int, None, "must be a whole number, not null"),
        (float, "abc", "must be a number, not abc"),
        (bool, "perhaps", "must be true or false, not perhaps"),
        (str, 3, "must be text, not 3"),
        (str, {"a": 1}, "must be text"),
        (Some, 3, "must be keys with values, not 3"),
        (tuple[int, ...], "a b", "must be a list, not a b"),
        (tuple[int, int], [1, 2, 3], "must be a list of at most 2, not [1, 2, 3]"),
        (Annotated[tuple[int, ...], Field(min_length=1)], [], "must be a list of at least 1, not []"),
        (Annotated[str, Field(pattern="^[a-z]*$")], "A_B", "must be of the form ^[a-z]*$, not A_B"),
        (int | float | str | bool, [], "must be a number or text or true or false, not []"),
        (Literal["adam", "sgd", "muon"], "mouon", "must be one of adam, sgd, muon, not mouon; did you mean muon?"),
        (Literal["adam", "sgd", "muon"], "zzz", "must be one of adam, sgd, muon, not zzz"),
        (Literal[1, 2, 3, 4], 5, "must be one of 1, 2, 3, 4, not 5"),
        (Literal["one"], "", 'must be one, not ""'),
        (str, list(range(100)), "must be text, not [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 1..."),
    ],
)
def test_a_value_is_told_what_it_must_be(annotation: Any, value: object, words: str) -> None:
    assert said(annotation, value) == words


def test_what_was_typed_is_not_repeated() -> None:
    assert said(Annotated[int, Field(ge=1)], -3, with_value=False) == "must be at least 1"
    assert said(Literal["adam", "muon"], "mouon", with_value=False) == "must be one of adam, muon; did you mean muon?"


def test_a_key_that_lacks_and_an_error_of_ours_and_one_without_words() -> None:
    class Needs(Strict):
        name: str

    def refuse(value: object) -> object:
        raise ValueError("no such chain; did you mean web?")

    ours = Annotated[str, AfterValidator(refuse)]
    assert said(Needs, {}) == "must be given"
    assert said(ours, "webb") == "no such chain; did you mean web? (found webb)"
    assert said(ours, "webb", with_value=False) == "no such chain; did you mean web?"
    assert said(bytes, 3) == "Input should be a valid bytes"


def test_nearest() -> None:
    assert nearest("pennalty", ["penalty", "clip"]) == "penalty"
    assert nearest("x1", ["l1", "mse"]) == "l1"
    assert nearest("zzz", ["penalty", "clip"]) is None
    assert nearest("name", ["kind", "rate", "betas"]) is None  # a far guess misleads more than a list


def test_a_hint_is_the_nearest_word_or_all_of_them() -> None:
    assert hint("crtic", ["critic", "content"]) == "did you mean critic?"
    assert hint("zzz", ["critic", "content"]) == "it may be critic, content"
    assert hint("zzz", ["critic", "content"], "valid keys:") == "valid keys: critic, content"
