"""Cards: what they keep, what they forgive, what they refuse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wassr.ground.errors import ModelError
from wassr.models.card import Card, Measurement, card_from_json

PLAIN = Card(name="n", purpose="p", network="compact", scale=4, radius=3)


@given(
    st.text(),
    st.dictionaries(st.text(), st.one_of(st.integers(-9, 9), st.booleans(), st.text()), max_size=3),
    st.floats(allow_nan=False, allow_infinity=False),
)
def test_a_card_survives_json(purpose: str, arguments: dict[str, int | float | str | bool], value: float) -> None:
    measured = Measurement(data="Set5", metric="psnr_y", value=value, unit="dB", protocol="Y")
    card = PLAIN.model_copy(update={"purpose": purpose, "arguments": arguments, "measured": (measured,)})
    assert card_from_json(card.to_json(), "here") == card


def test_values_are_found_by_set_and_metric() -> None:
    measured = Measurement(data="Set5", metric="psnr_y", value=31.5, unit="dB", protocol="Y")
    card = PLAIN.model_copy(update={"measured": (measured,)})
    assert card.value("Set5", "psnr_y") == 31.5
    assert card.value("Set14", "psnr_y") is None


def test_a_newer_card_is_read_without_its_new_keys() -> None:
    text = PLAIN.to_json().replace('{"name"', '{"invented_later":1,"name"', 1)
    assert card_from_json(text, "here") == PLAIN


def test_an_older_card_is_of_a_model_for_clean_inputs() -> None:
    text = PLAIN.to_json()
    assert card_from_json(text.replace('"inputs":"clean",', ""), "here").inputs == "clean"
    assert '"inputs":"clean",' in text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "JSON"),
        ("[]", "JSON"),
        (PLAIN.to_json().replace('"scale":4', '"scale":0'), "scale"),
        (PLAIN.to_json().replace('"base":"none"', '"base":"cubic"'), "base"),
        (PLAIN.to_json().replace('"inputs":"clean"', '"inputs":"old"'), "inputs"),
    ],
)
def test_what_is_no_card_is_one_line_with_file_and_key(text: str, words: str) -> None:
    with pytest.raises(ModelError) as caught:
        card_from_json(text, "a/b.onnx")
    message = str(caught.value)
    assert message.startswith("a/b.onnx: its card is not valid: ")
    assert words in message
    assert "\n" not in message
