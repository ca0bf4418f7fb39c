"""Ctrl-C asks, a second one ends, and the handlers are put back."""

import signal
import threading

import pytest

from wassr.ground.errors import TrainingError
from wassr.training.stopping import Stop, Stopped, stop_on_signal


def test_the_first_signal_asks_and_the_second_interrupts() -> None:
    before = signal.getsignal(signal.SIGINT)

    def twice() -> None:
        with stop_on_signal() as stop:
            assert not stop.asked
            signal.raise_signal(signal.SIGINT)
            assert stop.asked
            signal.raise_signal(signal.SIGTERM)  # asking again is no harm
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        twice()
    assert signal.getsignal(signal.SIGINT) is before


def test_threads_other_than_the_main_one_cannot_listen() -> None:
    found: list[Stop] = []

    def run() -> None:
        with stop_on_signal() as stop:
            found.append(stop)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert not found[0].asked


def test_stopped_is_an_error_of_one_line_with_the_shells_code() -> None:
    assert isinstance(Stopped("x"), TrainingError)
    assert Stopped("x").exit_code == 130
