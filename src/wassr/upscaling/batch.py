"""Many pictures, one after the other: a bad one never stops the rest, a whole file or none is written, and nothing is
overwritten unasked."""

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

from wassr.ground.errors import PictureError, WassrError
from wassr.ground.files import write_whole
from wassr.pixels.formats import check_holds, encode_picture, holds_alpha, read_picture
from wassr.pixels.picture import Picture
from wassr.upscaling.choice import Choice, Chosen
from wassr.upscaling.compression import Generation, generations
from wassr.upscaling.inputs import Job, Source
from wassr.upscaling.invented import Invented, invented
from wassr.upscaling.ledger import Ledger, digest
from wassr.upscaling.progress import part_of
from wassr.upscaling.sheet import at_strengths, contact_sheet
from wassr.upscaling.target import Target
from wassr.upscaling.upscaler import Projection, Upscaler


@dataclass(frozen=True)
class Options:
    """What is made of every picture, and what may be replaced. extension: for stdout; files have their own.

    sheet: a contact sheet of strengths instead of the picture; invented: measure what is invented, and write the maps
    that jobs name.
    """

    target: Target = field(default_factory=Target)
    extension: str = ""
    quality: int | None = None
    strip: bool = False
    overwrite: bool = False
    skip_existing: bool = False
    sheet: bool = False
    invented: bool = False


@dataclass(frozen=True)
class Result:
    """What became of one picture. seconds: reading, enlarging and writing together.

    invented: share of the picture, 0..1; None where it was not measured. model: what enlarged it. jpeg: what it has
    gone through, the latest compression first. projection: what held the result to the picture: "bins" (the intervals
    of the JPEG's quantisation), "back-projection" or "neither"; empty where nothing was done. frames: how many the
    source holds, of which the first is enlarged.
    """

    source: str
    target: str
    state: Literal["done", "skipped", "failed"]
    reason: str = ""
    width: int = 0
    height: int = 0
    seconds: float = 0.0
    invented: float | None = None
    model: str = ""
    jpeg: tuple[Generation, ...] = ()
    projection: Projection | Literal[""] = ""
    frames: int = 1


@dataclass(frozen=True)
class Outcome:
    """The whole batch. stopped: by Ctrl-C, so that jobs are missing."""

    results: tuple[Result, ...]
    stopped: bool
    seconds: float

    def count(self, state: str) -> int:
        return sum(result.state == state for result in self.results)

    @property
    def exit_code(self) -> int:
        """0 all done, 1 some failed or were not reached."""
        return 1 if self.stopped or self.count("failed") else 0


@dataclass(frozen=True)
class Watch:
    """Who is told. tile: (job's number, tiles done, tiles in all) after every tile; result: after every picture."""

    tile: Callable[[int, int, int], None] = lambda number, done, total: None
    result: Callable[[int, Result], None] = lambda number, result: None


def run_batch(jobs: Sequence[Job], choice: Choice, options: Options, folder: Path | None, watch: Watch) -> Outcome:
    """Enlarge all jobs in order. folder: where the ledger lies (None: no ledger, as for a single file).

    Ctrl-C ends it after the current tile; what is half-done leaves no trace. Raises UsageError before it begins where a
    sheet or what is invented is asked of a model without a content model.
    """
    start = time.perf_counter()
    results: list[Result] = []
    stopped = False
    worker = _Worker(choice, options, Ledger(folder) if folder is not None else None)
    try:
        for number, job in enumerate(jobs):
            result = worker.result(job, partial(watch.tile, number))
            results.append(result)
            watch.result(number, result)
    except KeyboardInterrupt:
        stopped = True
    return Outcome(tuple(results), stopped, time.perf_counter() - start)


def pending_of(choice: Choice, options: Options, folder: Path | None) -> Callable[[Job, bytes], bool]:
    """Whether `run_batch` would make a job's result from this content: not where it did before.

    The function raises PictureError where a file that is there must not be replaced.
    """
    return _Worker(choice, options, Ledger(folder) if folder is not None else None).pending


