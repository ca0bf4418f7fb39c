"""From what stands on a command line to a list of jobs: which file becomes which, before anything is computed."""

import glob
import io
import itertools
import os
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from wassr.ground.errors import UsageError
from wassr.ground.files import at_home, in_the_way
from wassr.ground.words import counted
from wassr.pixels.formats import READABLE, WRITABLE, written_suffix
from wassr.pixels.reading import kind_of
from wassr.upscaling.ledger import Ledger

STREAM = "-"
HEAD = 1 << 16  # bytes in which most files have said what they are
HERE = PurePath()


@dataclass(frozen=True)
class Source:
    """A picture to be enlarged. path: None is stdin; folder: where it stood below the folder that was named."""

    path: Path | None
    folder: PurePath = HERE
    trouble: str = ""  # why it cannot be read at all: a missing file, a pattern that matches nothing

    @property
    def name(self) -> str:
        return "stdin" if self.path is None else str(self.path)

    @property
    def head(self) -> bytes:
        """Its first bytes; of stdin those that have come, or come first, which stay for its reader.

        Empty for what cannot be read, and for named pipes: reading would rob the reader that follows.
        """
        try:
            if self.path is None:
                stdin = getattr(sys.stdin, "buffer", None)
                return stdin.peek(HEAD) if isinstance(stdin, io.BufferedReader) else b""
            if not self.path.is_file():
                return b""
            with self.path.open("rb") as file:
                return file.read(HEAD)
        except (OSError, ValueError):  # closed, or no name that a file could have
            return b""


@dataclass(frozen=True)
class Found:
    """All sources in a fixed order. passed_over: files in folders and patterns that are no pictures by their suffix."""

    sources: tuple[Source, ...]
    passed_over: int
    many: bool  # several inputs, a folder or a pattern: the output must be a folder


@dataclass(frozen=True)
class Job:
    """One source and its target (None is stdout). trouble: why it fails before it begins.

    map: where the map of what is invented goes, if one is wanted.
    """

    source: Source
    target: Path | None
    trouble: str = ""
    map: Path | None = None


@dataclass(frozen=True)
class Plan:
    """All jobs. folder: that they are written to (None: stdout); single: one file of a given name."""

    jobs: tuple[Job, ...]
    folder: Path | None
    single: bool


def find_sources(inputs: list[str], recursive: bool = False, leave_out: Path | None = None) -> Found:
    """Expand files, folders, patterns and `-`; suffixes count in any case; hidden files are passed over.

    leave_out: the output's folder. What lies in it is no input although it may lie in an input folder; and where it is
    an input folder itself, the results of earlier runs are passed over.
    Raises UsageError when there is no input, or stdin is named twice.
    """
    if not inputs:
        raise UsageError("no input: name pictures, folders, patterns, or - for stdin")
    if inputs.count(STREAM) > 1:
        raise UsageError("- stands for stdin, which can be read once only")
    sources: dict[str, Source] = {}
    passed_over = 0
    many = len(inputs) > 1
    ledger = Ledger(leave_out) if leave_out is not None else None
    for text in inputs:
        if text == STREAM:
            sources[STREAM] = Source(None)
            continue
        path = at_home(text)
        if path.is_dir():
            many = True
            found = list(_walk(path, recursive, leave_out))
        elif path.exists() or not glob.has_magic(text):
            found = [Source(path, trouble="" if path.exists() else "no such file or folder")]
        else:
            many = True
            found = _matches(text)
        for source in found:
            assert source.path is not None
            if source.path != path and not source.trouble and ledger is not None and ledger.ours(source.path):
                passed_over += 1
            elif source.trouble or source.path == path or _is_picture(source.path):
                sources.setdefault(_identity(source.path), source)
            else:
                passed_over += 1
    return Found(tuple(sources.values()), passed_over, many)


