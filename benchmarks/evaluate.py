"""Quality of models on the sets of test pictures: `wassr evaluate` with networks of others, and numbers for the cards.

python benchmarks/evaluate.py compact-x4 bicubic --data DIR --set Set5 Set14 B100 [--write-card]

A model is a shipped name or a model file, `bicubic`, `nearest`, or, with --peers, the name of a network of others.
`--write-card` puts the measured numbers into the model's own files.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import isfinite
from pathlib import Path

import machine

from wassr.evaluation.choice import choose_metrics
from wassr.evaluation.comparison import Comparison, Row, compare
from wassr.evaluation.compressed import parse as parse_jpeg
from wassr.evaluation.sets import at_qualities, find_sets
from wassr.evaluation.subjects import Subject, distinct
from wassr.evaluation.subjects import subject as find_subject
from wassr.evaluation.tables import markdown
from wassr.ground.errors import WassrError
from wassr.models.card import Card, Measurement
from wassr.models.modelfile import replace_card
from wassr.models.shelf import ModelFile
from wassr.upscaling.engines import Wish

OWN = Path(__file__).parent.parent / "examples" / "train"  # pictures that everybody has: a test computes them again
KEPT = ("psnr_y", "psnr_y_float", "psnr_rgb", "ssim_y", "lr_consistency", "lpips")  # in results and on cards


def subject(name: str, arguments: argparse.Namespace) -> Subject:
    """A model by name. Raises WassrError when there is none or it cannot run."""
    if arguments.peers is not None:
        import peers  # torch is loaded only for networks of others

        if name in peers.PEERS:
            enlarge = peers.enlarger(peers.load(name, arguments.peers))
            return Subject(name, peers.SCALE, "torch, float32", lambda case: enlarge(case.low), name)
    wish = Wish(engine=arguments.engine, precision=arguments.precision, threads=arguments.threads)
    return find_subject(name, arguments.scale, wish)


def slim(comparison: Comparison) -> dict[str, dict[str, dict[str, object]]]:
    """For JSON: model -> set -> metric -> mean, unit, protocol and the value of every picture."""
    found: dict[str, dict[str, dict[str, object]]] = {}
    for row in comparison.rows:
        score = row.score
        found.setdefault(row.model, {})[score.data] = {
            name: {
                "mean": score.mean(name),
                "unit": metric.unit,
                "protocol": f"{score.protocol(name)}; {metric.protocol}; {row.how}",
                "pictures": {p.picture: p.values[name] for p in score.pictures},
            }
            for name, metric in score.metrics.items()
        }
    return found


def write_card(file: ModelFile, rows: Iterable[Row]) -> list[Path]:
    """Put the means into every file of a model; numbers of other sets and metrics stay. Returns what was written."""
    measured = [m for row in rows for m in row.score.measurements(row.how) if isfinite(m.value)]
    written = []
    for path in (file.weights, file.onnx):
        if path is not None:
            replace_card(path, merged(file.card, measured))
            written.append(path)
    return written


def merged(card: Card, measured: Sequence[Measurement]) -> Card:
    """The card with these numbers in the place of older ones of the same set and metric."""
    new = {(m.data, m.metric) for m in measured}
    kept = tuple(m for m in card.measured if (m.data, m.metric) not in new)
    return card.model_copy(update={"measured": (*kept, *measured)})


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", metavar="MODEL")
    parser.add_argument("--data", type=Path, required=True, help="folder that holds the sets")
    parser.add_argument("--set", nargs="+", dest="sets", default=["Set5", "Set14", "B100"], metavar="SET")
    parser.add_argument("--own", action="store_true", help="also this repository's own pictures, as set `examples`")
    parser.add_argument("--peers", type=Path, metavar="PEERS_DIR", help="weights of others: rlfn-s, dipnet, ...")
    parser.add_argument("--jpeg", metavar="QUALITIES", help="inputs saved as JPEG: clean,90,70,50,30")
    parser.add_argument("--double", action="store_true", help="saved twice, on two grids")
    parser.add_argument("--scale", type=int, default=4, help="of bicubic and nearest")
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--save", action="store_true", help="write benchmarks/results/evaluate.json")
    parser.add_argument("--write-card", action="store_true", help="put the numbers into the models' cards")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    here = machine.describe()
    found: list[Subject] = []
    for name in options.models:
        try:
            found.append(subject(name, options))
        except WassrError as error:
            print(f"error: {error}")
    if not found:
        return 1
    subjects = distinct(found)
    try:
        sets = find_sets(options.data / name for name in options.sets)
        if options.own:
            sets += (replace(find_sets([OWN])[0], name="examples"),)
        qualities = parse_jpeg(options.jpeg, options.double) if options.jpeg is not None else ()
        sets = at_qualities(sets, qualities) if qualities else sets
        enlarges = min(one.scale for one in subjects) > 1  # else nothing is reduced, and no result consistent with it
        names = [name for name in KEPT if enlarges or name != "lr_consistency"]
        metrics = choose_metrics([*names, "psnr_b"] if qualities else names, jpeg=bool(qualities))
        comparison = compare(subjects, sets, metrics, subjects[0].name)
    except WassrError as error:
        print(f"error: {error}")
        return 1
    for one in subjects:
        if options.write_card and one.file is not None:
            for path in write_card(one.file, (row for row in comparison.rows if row.model == one.name)):
                print(f"card written: {path.name}")
    table = markdown(comparison)
    print(table)
    print(here.line())
    if options.json or options.save:
        print(f"written: {machine.save('evaluate', here, slim(comparison), options.json, table)}")
    return int(len(found) < len(options.models) or bool(comparison.left_out))


if __name__ == "__main__":
    raise SystemExit(main())
