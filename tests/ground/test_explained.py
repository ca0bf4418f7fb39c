"""Settings that explain themselves: the same settings, and a word beside every key."""

from typing import Literal

from pydantic import Field

from wassr.ground.explained import explain_settings
from wassr.ground.settings import Strict, load_settings


class Inner(Strict):
    """What is inside. And more of it."""

    shares: dict[str, float] = Field(default={"4:2:0": 1.0}, description="shares of kinds")


class Outer(Strict):
    kind: Literal["slow", "quick"] = Field(default="slow", description="how: it # matters")
    given: float | None = Field(default=None, description="metres")
    sizes: tuple[int, ...] = Field(default=(1, 2), description="pixels")
    inner: Inner = Inner()
    several: tuple[Inner, ...] = Field(default=(), description="one after the other")
    words: str = Field(default="", description="any")


def test_each_key_has_its_words_beside_it() -> None:
    lines = explain_settings(Outer(several=(Inner(),)), "above\nand below").splitlines()
    assert lines[:2] == ["# above", "# and below"]
    assert [" ".join(line.split()) for line in lines[2:]] == [
        "kind: slow # one of slow, quick; how: it # matters",
        "given: null # metres",
        "sizes: [1, 2] # pixels",
        "inner: # What is inside",
        'shares: {"4:2:0": 1.0} # shares of kinds',
        "several: # one after the other",
        '- shares: {"4:2:0": 1.0} # shares of kinds',
        "words: '' # any",
    ]


def test_it_reads_back_as_it_was() -> None:
    for settings in (
        Outer(),
        Outer(words="a: b # c " * 40, given=1e-8, several=(Inner(), Inner(shares={}))),
        Outer(words="two\nlines", sizes=()),
    ):
        assert load_settings(explain_settings(settings, "head"), Outer, "explained") == settings