def write_report(
    path: Path, outcome: Outcome, jobs: Sequence[Job], choice: Choice, passed_over: int, version: str
) -> None:
    """report.json: what was done by what, and every result. Raises WassrError where it cannot be written."""
    report = {
        "wassr": version,
        "models": [_facts(upscaler) for upscaler in choice.opened],
        "jpeg": choice.jpeg,
        "seconds": round(outcome.seconds, 3),
        "stopped": outcome.stopped,
        "done": outcome.count("done"),
        "skipped": outcome.count("skipped"),
        "failed": outcome.count("failed"),
        "not_reached": len(jobs) - len(outcome.results),
        "no_pictures": passed_over,
        "results": [asdict(result) for result in outcome.results],
    }
    text = json.dumps(report, indent=2, ensure_ascii=False) + "\n"
    try:
        write_whole(path, text.encode("utf-8", "backslashreplace"))  # names that are no Unicode stay legal JSON
    except OSError as error:
        raise WassrError(f"--report {path}: cannot be written: {error.strerror or error}") from error


def _facts(upscaler: Upscaler) -> dict[str, str | int | float | None]:
    """A model and how it ran."""
    engine = upscaler.engine
    return {
        "name": upscaler.card.name,
        "strength": upscaler.strength,
        "engine": engine.name,
        "precision": engine.precision,
        "threads": engine.threads,
        "reason": engine.reason,
    }


@dataclass(frozen=True)
class _Made:
    """A result, and what is reported of it."""

    picture: Picture
    by: Chosen
    invented: Invented | None = None


