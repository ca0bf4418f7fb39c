"""How right wassr is about JPEG: qualities of headers, traces of earlier compression, false alarms, seconds.

python benchmarks/jpeg_traces.py PICTURES... [--tables JPEG...] [--save]

PICTURES: files or folders of pictures that were never compressed visibly. --tables: JPEG files of other encoders, whose
quantisation tables are judged by the libjpeg quality that errs as much (mean square error of luma) on the pictures.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import machine
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from wassr.data.folders import find_pictures, read_levels
from wassr.pixels.formats import picture_from_array, read_picture
from wassr.pixels.jpeg_traces import History, history
from wassr.pixels.picture import Picture

Levels = NDArray[np.uint8]
Offset = tuple[int, int]

QUALITIES = range(5, 99)
SUBSAMPLINGS = ("4:4:4", "4:2:2", "4:2:0")
SAVED = (10, 30, 50, 70, 80, 90, 95)  # then stored without loss
ONCE = (30, 50, 75, 90)
TWICE = ((30, 50), (30, 75), (50, 75), (50, 90), (70, 80), (70, 90), (75, 95), (90, 75))
WEBP = 85


@dataclass(frozen=True)
class Header:
    """Qualities and subsamplings read from libjpeg's files. wrong: of all."""

    files: int
    wrong: int


@dataclass(frozen=True)
class OtherTable:
    """A table that is not libjpeg's: the quality said, and the one that errs as much (median over the pictures)."""

    file: str
    said: int
    equal_error: float


@dataclass(frozen=True)
class Traces:
    """A kind of compression on all pictures. found: share with a trace of it at the right offset; alarms: share with
    any other trace; error: mean and largest |quality - said| of those found."""

    kind: str
    pictures: int
    found: float
    alarms: float
    mean_error: float
    largest_error: int


@dataclass(frozen=True)
class Report:
    """Everything. seconds: of `history` for a picture, median and largest; megapixels: the mean."""

    headers: Header
    tables: list[OtherTable]
    traces: list[Traces]
    seconds: tuple[float, float]
    megapixels: float


class Watch:
    """Counts what `history` says and how long it takes."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def look(self, picture: Picture) -> History:
        start = time.process_time()
        found = history(picture)
        self.seconds.append(time.process_time() - start)
        return found


def encoded(levels: Levels, kind: str = "JPEG", **options: object) -> bytes:
    """The bytes of a file."""
    out = io.BytesIO()
    Image.fromarray(levels).save(out, kind, **options)
    return out.getvalue()


def decoded(data: bytes) -> Levels:
    """RGB levels of a file."""
    with Image.open(io.BytesIO(data)) as opened:
        return np.asarray(opened.convert("RGB"))


def headers(levels: Levels) -> Header:
    """Every quality and subsampling that Pillow writes, on one crop."""
    files = wrong = 0
    for quality in QUALITIES:
        for subsampling in SUBSAMPLINGS:
            facts = read_picture(encoded(levels[:64, :64], quality=quality, subsampling=subsampling)).jpeg
            files += 1
            wrong += facts is None or facts.sentence != f"JPEG of quality {quality}, {subsampling}"
    return Header(files, wrong)


def other_tables(paths: Iterable[Path], pictures: Sequence[Levels]) -> list[OtherTable]:
    """Every table that is not libjpeg's."""
    small = [picture[:240, :320] for picture in pictures[::4]]
    curves = [[luma_error(one, quality=q) for q in QUALITIES] for one in small]
    rows = []
    for path in paths:
        facts = read_picture(path).jpeg
        if facts is None or facts.standard:
            continue
        tables = [list(table) for table in facts.tables]
        errors = [luma_error(one, qtables=tables) for one in small]
        equal = [np.interp(-e, -np.array(curve), QUALITIES) for e, curve in zip(errors, curves, strict=True)]
        rows.append(OtherTable(path.name, facts.quality, float(np.median(equal))))
    return rows


def luma_error(levels: Levels, **options: object) -> float:
    """Mean square error of luma after JPEG."""
    before, after = (
        np.asarray(Image.fromarray(one).convert("L"), dtype=np.float64)
        for one in (levels, decoded(encoded(levels, subsampling=0, **options)))
    )
    return float(((before - after) ** 2).mean())


def cropped(levels: Levels, offset: Offset) -> Levels:
    """Cut so that the first whole block of a grid that began at the corner begins at `offset`."""
    return levels[-offset[0] % 8 :, -offset[1] % 8 :]


