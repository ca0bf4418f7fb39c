"""TensorBoard's files hold the scalars and pictures, and what a resumed run must hide."""

from pathlib import Path

import numpy as np
from tensorboardX.proto.event_pb2 import Event

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
