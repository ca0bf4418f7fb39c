"""Seconds and memory of a model in a process of its own."""

import json
import sys

import pytest

from wassr.evaluation import cost
from wassr.ground.errors import EngineError
from wassr.upscaling.engines import Wish


def test_bicubic_takes_time_and_memory() -> None:
    found = cost.measure("bicubic", 2, Wish(threads=1))
    assert 0 < found.seconds < 100
    assert "1 thread, a fresh process, one picture of 256x256" in found.protocol
    if sys.platform == "linux":
        assert 20e6 < found.memory < 1e9  # at least the interpreter with NumPy


def test_a_process_that_fails_is_one_line() -> None:
    with pytest.raises(EngineError, match=r"gone-x4.onnx: cannot be timed: .*no such model file"):
        cost.measure("gone-x4.onnx", 4, Wish())


def test_the_process_prints_two_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    order = {"asked": "nearest", "scale": 4, "wish": {"threads": 1}}
    assert cost.main([json.dumps(order)]) == 0
    seconds, memory = json.loads(capsys.readouterr().out)
    assert 0 < seconds < 10
    assert memory >= 0
