"""How good a model of an adversarial stage looks: beside its content model, bicubic and the GANs of others.

python benchmarks/perceptual.py --data DATA --peers PEERS [--model wassr-x4] [--wasserstein MODEL]
python benchmarks/perceptual.py --choose --valid VALID [--model wassr-x4]

The first measures all on Set5, Set14 and B100, and our models at strengths from 0 to 1; it fills docs/perceptual.md,
draws docs/pictures/perceptual.svg and perceptual-crops.png, and writes benchmarks/results/perceptual.json. The second
is for choosing a default strength, so it sees validation pictures only. What was measured stays in runs/perceptual, by
subject and set, with hashes of the files that shape it: a rerun measures only what is new (delete it after a change of
code).

EfficientNet's file is made by: python -m wassr.evaluation.judge_export WEIGHTS -o runs/judges --only efficientnet
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import machine
import numpy as np
import perceptual_page as page
import readme
from kept import Entry, digest, digest_of_models, kept
from numpy.typing import NDArray
from perceptual_page import Curve, Measured, Study
from PIL import Image, ImageDraw, ImageFont

from wassr.data.folders import read_levels
from wassr.evaluation.choice import choose_metrics
from wassr.evaluation.comparison import Comparison, Row
from wassr.evaluation.metrics import Metric
from wassr.evaluation.scoring import Case, PictureScore, case_of, score_case, score_of
from wassr.evaluation.sets import DataSet, find_sets, read_case
from wassr.evaluation.subjects import Subject, subject
from wassr.evaluation.texture import checkerboard
from wassr.ground.errors import WassrError
from wassr.models.shelf import find
from wassr.pixels.picture import quantise, to_floats
from wassr.upscaling.bands import Consistent, Planes, Stage, collect
from wassr.upscaling.engines import Wish
from wassr.upscaling.strength import content_model
from wassr.upscaling.upscaler import Upscaler

ROOT = Path(__file__).parent.parent
CACHE = ROOT / "runs" / "perceptual"
PAGE = ROOT / "docs" / "perceptual.md"
PICTURES = ROOT / "docs" / "pictures"

SCALE = 4
SETS = ("Set5", "Set14", "B100")
RIVALS = {page.SRGAN: "srgan", page.LSDIR: "lsdir-compact-c3"}  # on the page: among benchmarks/peers.py
METRICS = ("psnr_y", "ssim_y", "lpips", "efficientnet", "niqe", "lr_consistency", "colour_drift")
ALONG = ("psnr_y", "lpips", "lr_consistency")  # at strengths between the ends
STRENGTHS = tuple(step / 10 for step in range(11))
HOW = "torch, float32"  # of rivals
ENGINE = {"engine": "openvino", "precision": "float32"}  # bfloat16 costs less than 0.01 dB and is not on every machine

SHOWN = (("originals/circuit.webp", 240, 472), ("train/town.webp", 192, 192))  # below examples/; top, left of a crop
SIDE = 192  # of a crop

Levels = NDArray[np.uint8]


def own(upscaler: Upscaler, name: str, identity: str) -> Entry:
    """A model of wassr, or one between two of them."""
    how = f"{upscaler.engine.name}, {upscaler.engine.precision}"
    return Entry(Subject(name, SCALE, how, lambda case: np.asarray(upscaler(case.low))), identity)


def by_strength(model: str, kind: str = "") -> dict[float, Entry]:
    """A model, to be called NAME and `kind`, at strengths from 0, its content model, to 1.

    Raises ModelError; UsageError where it has no content model.
    """
    file = find(model)
    name = file.card.name + kind
    content = content_model(file)
    parent, child = digest_of_models(content), digest_of_models(file)
    found = {0.0: own(Upscaler(content.path, **ENGINE), content.card.name, parent)}
    for strength in STRENGTHS[1:-1]:
        found[strength] = own(
            Upscaler(model, strength=strength, **ENGINE), f"{name} at {strength:g}", f"{child}; {parent}"
        )
    return found | {1.0: own(Upscaler(model, **ENGINE), name, child)}


def rival(title: str, folder: Path, projected: bool) -> Entry:
    """A GAN of another author, by torch; projected: with one step of back-projection, which costs next to nothing."""
    import peers
    import torch

    network = peers.load(RIVALS[title], folder)

    @torch.no_grad()
    def make(case: Case) -> Levels:
        low = np.ascontiguousarray(to_floats(case.low).transpose(2, 0, 1))
        made: Stage = Planes(network(torch.from_numpy(low)[None])[0].numpy())
        return quantise(collect(Consistent(made, low) if projected else made), 8)

    name, how = (title + page.WITH_BP, f"{HOW}, back-projected once") if projected else (title, HOW)
    return Entry(Subject(name, SCALE, how, make), digest(folder / peers.PEERS[RIVALS[title]].file))


def measured(entry: Entry, one: DataSet, metrics: Mapping[str, Metric]) -> Measured:
    """A subject on a set: from the cache, or made, scored and kept there."""
    found = kept(CACHE, entry, one, metrics, lambda: _measure(entry.subject, one, metrics))
    rows = [PictureScore(**row) for row in found["pictures"]]
    return Measured(score_of(one.name, SCALE, metrics, rows), found["raster"])


def _measure(one: Subject, data: DataSet, metrics: Mapping[str, Metric]) -> dict[str, object]:
    rows, pairs = [], []
    for path in data.paths:
        case = read_case(data, path, SCALE)
        assert case.high is not None
        made = one.make(case)
        rows.append(asdict(score_case(case, made, SCALE, metrics)))
        pairs.append((made, case.high))
    return {"pictures": rows, "raster": checkerboard(pairs, SCALE)}


def curve(
    entries: Mapping[float, Entry],
    sets: Sequence[DataSet],
    metrics: Mapping[str, Metric],
    at_ends: Mapping[str, Metric] | None = None,
) -> Curve:
    """All strengths on all sets. at_ends: metrics of 0 and 1, where those were measured for a table."""
    return {
        s: {one.name: measured(entry, one, at_ends if at_ends and s in (0.0, 1.0) else metrics) for one in sets}
        for s, entry in entries.items()
    }


def study(options: argparse.Namespace) -> tuple[Study, list[Entry]]:
    """Measure what is not yet known. Returns it with the entries of the tables."""
    sets = find_sets(options.data / name for name in SETS)
    metrics, along = choose_metrics(METRICS, options.judges), choose_metrics(ALONG)
    models = [by_strength(options.model)]
    if options.wasserstein is not None:
        models.append(by_strength(options.wasserstein, page.WASSERSTEIN))
    ours = [models[0][0.0], *(entries[1.0] for entries in models)]
    table = [Entry(subject("bicubic", SCALE, Wish()), "bicubic"), *ours]
    table += [rival(title, options.peers, projected) for title in RIVALS for projected in (False, True)]
    found = {(entry.name, one.name): measured(entry, one, metrics) for one in sets for entry in table}
    hows = {entry.name: entry.subject.how for entry in table}
    comparison = Comparison(
        tuple(Row(name, hows[name], one.score) for (name, _), one in found.items()), models[0][0.0].name
    )
    curves = {entries[1.0].name: curve(entries, sets, along, metrics) for entries in models}
    rasters = {key: one.raster for key, one in found.items()}
    return Study(models[0][1.0].name, comparison, rasters, curves), table


def crops(entries: Iterable[Entry], target: Path) -> None:
    """The same crops by all, below their names, the original last."""
    cells: list[list[tuple[str, Levels]]] = []
    for picture, top, left in SHOWN:
        case = case_of("examples", picture, read_levels(ROOT / "examples" / picture), SCALE)
        assert case.high is not None
        made = [(entry.name, entry.subject.make(case)) for entry in entries] + [("original", case.high)]
        cells.append([(name, levels[top : top + SIDE, left : left + SIDE]) for name, levels in made])
    gap, line = 4, 18
    width = len(cells[0]) * (SIDE + gap) - gap
    sheet = Image.new("RGB", (width, line + len(cells) * (SIDE + gap) - gap), "white")
    draw = ImageDraw.Draw(sheet)
    for y, row in enumerate(cells):
        for x, (name, levels) in enumerate(row):
            sheet.paste(Image.fromarray(levels), (x * (SIDE + gap), line + y * (SIDE + gap)))
            draw.text((x * (SIDE + gap) + 1, 2), name, fill="black", font=ImageFont.load_default(12))
    target.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(target, optimize=True)


def slim(found: Study) -> dict[str, object]:
    """Means only, for JSON."""
    means = {
        name: {
            data: {metric: found.mean(name, data, metric) for metric in found.comparison.metrics}
            | {"raster": found.rasters[name, data]}
            for data in found.comparison.sets
        }
        for name in found.comparison.models
    }
    curves = {
        name: {f"{strength:g}": {data: _along(one) for data, one in row.items()} for strength, row in line.items()}
        for name, line in found.curves.items()
    }
    return {"means": means, "curves": curves, "demands": page.demands(found)}


def _along(one: Measured) -> dict[str, float]:
    return {metric: one.score.mean(metric) for metric in ALONG} | {"raster": one.raster}


def choose(options: argparse.Namespace) -> str:
    """The curve on the validation pictures, for choosing a default strength."""
    found = curve(by_strength(options.model), find_sets([options.valid]), choose_metrics(ALONG))
    return page.choice_table(found)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="wassr-x4", help="name or file")
    parser.add_argument("--wasserstein", metavar="MODEL", help="the best of Wasserstein's kind, if it is another one")
    parser.add_argument("--data", type=Path, help="folder that holds Set5, Set14 and B100")
    parser.add_argument("--peers", type=Path, metavar="PEERS_DIR", help="weights of others")
    parser.add_argument("--judges", type=Path, default=ROOT / "runs" / "judges", help="holds efficientnet.onnx")
    parser.add_argument("--choose", action="store_true", help="the curve over strength on validation pictures, no more")
    parser.add_argument("--valid", type=Path, help="validation pictures")
    options = parser.parse_args(arguments)
    if options.choose and options.valid is None:
        parser.error("--choose: --valid is missing, a folder of validation pictures")
    if not options.choose and (options.data is None or options.peers is None):
        parser.error("--data and --peers are missing; or --choose --valid")
    here = machine.describe()
    try:
        if options.choose:
            text = choose(options)
            print(text)
            readme.put(PAGE, {"choose": text})
            return 0
        found, entries = study(options)
        text = page.markdown(found)
        print(text)
        print(f"wrote {machine.save('perceptual', here, slim(found), markdown=page.demand_table(page.demands(found)))}")
        readme.put(PAGE, {"perceptual": text})
        page.plane(found, PICTURES / "perceptual.svg")
        crops(entries, PICTURES / "perceptual-crops.png")
    except WassrError as error:
        print(f"error: {error}")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
