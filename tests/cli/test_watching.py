"""What is shown of a running batch; the whole of it is tested with the command itself."""

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from wassr.cli.watching import Display
from wassr.upscaling.batch import Result
from wassr.upscaling.inputs import Job, Source


def jobs(folder: Path, sizes: list[int]) -> list[Job]:
    found = []
    for number, size in enumerate(sizes):
        path = folder / f"{number}.png"
        path.write_bytes(b"x" * size)
        found.append(Job(Source(path), folder / f"{number}_x4.png"))
    return found


def lines(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_json_progress_counts_bytes_of_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Display(jobs(tmp_path, [100, 300]), as_json=True, to_stderr=False, verbose=False) as display:
        display.tile(0, 1, 1)
        display.result(0, done(tmp_path, 0))
        display.tile(1, 1, 2)
        display.tile(1, 2, 2)
    events = [event for event in lines(capsys.readouterr().out) if event["event"] == "progress"]
    assert Path(str(events[0]["file"])).name == "0.png"
    assert events[0]["percent"] == 100
    assert events[0]["total_percent"] == 25
    assert events[-1]["total_percent"] == 100
    assert events[-1]["seconds_left"] == 0


def test_a_failure_is_said_with_its_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Display(jobs(tmp_path, [1]), as_json=False, to_stderr=False, verbose=False) as display:
        display.result(0, Result("0.png", "", "failed", reason="it is empty"))
    captured = capsys.readouterr()
    assert captured.err == "wassr: 0.png: it is empty\n"
    assert captured.out == ""


def test_a_line_for_every_file_names_its_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Display(jobs(tmp_path, [1]), as_json=False, to_stderr=False, verbose=True) as display:
        display.result(0, replace(done(tmp_path, 0), model="compact-x4"))
    assert capsys.readouterr().err.endswith("4 x 4, 0.10 s, by compact-x4\n")


def test_no_bar_where_there_is_no_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    with Display(jobs(tmp_path, [1]), as_json=False, to_stderr=False, verbose=True) as display:
        display.tile(0, 1, 1)
    assert "\x1b" not in written.getvalue()


def done(folder: Path, number: int) -> Result:
    return Result(f"{number}.png", str(folder / f"{number}_x4.png"), "done", width=4, height=4, seconds=0.1)
