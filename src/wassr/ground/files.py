"""Files that are whole or absent: everything is written under a temporary name beside its place, then renamed."""

import os
import secrets
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

TOO_LONG = "a name in it is longer than the file system takes (255 bytes, as a rule); choose a shorter one"


def at_home(path: str | Path) -> Path:
    """The path, with ~ at its beginning as the user's home; where it is nobody's, it is a part of the name."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def in_the_way(path: Path) -> Path | None:
    """The file that stands where `path` needs a folder above it, if one does."""
    above = next((parent for parent in path.parents if parent.exists()), None)
    return above if above is not None and not above.is_dir() else None


def unwritable(path: Path) -> str:
    """Why no file can be written at `path`; empty where one can: tried in the nearest folder there is, without a trace.

    Permissions alone do not tell: not of the superuser, of read-only file systems and of those that take no files.
    """
    folder = next((parent for parent in path.absolute().parents if parent.exists()), None)
    if folder is None or not folder.is_dir():
        return f"{folder} is a file, no folder"
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        return error.strerror or str(error)
    return ""


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a temporary path in the same folder; rename it to `path` if the block ends well, remove it otherwise.

    The file is synchronised to disk before the rename, and the folder after it, so that a power cut leaves either the
    old file or the new one. The temporary name starts with a dot, keeps the suffix (writers choose formats by it) and
    is unique, so that two processes never share one. Permissions are those of the file that is replaced, else what the
    umask leaves of a new one. A link stays: what it points to is replaced.
    """
    path = Path(os.path.realpath(path)) if path.is_symlink() else path
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _new_beside(path)
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        with suppress(OSError):  # nothing there yet, or a disk without permissions
            temporary.chmod(stat.S_IMODE(path.stat().st_mode))
        temporary.replace(path)
        _sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _new_beside(path: Path) -> Path:
    """An empty file that nobody else has; the system applies the umask, which to read is to change for all threads."""
    while True:
        temporary = path.with_name(f".{path.stem[:40]}.{secrets.token_hex(4)}{path.suffix}")
        with suppress(FileExistsError):
            os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
            return temporary


def write_whole(path: Path, content: bytes | str) -> None:
    """Write `content` to `path`, all or nothing; text as UTF-8, names in it that are no Unicode escaped."""
    data = content.encode("utf-8", "backslashreplace") if isinstance(content, str) else content
    with whole_file(path) as temporary:
        temporary.write_bytes(data)


def remove_temporaries(folder: Path) -> None:
    """Remove what a process that was killed inside `whole_file` left in `folder`; nobody else may be writing there."""
    for path in folder.glob(".*.????????.*"):
        path.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":  # Windows cannot open a folder to synchronise it
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
