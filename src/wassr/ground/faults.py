"""What is wrong with a value, in our own words: pydantic's errors as rules, and the word that was meant."""

import difflib
import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

LONGEST = 60  # characters of a value that are repeated to the user

# by type of error, what the value must be; ErrorDetails' ctx fills the braces
RULES = {
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float", "int_parsing_size"), "a whole number"),
    **dict.fromkeys(("float_type", "float_parsing"), "a number"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "true or false"),
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type"), "keys with values"),
    **dict.fromkeys(("list_type", "tuple_type"), "a list"),
    "finite_number": "a finite number",
    "string_type": "text",
    "string_pattern_mismatch": "of the form {pattern}",
    "greater_than": "greater than {gt:g}",
    "greater_than_equal": "at least {ge:g}",
    "less_than": "less than {lt:g}",
    "less_than_equal": "at most {le:g}",
    "too_short": "a list of at least {min_length}",
    "too_long": "a list of at most {max_length}",
}


def fault(errors: Sequence["ErrorDetails"], with_value: bool = True) -> str:
    """What one value must be, for an error message: `must be at least 1, not -3`.

    errors: all that pydantic says of it; where several types were tried, it must be one of them. with_value: repeat the
    value, where that is not said already.
    """
    first = errors[0]
    value = first["input"] if with_value and not isinstance(first["input"], dict) else None
    if first["type"] == "missing":
        return "must be given"
    if first["type"] == "value_error":  # a validator of ours
        said = first["msg"].removeprefix("Value error, ")
        return said if value is None else f"{said} (found {_shown(value)})"
    rules = [_rule(error) for error in errors]
    if "" in rules:
        return first["msg"]
    if "a number" in rules:  # a whole one is one, too
        rules = [rule for rule in rules if rule != "a whole number"]
    guess = nearest(str(first["input"]), _words(first)) if first["type"] == "literal_error" else None
    given = "" if not with_value or isinstance(first["input"], dict) else f", not {_shown(first['input'])}"
    return f"must be {' or '.join(dict.fromkeys(rules))}{given}{f'; did you mean {guess}?' if guess else ''}"


def nearest(word: str, words: Sequence[str]) -> str | None:
    """The most similar word, or None if none is similar."""
    cutoff = 0.6 if len(word) > 2 else 0.5  # half is one wrong letter of two; of four it is chance: name is not rate
    found = difflib.get_close_matches(word, words, n=1, cutoff=cutoff)
    return found[0] if found else None


def hint(word: str, words: Sequence[str], otherwise: str = "it may be") -> str:
    """For an error message: the nearest word, or all of them after `otherwise`."""
    guess = nearest(word, words)
    return f"did you mean {guess}?" if guess else f"{otherwise} {', '.join(words)}"


def _rule(error: "ErrorDetails") -> str:
    """What the value must be; empty for a type of error that has no words here."""
    if error["type"] == "literal_error":
        words = _words(error)
        return f"one of {', '.join(words)}" if len(words) > 1 else words[0]
    return RULES.get(error["type"], "").format(**error.get("ctx", {}))


def _words(error: "ErrorDetails") -> list[str]:
    """The words of a choice: pydantic writes 'a', 'b' or 'c'."""
    return [word.strip("'") for word in re.split(r", | or ", error["ctx"]["expected"])]


def _shown(value: Any) -> str:
    """A value as YAML has it, on one line."""
    text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False, default=str)
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