def nothing_found(inputs: list[str], found: Found, recursive: bool) -> str:
    """That no picture was found, where it was looked, and what would help."""
    where = ", ".join(inputs[:3]) + (f" and {len(inputs) - 3} more" if len(inputs) > 3 else "")
    folders = [folder for folder in (at_home(text) for text in inputs) if folder.is_dir()]
    place = "among what matches" if not folders else "found in it" if len(inputs) == 1 else "found in them"
    others = f" ({counted(found.passed_over, 'other file')})" if found.passed_over else ""
    below = " or in folders below" if recursive and folders else ""
    hint = "; --recursive looks into subfolders" if not recursive and any(map(_has_folders, folders)) else ""
    return f"{where}: no pictures {place}{below}{others}{hint}"


def plan(found: Found, output: str, extension: str = "auto", suffix: str = "", option: str = "-o") -> Plan:
    """Where everything goes.

    output: a folder if it exists as one, ends in a slash, or there are several inputs or a folder; otherwise a file of
    a known format; `-` is stdout. extension: auto keeps the source's format (PNG where that is not written here).
    Two sources of one target are told apart by their format (`a-jpg.png`, `a-png.png`), else by a number.
    Raises UsageError for an output that does not fit, in which `option` is what named it.
    """
    extension = _extension(extension)
    if "/" in suffix or os.sep in suffix:
        raise UsageError(f"--suffix {suffix}: is to be a part of a file's name; folders go to {option}")
    if output == STREAM:
        if found.many or len(found.sources) != 1:
            raise UsageError(f"{option} -: only a single picture can be written to stdout")
        return Plan((Job(found.sources[0], None, found.sources[0].trouble),), None, single=True)
    path = at_home(output)
    blocked = in_the_way(path)
    if blocked is not None:
        raise UsageError(f"{option} {output}: {blocked} is a file, no folder; name another place")
    if not found.many and not path.is_dir() and not output.endswith(("/", os.sep)):
        return Plan((_single(found.sources[0], path, extension, option),), path.parent, single=True)
    if path.exists() and not path.is_dir():
        raise UsageError(f"{option} {output}: is a file, but several pictures need a folder")
    if not path.exists() and path.suffix.lower() in WRITABLE and not output.endswith(("/", os.sep)):
        raise UsageError(
            f"{option} {output}: looks like a file, but several pictures need a folder; write {output}/ to mean one"
        )
    return Plan(tuple(_in_folder(found.sources, path, extension, suffix)), path, single=False)


def with_maps(planned: Plan, found: Found, maps: str) -> Plan:
    """The same jobs, each with a map: `maps` names a PNG file or a folder, as an output does. Raises UsageError."""
    if maps == STREAM or (Path(maps).suffix.lower() in WRITABLE and Path(maps).suffix.lower() != ".png"):
        raise UsageError(f"--invented {maps}: a map is a PNG file; name one, or a folder")
    placed = [job.target for job in plan(found, maps, "png", option="--invented").jobs]
    taken = _taken(found, planned.jobs)
    clash = next((place for place in placed if place is not None and _identity(place) in taken), None)
    if clash is not None:
        raise UsageError(f"--invented {maps}: {clash} is an input or a result; name another folder or file")
    jobs = tuple(replace(job, map=place) for job, place in zip(planned.jobs, placed, strict=True))
    return replace(planned, jobs=jobs)


def refuse_taken(option: str, path: Path, found: Found, jobs: Sequence[Job]) -> None:
    """Raises UsageError where `option` names a file that is an input, a result or a map of the same run."""
    if _identity(path) in _taken(found, jobs):
        raise UsageError(f"{option} {path}: is an input or a result of this run; name another file")


def refuse_inputs(output: str, found: Found, jobs: Sequence[Job]) -> None:
    """Raises UsageError where the result of a job would replace an input: its own, or another's."""
    inputs = _taken(found, ())
    clash = next((job for job in jobs if job.target is not None and _identity(job.target) in inputs), None)
    if clash is not None:
        raise UsageError(f"-o {output}: a result would replace the input {clash.target}; name another place")


def _taken(found: Found, jobs: Sequence[Job]) -> set[str]:
    """Identities of the inputs that exist, and of all files that the jobs write."""
    inputs = [source.path for source in found.sources if not source.trouble]
    written = [path for job in jobs for path in (job.target, job.map)]
    return {_identity(path) for path in (*inputs, *written) if path is not None}


