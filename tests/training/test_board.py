"""TensorBoard's files hold the scalars and pictures, and what a resumed run must hide."""

import sys
from pathlib import Path

import numpy as np
import pytest
from tensorboardX.proto.event_pb2 import Event

from tests.training.conftest import short_files
from wassr.training.board import Board


def events(folder: Path) -> list[Event]:
    """All events of all files: records of length (8 bytes), checksum (4), data, checksum (4)."""
    found = []
    for path in sorted(folder.iterdir()):
        data, place = path.read_bytes(), 0
        while place < len(data):
            length = int.from_bytes(data[place : place + 8], "little")
            found.append(Event.FromString(data[place + 12 : place + 12 + length]))
            place += length + 16
    return found


def test_scalars_pictures_and_words(tmp_path: Path) -> None:
    board = Board(tmp_path, 0)
    board.scalars(3, {"loss/l1": 0.5, "critic/gap_training": 0.25})
    board.picture(3, "samples/low_bicubic_now_high", np.zeros((8, 16, 3), dtype=np.uint8))
    board.text(3, "verdict", "improving")
    board.flush()
    board.close()
    found = {value.tag: (event.step, value) for event in events(tmp_path) for value in event.summary.value}
    assert found["loss/l1"][0] == 3
    assert found["loss/l1"][1].simple_value == 0.5
    picture = found["samples/low_bicubic_now_high"][1].image
    assert (picture.height, picture.width) == (8, 16)
    assert any(tag.startswith("verdict") for tag in found)


def test_a_resumed_run_hides_what_was_written_after_its_state(tmp_path: Path) -> None:
    for step in (0, 40):
        board = Board(tmp_path / str(step), step)
        board.scalars(step + 1, {"a": 1.0})
        board.close()
        starts = [e.step for e in events(tmp_path / str(step)) if e.HasField("session_log")]
        assert starts == [step + 1 if step else 0]


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
def test_a_file_that_cannot_grow_is_an_error_here_and_now(tmp_path: Path) -> None:
    """With a thread of its own the writer would die unseen, and the run would wait for it for ever."""
    board = Board(tmp_path, 0)
    with short_files(1000), pytest.raises(OSError, match="File too large"):
        board.scalars(1, {f"loss/{i}": 0.5 for i in range(1000)})
    board.close()
