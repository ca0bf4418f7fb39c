"""TensorBoard: the scalars of the log, and sample grids. The viewer is the user's choice: pip install tensorboard."""

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tensorboardX import SummaryWriter


class Board:
    """Writes event files; on resume, what an earlier process wrote after `step` vanishes from the view."""

    def __init__(self, folder: Path, step: int) -> None:
        purge = step + 1 if step else 0  # a run without a saved state begins anew, step 0 included
        self._writer = SummaryWriter(str(folder), purge_step=purge, flush_secs=30, filename_suffix=f".{os.getpid()}")

    def scalars(self, step: int, values: dict[str, float]) -> None:
        for tag, value in values.items():
            self._writer.add_scalar(tag, value, step)

    def picture(self, step: int, tag: str, levels: NDArray[np.uint8]) -> None:
        """uint8 (H, W, 3)."""
        self._writer.add_image(tag, levels, step, dataformats="HWC")

    def text(self, step: int, tag: str, words: str) -> None:
        self._writer.add_text(tag, words, step)

    def flush(self) -> None:
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()