def _walk(folder: Path, recursive: bool, leave_out: Path | None) -> Iterator[Source]:
    out = leave_out.resolve() if leave_out is not None else None
    for here, folders, files in os.walk(folder):
        inside = Path(here)
        folders[:] = sorted(
            name for name in folders if recursive and not name.startswith(".") and (inside / name).resolve() != out
        )
        for name in sorted(files):
            yield Source(inside / name, PurePath(here).relative_to(folder))


def _has_folders(folder: Path) -> bool:
    return any(path.is_dir() and not path.name.startswith(".") for path in folder.iterdir())


def _matches(pattern: str) -> list[Source]:
    pattern = os.path.expanduser(pattern)
    fixed = Path(*itertools.takewhile(lambda part: not glob.has_magic(part), Path(pattern).parts))
    paths = [Path(match) for match in sorted(glob.glob(pattern, recursive=True))]
    files = [Source(path, path.parent.relative_to(fixed)) for path in paths if path.is_file()]
    return files or [Source(Path(pattern), trouble="no file matches this pattern")]


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in READABLE and not path.name.startswith(".")


def _identity(path: Path) -> str:
    return os.path.normcase(os.path.realpath(path))


def _extension(text: str) -> str:
    if text == "auto":
        return ""
    extension = "." + text.lower().removeprefix(".")
    if extension not in WRITABLE:
        raise UsageError(f"--ext {text}: choose auto or one of {', '.join(name[1:] for name in WRITABLE)}")
    return extension


def _single(source: Source, path: Path, extension: str, option: str) -> Job:
    if source.trouble:  # it fails by that, whatever the output is called
        return Job(source, path, source.trouble)
    if path.suffix.lower() not in WRITABLE:
        formats = ", ".join(WRITABLE)
        raise UsageError(
            f"{option} {path}: its suffix is no format that is written here ({formats}); end a folder in a slash"
        )
    if extension and WRITABLE[extension] != WRITABLE[path.suffix.lower()]:
        raise UsageError(f"{option} {path} and --ext {extension[1:]} name different formats")
    return Job(source, path, source.trouble)


def _in_folder(sources: tuple[Source, ...], folder: Path, extension: str, suffix: str) -> list[Job]:
    groups: dict[str, list[int]] = defaultdict(list)
    jobs = []
    for i, source in enumerate(sources):
        jobs.append(Job(source, folder / _named(source, extension, suffix), source.trouble))
        groups[_key(jobs[i])].append(i)
    for indices in groups.values():
        if len(indices) > 1:
            for i in indices:
                jobs[i] = replace(
                    jobs[i], target=folder / _named(sources[i], extension, f"-{_kind(sources[i])}{suffix}")
                )
    taken: set[str] = set()
    for i, job in enumerate(jobs):
        number = 2
        while _key(jobs[i]) in taken:
            assert job.target is not None
            jobs[i] = replace(job, target=job.target.with_stem(f"{job.target.stem}-{number}"))
            number += 1
        taken.add(_key(jobs[i]))
    inputs = {_identity(source.path): source for source in sources if source.path is not None and not source.trouble}
    return [_not_onto_another(job, inputs) for job in jobs]


def _not_onto_another(job: Job, inputs: dict[str, Source]) -> Job:
    assert job.target is not None
    other = inputs.get(_identity(job.target))
    if other is None or other == job.source or job.trouble:
        return job
    return replace(job, trouble=f"its result would replace the input {other.name}; choose another folder or --suffix")


def _named(source: Source, extension: str, suffix: str) -> PurePath:
    name = PurePath("stdin") if source.path is None else PurePath(source.path.name)
    if not extension:
        kind = name.suffix if source.path is not None else f".{kind_of(source.head) or 'PNG'}".lower()
        extension = written_suffix(kind)
    return source.folder / f"{name.stem}{suffix}{extension}"


def _kind(source: Source) -> str:
    return source.path.suffix[1:].lower() if source.path is not None else STREAM


def _key(job: Job) -> str:
    """Targets of one key are one file on some file system (those that ignore case)."""
    return str(job.target).casefold()
