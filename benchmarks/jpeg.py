"""How models fare on compressed inputs: specialists of clean pictures, models for JPEG, two stages, networks of others.

python benchmarks/jpeg.py --data DATA [--peers PEERS] [--models DIR] [--sheet REAL]

DATA holds Set14 and B100. Every picture is reduced by four, saved as JPEG at each quality, enlarged and compared with
its original. Fills docs/jpeg.md, draws docs/pictures/jpeg-quality.svg, writes benchmarks/results/jpeg.json. What was
measured of our models lies in runs/jpeg-study, of others' networks in benchmarks/results/jpeg-rivals, by subject, set
and quality, with hashes of the files that shaped it, so that a rerun measures only what is new; remove the folder after
a change of code that makes pictures. A model that is not at hand (in the folder --models, or else shipped) is left out;
benchmarks/models holds wassr-jpeg-x1, which is not shipped.

--sheet REAL: crops of real pictures beside each other, no more: docs/pictures/jpeg-real.jpg, and all of the folder in
runs/jpeg-study/real.jpg.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import jpeg_asked as asked
import jpeg_page as page
import jpeg_sheet
import machine
import numpy as np
import readme
from kept import Entry, digest, digest_of_models, kept
from numpy.typing import NDArray

from wassr.evaluation import compressed
from wassr.evaluation.choice import choose_metrics
from wassr.evaluation.comparison import Comparison, Row, compare
from wassr.evaluation.metrics import Metric
from wassr.evaluation.scoring import Case, PictureScore, Score, score_of
from wassr.evaluation.sets import DataSet, at_qualities, find_sets
from wassr.evaluation.subjects import Subject, subject
from wassr.ground.errors import ModelError, PictureError, WassrError
from wassr.models.shelf import ModelFile, find, shipped
from wassr.pixels.formats import picture_from_array, read_picture, to_array
from wassr.upscaling.engines import Wish
from wassr.upscaling.target import Target
from wassr.upscaling.upscaler import MODEL_SCALE, Upscaler

ROOT = Path(__file__).parent.parent
CACHE = ROOT / "runs" / "jpeg-study"
EXTRA = ROOT / "benchmarks" / "models"  # the study needs them, users do not
OTHERS = machine.RESULTS / "jpeg-rivals"  # committed: they take most of the study's hours and do not change
PAGE = ROOT / "docs" / "jpeg.md"
PICTURES = ROOT / "docs" / "pictures"

SCALE = 4
MODELS = ("espcn-x4", page.SPECIALIST, page.GAN, "srresnet-x4", page.FAITHFUL, page.PERCEPTUAL)
RESTORER = "wassr-jpeg-x1"  # the first of two stages
RIVALS = {"RLFN-S": "rlfn-s", "SRGAN": "srgan", page.LSDIR: "lsdir-compact-c3"}  # on the page: in benchmarks/peers.py
WISH = Wish(precision="float32")  # the same on every machine; bfloat16 costs less than 0.01 dB
HOW = "torch, float32"  # of rivals

Levels = NDArray[np.uint8]


@dataclass(frozen=True)
class Part:
    """A set at some qualities, saved once or twice, and what is measured.

    levels: of waifu2x; without: subjects that are left out, since they take long and another part tells of them.
    """

    folder: str
    qualities: str
    double: bool
    metrics: tuple[str, ...]
    levels: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


def named(name: str, folder: Path) -> ModelFile:
    """A model of the folder, or else a shipped one. Raises ModelError when there is none."""
    found = next((path for path in (folder / f"{name}.onnx", folder / f"{name}.safetensors") if path.is_file()), None)
    if found is None and name not in shipped():
        raise ModelError(f"{name}: neither shipped nor in {folder}")
    return find(found or name)


def opened(file: ModelFile) -> Upscaler:
    """A model, ready to run."""
    return Upscaler(file.path, precision=WISH.precision)


def whole(file: ModelFile) -> Entry:
    """A model as `wassr evaluate` runs it."""
    return Entry(subject(str(file.path), file.card.scale, WISH), digest_of_models(file))


def own(file: ModelFile) -> Iterator[Entry]:
    """A model as `wassr evaluate` runs it; one for compressed inputs also without what comes after its network."""
    entry = whole(file)
    yield entry
    if file.card.inputs == "compressed":
        model = opened(file)
        bare = Upscaler.from_engine(model.card, model.engine, thorough=True, jpeg="auto", alone=True)
        how = f"{entry.subject.how}, neither bins nor back-projection"
        yield Entry(Subject(entry.name + page.ALONE, SCALE, how, in_turn(bare)), entry.identity)


def two_stages(first: ModelFile, second: ModelFile) -> Iterator[Entry]:
    """One model restores, the next one enlarges; nothing is rounded between."""
    stages = [opened(file) for file in (first, second)]
    how = ", then ".join(f"{one.engine.name}, {one.engine.precision}" for one in stages)
    yield Entry(Subject(page.STAGES, SCALE, how, in_turn(*stages)), digest_of_models(first, second))


def in_turn(*stages: Upscaler, target: Target = MODEL_SCALE) -> Callable[[Case], Levels]:
    """What makes a case's picture by all stages; the first one sees the file as a user's. target: of each."""

    def make(case: Case) -> Levels:
        picture = picture_from_array(case.low) if case.file is None else read_picture(case.file, case.name)
        for stage in stages:
            picture = stage.enlarge(picture, target, name=case.name)
        return to_array(picture, np.uint8).astype(np.uint8, copy=False)

    return make


def rival(title: str, folder: Path) -> Iterator[Entry]:
    """A network of others, as it is."""
    import peers  # torch is loaded only for networks of others

    yield _rival(title, HOW, peers.load(RIVALS[title], folder), folder / peers.PEERS[RIVALS[title]].file)


def level(number: str, folder: Path) -> Iterator[Entry]:
    """waifu2x at one of its levels."""
    import rivals

    network = rivals.waifu2x(number, folder)
    yield _rival(f"{page.WAIFU}{number}", f"x2 twice, {HOW}", network, folder / rivals.WAIFU2X_LEVELS[number])


def _rival(name: str, how: str, network: object, weights: Path) -> Entry:
    import peers

    enlarge = peers.enlarger(network)
    return Entry(Subject(name, SCALE, how, lambda case: enlarge(case.low), name), digest(weights))


def ours(folder: Path) -> Iterator[Entry]:
    """Bicubic, and the models and stages that are at hand; says what is not."""
    yield Entry(subject(page.BICUBIC, SCALE, WISH), page.BICUBIC)
    for name in MODELS:
        yield from at_hand(name, lambda name=name: own(named(name, folder)))
    yield from at_hand(page.STAGES, lambda: two_stages(named(RESTORER, folder), named(page.SPECIALIST, folder)))


def others(folder: Path, levels: Sequence[str]) -> Iterator[Entry]:
    """The networks of others whose files are at hand; says what is not."""
    for title in RIVALS:
        yield from at_hand(title, lambda title=title: rival(title, folder))
    for number in levels:
        yield from at_hand(f"{page.WAIFU}{number}", lambda number=number: level(number, folder))


def at_hand(name: str, entries: Callable[[], Iterable[Entry]]) -> Iterator[Entry]:
    """What `entries` gives, or nothing, aloud, where a file lacks."""
    try:
        yield from entries()
    except (ModelError, OSError) as error:
        print(f"{name} is left out: {error}", flush=True)


def measured(entry: Entry, one: DataSet, metrics: Mapping[str, Metric], cache: Path) -> Score:
    """A subject on a set at a quality: from the cache, or made, scored and kept there. Raises PictureError."""
    codec = one.saved.protocol if one.saved else ""
    found = kept(cache, entry, one, metrics, lambda: _measure(entry.subject, one, metrics), codec)
    pictures = [PictureScore(**row) for row in found["pictures"]]
    return score_of(one.name, entry.subject.scale, metrics, pictures, True, one.saved)


def _measure(mine: Subject, one: DataSet, metrics: Mapping[str, Metric]) -> dict[str, object]:
    found = compare([mine], [one], metrics, mine.name)
    if found.left_out:
        raise PictureError(one.name, found.left_out[0])
    return {"pictures": [asdict(picture) for picture in found.rows[0].score.pictures]}


def study(part: Part, entries: Mapping[Path, Sequence[Entry]], data: Path) -> Comparison:
    """All entries on a part, waifu2x's best level of each quality beside its levels; measures what is not yet known.

    entries: by the folder that keeps what was measured of them.
    """
    sets = at_qualities(find_sets([data / part.folder]), compressed.parse(part.qualities, part.double))
    metrics = choose_metrics(part.metrics, jpeg=True)
    rows = []
    for one in sets:
        here = [
            Row(entry.name, entry.subject.how, measured(entry, one, metrics, folder))
            for folder, some in entries.items()
            for entry in some
            if entry.name not in part.without
        ]
        rows += [*here, *best_level(here)]
    return Comparison(tuple(rows), page.BICUBIC)


def best_level(rows: Sequence[Row]) -> list[Row]:
    """Of waifu2x on one set at one quality, the level of most PSNR-Y, which a user would have to know."""
    mine = [row for row in rows if row.model.startswith(page.WAIFU)]
    how = "at each quality the level of most PSNR-Y on these pictures"
    return [replace(max(mine, key=lambda row: row.score.mean("psnr_y")), model=page.BEST, how=how)] if mine else []


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder that holds Set14 and B100")
    parser.add_argument("--peers", type=Path, metavar="PEERS_DIR", help="weights of others")
    parser.add_argument("--models", type=Path, default=EXTRA, metavar="DIR", help="models before shipped ones, by name")
    parser.add_argument("--sheet", type=Path, metavar="REAL", help="draw crops of these pictures instead")
    options = parser.parse_args(arguments)
    if options.sheet is None and options.data is None:
        parser.error("--data is missing, or --sheet")
    here = machine.describe()
    try:
        if options.sheet is not None:
            subjects = [entry.subject for entry in ours(options.models) if entry.name in SHOWN]
            for written in jpeg_sheet.draw(subjects, options.sheet, PICTURES / "jpeg-real.jpg", CACHE / "real.jpg"):
                print(f"wrote {written}")
            return 0
        mine = list(ours(options.models))
        found = {}
        for name, part in PARTS.items():
            theirs = [] if options.peers is None else list(others(options.peers, part.levels))
            found[name] = study(part, {CACHE: mine, OTHERS: theirs}, options.data)
    except WassrError as error:
        print(f"error: {error}")
        return 1
    answers = asked.answers(found)
    texts = page.blocks(found) | {"asked": asked.table(answers)}
    print("\n\n".join(texts.values()))
    print(here.line())
    print(f"wrote {machine.save('jpeg', here, page.slim(found) | {'asked': answers}, markdown=texts['asked'])}")
    page.draw(found[page.SET14], PICTURES / "jpeg-quality.svg")
    readme.put(PAGE, texts)
    return 0


PARTS = {
    page.SET14: Part(
        "Set14",
        "clean,90,70,50,30,10",
        False,
        ("psnr_y", "psnr_y_float", "ssim_y", "psnr_b", "lpips", "niqe"),
        ("none", "0", "1", "2", "3"),
    ),
    page.TWICE: Part("Set14", "70,50,30", True, ("psnr_y", "lpips"), ("2", "3")),
    page.B100: Part(
        "B100",
        "clean,50,30,10",
        False,
        ("psnr_rgb", "psnr_y"),
        ("3",),
        ("srresnet-x4", "SRGAN", f"{page.PERCEPTUAL}{page.ALONE}"),
    ),
}

SHOWN = (page.BICUBIC, page.SPECIALIST, page.FAITHFUL, page.PERCEPTUAL)  # on the sheet

if __name__ == "__main__":
    raise SystemExit(main())