@dataclass
class _Worker:
    choice: Choice
    options: Options
    ledger: Ledger | None
    settings: dict[str, str] = field(init=False)
    faithful: Upscaler | None = field(init=False)
    steps: tuple[Upscaler, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.settings = {name: self._digest(identity) for name, identity in self.choice.identities().items()}
        self.faithful = self.choice.first.at(0) if self.options.invented else None
        self.steps = at_strengths(self.choice.first) if self.options.sheet else ()

    def _digest(self, identity: str) -> str:
        """Of all that shapes the results of the model of this identity."""
        chosen, choice = self.options, self.choice
        words = [identity, chosen.target.words(), chosen.quality, chosen.strip]
        words += [name for name in ("sheet", "invented") if getattr(chosen, name)]
        words += [f"jpeg {choice.jpeg}"] if choice.jpeg != "auto" else []
        words += ["one of", *choice.names] if len(choice.names) > 1 else []
        return digest(json.dumps(words).encode())

    def result(self, job: Job, progress: Callable[[int, int], None]) -> Result:
        """Never raises but for Ctrl-C and a closed pipe."""
        start = time.perf_counter()
        source, target = job.source.name, "stdout" if job.target is None else str(job.target)
        try:
            if job.trouble:
                raise PictureError(source, job.trouble)
            made = self._made(job, progress)
        except BrokenPipeError:
            raise
        except Exception as error:  # a fault of ours in one file must not cost the rest of a long batch
            return Result(source, target, "failed", _reason(error, source, target))
        seconds = round(time.perf_counter() - start, 3)
        if made is None:
            return Result(source, target, "skipped", "made before from this input by these settings")
        share = None if made.invented is None else round(made.invented.share, 4)
        picture, by = made.picture, made.by
        return Result(
            source,
            target,
            "done",
            width=picture.width,
            height=picture.height,
            seconds=seconds,
            invented=share,
            model=by.model,
            jpeg=generations(by.found),
            projection=by.projection,
            frames=picture.frames,
        )

    def _made(self, job: Job, progress: Callable[[int, int], None]) -> _Made | None:
        content = read_source(job.source)
        source = digest(content)
        if not self._wanted(job, source):
            return None
        picture = read_picture(content, job.source.name)
        del content
        extension = job.target.suffix if job.target is not None else self.options.extension or ".png"
        made = self._enlarged(picture, job.source.name, progress, extension)
        encoded = encode_picture(made.picture, extension, self.options.quality, self.options.strip)
        settings = self.settings[made.by.name]
        if made.invented is not None and job.map is not None:
            self._write(job.map, encode_picture(made.invented.map, ".png"), settings, source)
        if job.target is not None:
            self._write(job.target, encoded, settings, source)
        else:
            sys.stdout.buffer.write(encoded)
            sys.stdout.buffer.flush()
        return made

    def pending(self, job: Job, content: bytes) -> bool:
        """See `pending_of`."""
        return self._wanted(job, digest(content))

    def _wanted(self, job: Job, source: str) -> bool:
        wanted = [path for path in (job.target, job.map) if path is not None]
        missing = [path for path in wanted if not path.exists() or self._may_replace(path, source)]
        return job.target is None or bool(missing)

    def _enlarged(self, picture: Picture, name: str, progress: Callable[[int, int], None], extension: str) -> _Made:
        target = self.options.target
        by = self.choice.of(picture, target, name)
        if self.steps:
            return _Made(contact_sheet(self.steps, picture, target, name, progress, by.found), by)
        check_holds(extension, *target.size(picture.height, picture.width, by.upscaler.card.scale))  # minutes sooner
        if picture.alpha is not None and not holds_alpha(extension) and (picture.alpha < 1).any():
            by.upscaler.say(f"{name}: its transparency is laid on white; PNG, WebP and TIFF would keep it")
        if self.faithful is None:
            return _Made(by.upscaler.enlarge(picture, target, name, progress, by.found), by)
        made = by.upscaler.enlarge(picture, target, name, part_of(progress, 0, 2), by.found)
        faithful = self.faithful.enlarge(picture, target, name, part_of(progress, 1, 2), by.found)
        found = invented(made, faithful, picture.height, picture.width)
        by.upscaler.say(f"{name}: {100 * found.share:.1f} % of it invented")
        return _Made(made, by, found)

    def _write(self, path: Path, encoded: bytes, settings: str, source: str) -> None:
        try:
            if self.ledger is not None:
                self.ledger.add(path, settings, source, digest(encoded))
            write_whole(path, encoded)
        except OSError as error:
            raise PictureError(path, f"cannot be written: {error.strerror or error}") from error

    def _may_replace(self, target: Path, source: str) -> bool:
        """False: done before, to be skipped. Raises PictureError when the file there must not be touched."""
        if target.is_dir():
            raise PictureError(target, "is a folder, where the result should go")
        if self.options.skip_existing and self.ledger is not None:
            # the source decides which model makes it, so it is done whichever of them did
            if any(self.ledger.made(target, settings, source) for settings in self.settings.values()):
                return False
            if self.ledger.ours(target):  # our own result of other settings or an older input: stale
                return True
        if self.options.overwrite:
            return True
        raise PictureError(target, "exists; --overwrite replaces it" + self._skip_hint())

    def _skip_hint(self) -> str:
        if self.options.skip_existing:
            return " (--skip-existing skips only what was made from the same input by the same settings)"
        return ", --skip-existing skips what is done"


def _reason(error: Exception, source: str, target: str) -> str:
    """Why a picture failed, in one line that follows the source's name."""
    if isinstance(error, PictureError) and error.path == source:
        return error.reason
    if isinstance(error, WassrError):
        return str(error)
    if isinstance(error, OSError):  # stdout; reading and files have words of their own
        return f"{target}: cannot be written: {error.strerror or error}"
    if isinstance(error, MemoryError):
        return "not enough memory"
    return f"unexpected {type(error).__name__}: {error} (please report this)"


def read_source(source: Source) -> bytes:
    """The bytes of a file or of stdin; raises PictureError."""
    if source.path is None:
        return sys.stdin.buffer.read()
    try:
        return source.path.read_bytes()
    except (OSError, ValueError, MemoryError):
        read_picture(source.path, source.name)  # says in its own words what is wrong
        raise
