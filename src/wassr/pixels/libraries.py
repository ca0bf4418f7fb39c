"""How Pillow and libvips are held: quietly, strictly, and (libvips) only when something needs it.

Both libraries speak on stderr about oddities of files that decode well; errors still arrive as exceptions.
"""

import logging
import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from types import ModuleType
from typing import Any

from PIL import Image, ImageFile

from wassr.ground.errors import UsageError

for _name in ("PIL", "pyvips"):
    # a handler that drops records keeps `logging` from printing them where the program has configured nothing
    logging.getLogger(_name).addHandler(logging.NullHandler())

_lock = threading.Lock()
_inside = 0
_saved: list[Any] = []


@contextmanager
def strict_pillow(pixel_limit: int) -> Iterator[None]:
    """Decode with Pillow: no warnings, truncated files are errors, and its bomb check stands at `pixel_limit`.

    Pillow keeps these in globals; they are set when the first thread enters and restored when the last one leaves.
    Other threads of the program meet them meanwhile: the bomb check is only ever widened, and of the filters for
    warnings one is added and taken away, since restoring all would undo what others have changed.
    """
    global _inside  # noqa: PLW0603 - guards Pillow's own globals
    with _lock:
        if _inside == 0:
            warnings.filterwarnings("ignore", module=r"PIL\b")
            _saved[:] = [warnings.filters[0], Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES]
            ImageFile.LOAD_TRUNCATED_IMAGES = False
        if Image.MAX_IMAGE_PIXELS is not None:  # Pillow warns from here on and refuses above twice of it
            Image.MAX_IMAGE_PIXELS = max(Image.MAX_IMAGE_PIXELS, pixel_limit // 2)
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                ours, Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES = _saved
                with suppress(ValueError):  # somebody has reset them all
                    warnings.filters.remove(ours)  # type: ignore[attr-defined]


def vips() -> ModuleType:
    """pyvips, imported at the first need: it costs 35 ms, and most pictures never need it.

    Raises UsageError in a process forked from one that has used it: its threads are not there, and it would wait for
    them without end.
    """
    module, owner = _vips()
    if owner != os.getpid():
        raise UsageError(
            "libvips was used in the process that this one was forked from, and would hang here: start processes by "
            "spawn (multiprocessing.get_context), or before the first picture"
        )
    return module


@lru_cache(maxsize=1)
def _vips() -> tuple[ModuleType, int]:
    """pyvips and the process that uses it."""
    import pyvips

    # every picture is read once: the operation cache would only hold its memory
    pyvips.cache_set_max(0)
    return pyvips, os.getpid()


def one_line(error: BaseException) -> str:
    """The message of a library's error as one short line."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 160 else text[:157] + "..."
