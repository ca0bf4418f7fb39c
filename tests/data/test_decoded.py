"""Files of pixels: what is written is read, and nothing else is taken for one."""

from pathlib import Path

import numpy as np
import pytest

from wassr.data import decoded
from wassr.data.decoded import HEADER, FileFacts, file_for, map_pixels, write_pixels

LEVELS = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
FACTS = FileFacts("JPEG", 8, False, 12.25, False)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_pixels(tmp_path / "a" / "b.pixels", LEVELS, FACTS)
    levels, facts = map_pixels(tmp_path / "a" / "b.pixels")
    np.testing.assert_array_equal(levels, LEVELS)
    assert facts == FACTS
    assert not levels.flags.writeable
    assert (tmp_path / "a" / "b.pixels").stat().st_size == HEADER + LEVELS.nbytes


@pytest.mark.parametrize("head", [b"", b"no json", b"[1]", b"{}", b'{"form": "wassr pixels 1"}', b"\xff\xfe"])
def test_foreign_files_are_refused(tmp_path: Path, head: bytes) -> None:
    (tmp_path / "a").write_bytes(head.ljust(HEADER) + LEVELS.tobytes())
    with pytest.raises(ValueError):
        map_pixels(tmp_path / "a")


def test_torn_files_are_refused(tmp_path: Path) -> None:
    write_pixels(tmp_path / "a", LEVELS, FACTS)
    whole = (tmp_path / "a").read_bytes()
    for end in (0, 10, HEADER, len(whole) - 1):
        (tmp_path / "b").write_bytes(whole[:end])
        with pytest.raises(ValueError):
            map_pixels(tmp_path / "b")
    with pytest.raises(OSError, match="absent"):
        map_pixels(tmp_path / "absent")


def test_names_follow_from_place_size_and_time(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"123")
    (tmp_path / "b.png").write_bytes(b"123")
    first = file_for(tmp_path / "a.png", tmp_path)
    assert first == file_for(tmp_path / "a.png", tmp_path)
    assert first != file_for(tmp_path / "b.png", tmp_path)
    (tmp_path / "a.png").write_bytes(b"1234")
    assert first != file_for(tmp_path / "a.png", tmp_path)
    assert file_for(tmp_path / "absent.png", tmp_path) is None


def test_nothing_is_left_of_what_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoded, "RESERVE", 10**18)
    with pytest.raises(OSError, match="would stay free"):
        write_pixels(tmp_path / "a", LEVELS, FACTS)
    assert list(tmp_path.iterdir()) == []
