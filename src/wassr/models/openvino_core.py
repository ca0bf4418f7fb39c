"""OpenVINO's Core: one for the process, and without telemetry. No torch."""

import importlib
import sys
import threading
from functools import lru_cache
from types import ModuleType
from typing import Any

_lock = threading.Lock()


def openvino_core() -> Any:
    """The one Core of this process, never released.

    Each Core gives its thread an alternate signal stack and takes it away at its end. Two that end in the order in
    which they began leave a pointer to memory that is gone, and the next signal that Python handles, Ctrl-C for one,
    ends the process with a segmentation fault (OpenVINO 2026.4, Linux). Raises ImportError where OpenVINO is absent.
    """
    with _lock:  # the first ones of several threads would each make one
        return _core()


@lru_cache(maxsize=1)
def _core() -> Any:
    return _openvino().Core()


def _openvino() -> ModuleType:
    """OpenVINO without its telemetry: at import it would write to the home folder and call out."""
    absent = "openvino" not in sys.modules and "openvino_telemetry" not in sys.modules
    if absent:
        sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # makes the import fail, so a stub is used
    try:
        return importlib.import_module("openvino")  # waits where another thread is still importing it
    finally:
        if absent:
            del sys.modules["openvino_telemetry"]