def traces(
    kind: str,
    pictures: Sequence[Levels],
    made: Callable[[Levels, Offset], Picture],
    quality: int | None,
    watch: Watch,
    offsets: Sequence[Offset],
) -> Traces:
    """Look at one kind of compression. quality: of the generation to be found, None where there is nothing to find."""
    found, alarms, errors = 0, 0, []
    for levels, offset in zip(pictures, offsets, strict=True):
        seen = watch.look(made(levels, offset)).traces
        right = [t for t in seen if quality is not None and (t.top, t.left) == offset]
        alarms += len(seen) > len(right)
        if right:
            found += 1
            errors.append(abs(right[0].quality - quality))
    count = len(pictures)
    return Traces(kind, count, found / count, alarms / count, float(np.mean(errors or [0])), max(errors, default=0))


def kinds(pictures: Sequence[Levels], watch: Watch) -> list[Traces]:
    """All kinds; offsets are drawn anew for each, the same in every run."""
    random = np.random.default_rng(0)
    anywhere = [(int(a), int(b)) for a, b in random.integers(0, 8, (len(pictures), 2))]
    shifted = [(int(a), int(b)) for a, b in random.integers(1, 8, (len(pictures), 2))]
    corner = [(0, 0)] * len(pictures)

    def look(kind: str, made: Callable[[Levels, Offset], Picture], quality: int | None, at: Sequence[Offset]) -> None:
        rows.append(traces(kind, pictures, made, quality, watch, at))
        print(row(rows[-1]), flush=True)

    rows: list[Traces] = []
    look("never compressed", lambda p, o: picture_from_array(p), None, corner)
    look("never compressed, 128x128", lambda p, o: picture_from_array(p[100:228, 100:228]), None, corner)
    look("enlarged x2, bicubic", lambda p, o: picture_from_array(doubled(p)), None, corner)
    for q in SAVED:
        look(
            f"q{q}, then lossless",
            lambda p, o, q=q: picture_from_array(cropped(decoded(encoded(p, quality=q)), o)),
            q,
            anywhere,
        )
    for q in (50, 75):
        look(
            f"q{q}, then WebP {WEBP}",
            lambda p, o, q=q: read_picture(encoded(cropped(decoded(encoded(p, quality=q)), o), "WEBP", quality=WEBP)),
            q,
            anywhere,
        )
    for q in ONCE:
        look(f"JPEG q{q}, nothing earlier", lambda p, o, q=q: read_picture(encoded(p, quality=q)), None, corner)
    for name, at in (("cropped", shifted), ("same grid", corner)):
        for first, last in TWICE:
            look(
                f"q{first}, {name}, JPEG q{last}",
                lambda p, o, a=first, b=last: read_picture(
                    encoded(cropped(decoded(encoded(p, quality=a)), o), quality=b)
                ),
                first,
                at,
            )
    return rows


def doubled(levels: Levels) -> Levels:
    """The middle of a picture enlarged by two."""
    height, width = levels.shape[:2]
    middle = Image.fromarray(levels[height // 4 : -(height // 4), width // 4 : -(width // 4)])
    return np.asarray(middle.resize((2 * middle.width, 2 * middle.height), Image.Resampling.BICUBIC))


def row(one: Traces) -> str:
    """Markdown."""
    error = f"{one.mean_error:.1f} / {one.largest_error}" if one.found else "-"
    return f"| {one.kind} | {100 * one.found:.1f} % | {error} | {100 * one.alarms:.1f} % |"


def table(report: Report) -> str:
    """Markdown."""
    lines = [
        f"{report.headers.files - report.headers.wrong} of {report.headers.files} headers of libjpeg read exactly "
        f"(quality {QUALITIES[0]} to {QUALITIES[-1]}, {', '.join(SUBSAMPLINGS)}).",
        "",
        "| tables of another encoder | quality said | quality of equal error |",
        "|---|---|---|",
        *(f"| {one.file} | {one.said} | {one.equal_error:.0f} |" for one in report.tables),
        "",
        "| compression | found at the right offset | error of its quality, mean / largest | other traces |",
        "|---|---|---|---|",
        *(row(one) for one in report.traces),
        "",
        f"{report.traces[0].pictures} pictures of {report.megapixels:.2f} megapixels in the mean; one core needs "
        f"{report.seconds[0]:.2f} s for a picture, {report.seconds[1]:.2f} s at most.",
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", nargs="+", type=Path)
    parser.add_argument("--tables", nargs="+", type=Path, default=[], metavar="JPEG")
    parser.add_argument("--save", action="store_true", help="write benchmarks/results/jpeg_traces.json")
    options = parser.parse_args(arguments)
    here = machine.describe()
    pictures = [read_levels(path) for path in find_pictures(options.pictures)]
    watch = Watch()
    report = Report(
        headers=headers(pictures[0]),
        tables=other_tables(options.tables, pictures),
        traces=kinds(pictures, watch),
        seconds=(float(np.median(watch.seconds)), max(watch.seconds)),
        megapixels=float(np.mean([one.shape[0] * one.shape[1] / 1e6 for one in pictures])),
    )
    text = table(report)
    print(text)
    print(here.line())
    if options.save:
        print(f"written: {machine.save('jpeg_traces', here, report, markdown=text)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
