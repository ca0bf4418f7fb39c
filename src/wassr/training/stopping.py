"""Ctrl-C and SIGTERM: a run ends after its step, with a saved state, and says how to go on."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from wassr.ground.errors import TrainingError


class Stopped(TrainingError):
    """The user stopped a run; it is saved and goes on with the same command."""

    exit_code = 130  # what shells give for a process ended by Ctrl-C


class Stop:
    """Whether the run is asked to end."""

    def __init__(self) -> None:
        self.asked = False

    def handle(self, signum: int, frame: object) -> None:
        """The first signal asks; a second Ctrl-C ends at once."""
        if self.asked and signum == signal.SIGINT:
            raise KeyboardInterrupt
        self.asked = True


@contextmanager
def stop_on_signal() -> Iterator[Stop]:
    """Listen to SIGINT and SIGTERM within the block. Only the main thread may; elsewhere nothing is asked ever."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.signal(number, stop.handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
