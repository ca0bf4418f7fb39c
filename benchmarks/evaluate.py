"""Quality of models on sets of test pictures, with the protocol beside every number.

python benchmarks/evaluate.py compact-x4 bicubic --data DIR --set Set5 Set14 B100 [--lpips WEIGHTS_DIR] [--write-card]

A model is a shipped name or a model file (run by the public `wassr.Upscaler`), `bicubic`, `nearest`, or, with --peers,
the name of a network of others. `--write-card` puts the measured numbers into the model's own files.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

import machine
import numpy as np

from wassr import Upscaler
from wassr.evaluation.metrics import METRICS, Metric
from wassr.evaluation.scoring import Enlarge, Score, bicubic, nearest, score_folder
from wassr.ground.errors import WassrError
from wassr.models.card import Card, Measurement
from wassr.models.modelfile import replace_card
from wassr.models.shelf import ModelFile, find

PLAIN = {"bicubic": bicubic, "nearest": nearest}
DIGITS = {"ssim_y": 4, "lpips": 4}


@dataclass(frozen=True)
class Subject:
    """Something that enlarges. file: its model file, if it is one of ours; how: engine and precision."""

    name: str
    scale: int
    enlarge: Enlarge
    how: str
    file: ModelFile | None = None


@dataclass(frozen=True)
class Row:
    """One model on one set."""

    model: str
    how: str
    score: Score


def subject(name: str, arguments: argparse.Namespace) -> Subject:
    """A model by name. Raises WassrError when there is none or it cannot run."""
    if name in PLAIN:
        return Subject(name, arguments.scale, PLAIN[name](arguments.scale), "8 bit, rounded after each axis")
    if arguments.peers is not None:
        import peers  # torch is loaded only for networks of others

        if name in peers.PEERS:
            network = peers.load(name, arguments.peers)
            return Subject(name, peers.SCALE, peers.enlarger(network), "torch, float32")
    upscaler = Upscaler(name, engine=arguments.engine, precision=arguments.precision, threads=arguments.threads)
    how = f"{upscaler.engine.name}, {upscaler.engine.precision}"
    return Subject(upscaler.card.name, upscaler.card.scale, lambda low: np.asarray(upscaler(low)), how, find(name))


def evaluate(found: Subject, data: Path, sets: Sequence[str], metrics: Mapping[str, Metric]) -> list[Row]:
    """Score one model on every set."""
    return [Row(found.name, found.how, score_folder(found.enlarge, data / name, found.scale, metrics)) for name in sets]


def table(rows: Sequence[Row]) -> str:
    """Markdown: a line for each model and set, then how each column is computed."""
    columns = ["model", "set", *(value.metric for value in rows[0].score.means)]
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    for row in rows:
        cells = (f"{value.value:.{DIGITS.get(value.metric, 2)}f}" for value in row.score.means)
        lines.append(f"| {row.model} | {row.score.data} | {' | '.join(cells)} |")
    lines.append("")
    lines += sorted({f"{row.model}: {row.how}; {row.score.protocol.rpartition(';')[0]}" for row in rows})
    lines += [f"{v.metric}{f' ({v.unit})' if v.unit else ''}: {v.protocol}" for v in rows[0].score.means]
    return "\n".join(lines)


def slim(rows: Sequence[Row]) -> dict[str, dict[str, dict[str, object]]]:
    """For JSON: model -> set -> metric -> mean, unit, protocol and the value of every picture."""
    found: dict[str, dict[str, dict[str, object]]] = {}
    for row in rows:
        metrics: dict[str, object] = {
            v.metric: {
                "mean": v.value,
                "unit": v.unit,
                "protocol": f"{row.score.protocol}; {v.protocol}; {row.how}",
                "pictures": {p.picture: p.values[i].value for p in row.score.pictures},
            }
            for i, v in enumerate(row.score.means)
        }
        found.setdefault(row.model, {})[row.score.data] = metrics
    return found


def write_card(file: ModelFile, rows: Sequence[Row]) -> list[Path]:
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
    parser.add_argument("--lpips", type=Path, metavar="WEIGHTS_DIR", help="also the perceptual distance (needs torch)")
    parser.add_argument("--peers", type=Path, metavar="PEERS_DIR", help="weights of others: rlfn-s, dipnet, ...")
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
    metrics = dict(METRICS)
    if options.lpips is not None:
        from lpips import lpips_metric  # torch is loaded only for this judge

        metrics["lpips"] = lpips_metric(options.lpips)
    rows: list[Row] = []
    failed = False
    for name in options.models:
        try:
            found = subject(name, options)
            mine = evaluate(found, options.data, options.sets, metrics)
        except WassrError as error:
            print(f"error: {error}")
            failed = True
            continue
        rows += mine
        if options.write_card and found.file is not None:
            for path in write_card(found.file, mine):
                print(f"card written: {path.name}")
    if not rows:
        return 1
    print(table(rows))
    print(here.line())
    if options.json or options.save:
        print(f"written: {machine.save('evaluate', here, slim(rows), options.json, table(rows))}")
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main())
