"""The peer of the training benchmark, and its table."""

import basicsr
import numpy as np
import pytest
import torch
import train

from wassr.data.folders import in_memory
from wassr.data.stream import Batch, Key, Stream


def test_the_peer_is_msrresnet() -> None:
    network = basicsr.MSRResNet()
    assert sum(p.numel() for p in network.parameters()) == 1_517_571  # as BasicSR counts it
    assert network(torch.rand(1, 3, 5, 7)).shape == (1, 3, 20, 28)


def test_its_step_takes_one_batch() -> None:
    torch.manual_seed(0)
    batch = Batch(torch.rand(2, 3, 4, 4), torch.full((2, 3, 16, 16), 0.5))
    asked: list[int] = []
    step = basicsr.content_step(lambda index: (asked.append(index), batch)[1])
    for _ in range(3):
        step()
    assert asked == [0, 0, 0]


def test_arithmetic_is_counted_forward_and_backward() -> None:
    a = torch.rand(8, 8, requires_grad=True)
    assert train.arithmetic(lambda: (a @ torch.rand(8, 8)).sum().backward()) == 2 * 2 * 8**3


def test_the_table_shows_what_was_measured_and_a_dash_for_what_was_not() -> None:
    known = train.Result(
        "srresnet-x4",
        "content",
        16,
        96,
        31.0,
        13.4,
        2.3,
        (19.0, 21.0),
        (15.0, 2.06),
        0.65,
        7e3,
        12e3,
        9e3,
        90.0,
        31.0,
        False,
    )
    other = train.Result(
        "wassr-x4", "adversarial", 16, 64, 48.0, 35.0, 1.4, None, None, None, 9e3, 15e3, 11e3, 90.0, 144.0, False
    )
    head, rule, one, two = train.table([known, other]).splitlines()
    assert {line.count("|") for line in (head, rule, one, two)} == {15}
    assert "15.0 (x 2.06) | 19–21 | 65%" in one
    assert two.split("|")[6:9] == [" - ", " - ", " - "]
    assert two.endswith("| 9000 | 15000 | 11000 | 90 | 144 | x 62.5, x 104.2 |")


@pytest.mark.parametrize("workers", [1, 2])
def test_the_stream_is_timed_with_torch_on_one_thread(workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[int] = []
    original = Stream.make

    def make(stream: Stream, key: Key) -> Batch:
        threads.append(torch.get_num_threads())
        return original(stream, key)

    monkeypatch.setattr(Stream, "make", make)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    stream = Stream(in_memory([np.zeros((40, 40, 3), dtype=np.uint8)]), 4, 32, 2, seed=0, workers=workers)
    assert train.one_thread(stream, 1) > 0
    assert train.by_workers(stream, 1) > 0
    assert threads == [1] * (4 + 1 + 4)
    assert torch.get_num_threads() == 2
    torch.set_num_threads(before)
