"""How right wassr is about JPEG: qualities of headers, traces of earlier compression, false alarms, seconds.

python benchmarks/jpeg_traces.py PICTURES... [--tables JPEG...] [--alarms] [--save]

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
Made = Callable[[Levels, Offset], Picture]

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


@dataclass(frozen=True)
class Kind:
    """A kind of compression. made: from levels and the offset that the first whole block shall have; quality: of the
    generation to be found, None where there is nothing to find; offsets: that are tried, of rows and of columns."""

    name: str
    made: Made
    quality: int | None = None
    offsets: Sequence[int] = range(1)


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


def traces(kind: Kind, pictures: Sequence[Levels], watch: Watch) -> Traces:
    """Look at one kind of compression; offsets are drawn anew for each, the same in every run."""
    random = np.random.default_rng(0)
    found, alarms, errors = 0, 0, []
    for levels in pictures:
        offset = int(random.choice(kind.offsets)), int(random.choice(kind.offsets))
        seen = watch.look(kind.made(levels, offset)).traces
        right = [t for t in seen if kind.quality is not None and (t.top, t.left) == offset]
        alarms += len(seen) > len(right)
        if right and kind.quality is not None:
            found += 1
            errors.append(abs(right[0].quality - kind.quality))
    count = len(pictures)
    mean, largest = float(np.mean(errors or [0])), max(errors, default=0)
    return Traces(kind.name, count, found / count, alarms / count, mean, largest)


def kinds() -> list[Kind]:
    """All of them, in the order of the table."""

    def lossless(q: int) -> Made:
        return lambda p, o: picture_from_array(cropped(decoded(encoded(p, quality=q)), o))

    def webp(q: int) -> Made:
        return lambda p, o: read_picture(encoded(cropped(decoded(encoded(p, quality=q)), o), "WEBP", quality=WEBP))

    def once(q: int) -> Made:
        return lambda p, o: read_picture(encoded(p, quality=q))

    def twice(first: int, last: int) -> Made:
        return lambda p, o: read_picture(encoded(cropped(decoded(encoded(p, quality=first)), o), quality=last))

    return [
        Kind("never compressed", lambda p, o: picture_from_array(p)),
        Kind("never compressed, 128x128", lambda p, o: picture_from_array(p[100:228, 100:228])),
        Kind("enlarged x2, bicubic", lambda p, o: picture_from_array(doubled(p))),
        *(Kind(f"JPEG q{q}, nothing earlier", once(q)) for q in ONCE),
        *(Kind(f"q{q}, then lossless", lossless(q), q, range(8)) for q in SAVED),
        *(Kind(f"q{q}, then WebP {WEBP}", webp(q), q, range(8)) for q in (50, 75)),
        *(Kind(f"q{a}, cropped, JPEG q{b}", twice(a, b), a, range(1, 8)) for a, b in TWICE),
        *(Kind(f"q{a}, same grid, JPEG q{b}", twice(a, b), a, range(1)) for a, b in TWICE),
    ]


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
    parser.add_argument("--alarms", action="store_true", help="only kinds in which there is nothing to find")
    parser.add_argument("--save", action="store_true", help="write benchmarks/results/jpeg_traces.json")
    options = parser.parse_args(arguments)
    here = machine.describe()
    pictures = [read_levels(path) for path in find_pictures(options.pictures)]
    watch = Watch()
    rows = []
    for kind in kinds():
        if kind.quality is None or not options.alarms:
            rows.append(traces(kind, pictures, watch))
            print(row(rows[-1]), flush=True)
    report = Report(
        headers=headers(pictures[0]),
        tables=other_tables(options.tables, pictures),
        traces=rows,
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
