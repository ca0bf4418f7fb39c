"""TensorBoard: the scalars of the log, and sample grids. The viewer is the user's choice: pip install tensorboard.

Written by the thread that trains: the usual SummaryWriter has a thread of its own, which dies of a full disk with a
traceback, whereupon the run waits for ever for room in its queue.
"""

import os
import socket
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tensorboardX import summary
from tensorboardX.proto.event_pb2 import Event, SessionLog
from tensorboardX.record_writer import RecordWriter

FLUSH_SECONDS = 30.0


class Board:
    """Writes event files; on resume, what an earlier process wrote after `step` vanishes from the view."""

    def __init__(self, folder: Path, step: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        name = f"events.out.tfevents.{int(time.time())}.{socket.gethostname()}.{os.getpid()}"  # as TensorBoard finds it
        self._writer = RecordWriter(str(folder / name))
        self._flushed = time.monotonic()
        self._write(0, file_version="brain.Event:2")
        self.go_back(step)

    def go_back(self, step: int) -> None:
        """What was written after `step` vanishes from the view."""
        purge = step + 1 if step else 0  # a run without a saved state begins anew, step 0 included
        self._write(purge, session_log=SessionLog(status=SessionLog.START))

    def scalars(self, step: int, values: dict[str, float]) -> None:
        for tag, value in values.items():
            self._write(step, summary=summary.scalar(tag, value))
        if time.monotonic() - self._flushed > FLUSH_SECONDS:
            self.flush()

    def picture(self, step: int, tag: str, levels: NDArray[np.uint8]) -> None:
        """uint8 (H, W, 3)."""
        self._write(step, summary=summary.image(tag, levels, dataformats="HWC"))

    def text(self, step: int, tag: str, words: str) -> None:
        self._write(step, summary=summary.text(tag, words))

    def flush(self) -> None:
        self._writer.flush()
        self._flushed = time.monotonic()

    def close(self) -> None:
        self._writer.close()

    def _write(self, step: int, **content: object) -> None:
        self._writer.write(Event(step=step, wall_time=time.time(), **content).SerializeToString())
