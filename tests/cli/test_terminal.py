"""Sentences and a bar on stderr: the bar on a terminal only, lines at most every few seconds otherwise."""

import io
import sys

import pytest

from wassr.cli import terminal
from wassr.cli.terminal import Terminal


def test_without_a_terminal_lines_come_now_and_then(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = [0.0]
    monkeypatch.setattr(terminal.time, "monotonic", lambda: clock[0])
    with Terminal("") as shown:
        for second in range(13):
            clock[0] = float(second)
            shown.update(second / 12, "a.png", "", f"line {second}")
        shown.say("the end")
    assert capsys.readouterr().err.splitlines() == ["wassr: line 5", "wassr: line 10", "wassr: the end"]


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_there_is_a_bar_and_it_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    with Terminal("{task.percentage:3.0f} %{task.fields[left]}") as shown:
        shown.update(0.5, "[b]a.png", ", 3 s left", "never a line")
        shown.say("a [sentence]")
    text = screen.getvalue()
    assert "wassr: a [sentence]" in text  # not taken as markup
    assert "never a line" not in text
    assert "50 %" in text


def test_the_bar_may_be_off(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    with Terminal("", bar=False) as shown:
        shown.say("plain")
    assert screen.getvalue() == "wassr: plain\n"
