"""Whole or absent: after an exception, and after kill -9 of a process that is writing."""

import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from wassr.ground.files import remove_temporaries, unwritable, whole_file, write_whole


def test_write_and_replace(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.txt"
    write_whole(path, "grün")
    assert path.read_text(encoding="utf-8") == "grün"
    write_whole(path, b"\x00\xff")
    assert path.read_bytes() == b"\x00\xff"
    assert os.listdir(path.parent) == ["a.txt"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_exception_leaves_the_old_file(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "a.bin"
    write_whole(path, b"old")

    def write_half() -> None:
        with whole_file(path) as temporary:
            temporary.write_bytes(b"half")
            raise error

    with pytest.raises(error):
        write_half()
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["a.bin"]


def test_the_temporary_keeps_the_suffix_and_hides(tmp_path: Path) -> None:
    with whole_file(tmp_path / f"{'ä' * 100}.png") as temporary:
        assert temporary.suffix == ".png"
        assert temporary.name.startswith(".")
        assert temporary.parent == tmp_path


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_permissions_follow_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "a", "x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_kill_while_writing_leaves_the_old_file(tmp_path: Path) -> None:
    path, sign = tmp_path / "a.bin", tmp_path / "writing"
    write_whole(path, b"old")
    code = f"""
import time
from pathlib import Path
from wassr.ground.files import whole_file
with whole_file(Path({str(path)!r})) as temporary:
    with temporary.open("wb") as out:
        out.write(b"half"); out.flush(); Path({str(sign)!r}).touch(); time.sleep(60)
"""
    child = subprocess.Popen([sys.executable, "-c", code])
    for _ in range(1000):
        if sign.exists():
            break
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    assert path.read_bytes() == b"old"
    sign.unlink()
    assert len(os.listdir(tmp_path)) == 2  # the temporary is there, under a hidden name
    remove_temporaries(tmp_path)
    assert os.listdir(tmp_path) == ["a.bin"]


def test_where_no_file_can_be_written_is_known_before_and_leaves_no_trace(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert unwritable(tmp_path / "new.txt") == unwritable(tmp_path / "no" / "such" / "new.txt") == ""
    assert unwritable(tmp_path / "file" / "new.txt").endswith("is a file, no folder")
    assert os.listdir(tmp_path) == ["file"]
    if Path("/proc/self").is_dir():
        assert unwritable(Path("/proc/x.json"))


def test_removing_temporaries_touches_nothing_else(tmp_path: Path) -> None:
    for name in (".hidden", "a.bin", ".lock", ".config.yaml"):
        (tmp_path / name).touch()
    remove_temporaries(tmp_path)
    assert len(os.listdir(tmp_path)) == 4


def test_names_that_are_no_unicode_are_escaped_in_text(tmp_path: Path) -> None:
    write_whole(tmp_path / "a.json", "ä \udcff")
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == "ä \\udcff"


def test_a_replaced_file_keeps_its_permissions_and_a_link_its_place(tmp_path: Path) -> None:
    private, link = tmp_path / "private.txt", tmp_path / "link.txt"
    private.write_text("old")
    private.chmod(0o600)
    link.symlink_to(private)
    write_whole(link, "new")
    assert link.is_symlink()
    assert private.read_text() == "new"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600


def test_the_umask_of_other_threads_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "umask", lambda mask: pytest.fail("changed"))
    write_whole(tmp_path / "a.txt", "new")
    assert os.listdir(tmp_path) == ["a.txt"]
