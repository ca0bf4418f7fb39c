"""Decoded pictures as files of raw 8-bit RGB, mapped into memory: a crop then costs the reading of its rows.

A file is HEADER bytes of JSON, filled up with spaces, then the pixels row by row. Its name is a hash of all that its
pixels follow from, so a picture that has changed gets another file; a file that is not as long as its header says, or
has another header, is none. Nobody removes files: that is for the user, with the whole folder.
"""

import errno
import hashlib
import json
import mmap
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import PIL
from numpy.typing import NDArray

from wassr.ground.files import whole_file

Levels = NDArray[np.uint8]

FORM = "wassr pixels 1"  # another number wherever the pixels of a picture, its facts or the form of the file change
HEADER = 512
RESERVE = 2_000_000_000  # bytes of the disk that are left to the run itself: states, log, models


@dataclass(frozen=True)
class FileFacts:
    """What a file held before it became 8-bit RGB. mean: of its levels, 0..255; flat: one level in all pixels."""

    format: str
    bits: int
    gray: bool
    mean: float
    flat: bool


def file_for(path: Path, folder: Path) -> Path | None:
    """The file in `folder` for the decoded pixels of the picture `path`, whether it is there or not; None for neither.

    The name follows from the picture's place, size and time of change, and from the library that decodes it.
    """
    try:
        seen = path.stat()
        facts = [FORM, PIL.__version__, str(path.resolve()), seen.st_size, seen.st_mtime_ns]
    except OSError:
        return None
    return folder / f"{hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:40]}.pixels"


def write_pixels(file: Path, levels: Levels, facts: FileFacts) -> None:
    """Write uint8 (H, W, 3), whole or not at all. Raises OSError, also where the disk would be left without RESERVE."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(file.parent).free - levels.nbytes < RESERVE:
        raise OSError(errno.ENOSPC, f"less than {RESERVE / 1e9:g} GB would stay free on its disk")
    height, width = levels.shape[:2]
    head = json.dumps({"form": FORM, "height": height, "width": width, "facts": asdict(facts)}).encode()
    with whole_file(file) as temporary, temporary.open("wb") as out:
        out.write(head.ljust(HEADER))
        out.write(np.ascontiguousarray(levels).data)


def map_pixels(file: Path) -> tuple[Levels, FileFacts]:
    """The pixels, read-only uint8 (H, W, 3) that the system reads when they are looked at, and the picture's facts.

    Raises OSError for a file that cannot be opened, ValueError for one that is torn or foreign.
    """
    with file.open("rb") as opened:
        head = json.loads(opened.read(HEADER))
        if not isinstance(head, dict) or head.get("form") != FORM:
            raise ValueError(f"{file}: is no file of pixels")
        try:
            height, width, facts = int(head["height"]), int(head["width"]), FileFacts(**head["facts"])
        except (KeyError, TypeError) as error:
            raise ValueError(f"{file}: has a damaged header") from error
        whole = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
    if height < 1 or width < 1 or len(whole) != HEADER + 3 * height * width:
        raise ValueError(f"{file}: is not as long as its header says")
    return np.frombuffer(whole, dtype=np.uint8, offset=HEADER).reshape(height, width, 3), facts
