"""The log: appended, cut on resume, readable with a torn end."""

import json
import math
from pathlib import Path

import pytest

from wassr.ground.errors import TrainingError
from wassr.training.runlog import Entry, RunLog, read_log, series


def test_scalars_and_words_come_back(tmp_path: Path) -> None:
    log = RunLog(tmp_path / "log.jsonl")
    log.write(1, {"loss/l1": 0.5, "rate/generator": 1e-4})
    log.say(2, "guard", "die Rate halbiert")
    log.write(3, {"loss/l1": 0.25})
    log.close()
    entries = read_log(tmp_path / "log.jsonl")
    assert entries[0] == Entry(1, "loss/l1", 0.5)
    assert entries[2] == Entry(2, "guard", None, "die Rate halbiert")
    assert series(entries, "loss/l1") == [(1, 0.5), (3, 0.25)]


def test_resume_cuts_what_the_state_does_not_know(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    log = RunLog(path)
    log.write(1, {"a": 1.0})
    known = log.flush()
    assert known == path.stat().st_size
    log.write(2, {"a": 2.0})
    log.close()
    again = RunLog(path, known)
    again.write(2, {"a": 2.5})
    again.close()
    assert series(read_log(path), "a") == [(1, 1.0), (2, 2.5)]
    RunLog(path).close()
    assert read_log(path) == []


def test_a_shorter_log_than_the_state_knows_is_refused(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text("{}\n")
    with pytest.raises(TrainingError, match="the log was edited"):
        RunLog(tmp_path / "log.jsonl", 100)
    assert (tmp_path / "log.jsonl").read_text() == "{}\n"


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text('{"step":1,"tag":"a","value":1.0}\n{"step":2,"ta')
    assert read_log(path) == [Entry(1, "a", 1.0)]


def test_not_finite_numbers_are_text_so_that_every_line_is_json(tmp_path: Path) -> None:
    log = RunLog(tmp_path / "log.jsonl")
    log.write(1, {"valid/psnr_y": math.inf, "b": math.nan})
    log.close()
    for line in (tmp_path / "log.jsonl").read_text().splitlines():
        json.loads(line, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
    assert read_log(tmp_path / "log.jsonl")[0] == Entry(1, "valid/psnr_y", None, "inf")
