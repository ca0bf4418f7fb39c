"""Seconds and memory per output megapixel of every model and engine, beside PSNR-Y, against plain PyTorch and RLFN-S.

python benchmarks/enlarge.py [MODEL ...] [--peers PEERS_DIR] [--data TEST_DIR] [--save] [--plot docs/pictures/...]

All contestants are timed in turns in one process (256x256 input, two threads, medians; ratios are medians of the
rounds' ratios); each one's peak memory is that of a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import machine
import numpy as np
import timing
from contestants import PEER_WAYS, PLAIN, WAYS, Contestant, Entry, build, export_peer, gmac
from evaluate import merged

from wassr.evaluation.metrics import METRICS
from wassr.evaluation.scoring import score_folder
from wassr.ground.errors import WassrError
from wassr.models.card import Measurement
from wassr.models.modelfile import replace_card
from wassr.models.shelf import find, shipped

REFERENCE = "rlfn-s"
SPEED = "seconds_per_megapixel"
PEERS = ("rlfn-s", "dipnet", "spanv2", "smfanet")
PLOT = Path(__file__).parents[1] / "docs" / "pictures" / "quality-time.svg"


@dataclass(frozen=True)
class Result:
    """One contestant. Seconds and bytes are per output megapixel; network: without base, conversion and rounding.

    of_reference, of_plain: the network's time over that of RLFN-S, and of the same network, in plain PyTorch float32;
    ceiling: its arithmetic over that of a matrix product in the same precision; memory_whole: of the whole process.
    """

    model: str
    engine: str
    precision: str
    ours: bool
    seconds: float
    network_seconds: float
    of_reference: float | None
    of_plain: float | None
    ceiling: float
    gmac: float
    memory: float
    memory_whole: float
    psnr_y: dict[str, float]


def entries(models: Sequence[str], peers: Path | None, threads: int, size: int, folder: Path) -> list[Entry]:
    """Who takes part; peers are exported once into `folder`."""
    found = [Entry(m, engine, precision, threads) for m in models for engine, precision in WAYS]
    for name in PEERS if peers else ():
        assert peers is not None
        file = folder / f"{name}.onnx"
        export_peer(name, peers, file, size)
        found += [Entry(name, e, p, threads, str(peers), str(file)) for e, p in PEER_WAYS]
    return found


def possible(found: Sequence[Entry]) -> dict[Entry, Contestant]:
    """Those whose engine and precision run here; the others are named."""
    built: dict[Entry, Contestant] = {}
    for entry in found:
        try:
            built[entry] = build(entry)
        except WassrError as error:
            print(f"left out: {entry.title}: {error}")
    return built


def quality(entry: Entry, contestant: Contestant, data: Path | None, sets: Sequence[str]) -> dict[str, float]:
    """PSNR-Y on the sets; a peer exported for one size is taken from its plain form."""
    if data is None:
        return {}
    metrics = {"psnr_y": METRICS["psnr_y"]}
    scale = contestant.scale
    return {s: score_folder(contestant.enlarge, data / s, scale, metrics).mean("psnr_y") for s in sets}


def memory(entry: Entry, size: int) -> tuple[int, int]:
    """Peak resident bytes of a fresh process that enlarges one picture: above what it held before, and as a whole."""
    code = [sys.executable, __file__, "--memory", json.dumps(asdict(entry)), "--size", str(size)]
    ended = subprocess.run(code, capture_output=True, text=True, check=True, env={**os.environ})
    before, peak = json.loads(ended.stdout.splitlines()[-1])
    return peak - before, peak


def memory_child(entry: Entry, size: int) -> None:
    """In the fresh process: imports and weights, then one picture; prints resident bytes before and at the peak."""
    contestant = build(entry)
    before = timing.resident_memory()
    contestant.enlarge(picture(size))
    print(json.dumps([before, timing.peak_memory()]))


def picture(size: int) -> np.ndarray:
    """Something smooth with edges, uint8 (size, size, 3)."""
    y, x = np.mgrid[0:size, 0:size] / size
    waves = 0.5 + 0.3 * np.sin(9 * x + 5 * y) + 0.2 * (np.hypot(x - 0.5, y - 0.5) < 0.3)
    return (np.stack([waves, 0.9 * waves, 0.8 * waves], axis=-1).clip(0, 1) * 255).astype(np.uint8)


def measure(built: dict[Entry, Contestant], options: argparse.Namespace) -> list[Result]:
    """Time all in turns, then memory and quality of each."""
    size = options.size
    low = picture(size)
    tiles = {n: np.ascontiguousarray(low.transpose(2, 0, 1)[None, :n].astype(np.float32) / 255) for n in (1, 3)}
    tiles[4] = np.concatenate([tiles[3], np.full_like(tiles[1], 0.5)], axis=1)  # told that it is a JPEG of quality 50
    asked = {entry.precision for entry in built}  # where there is no bfloat16, its product takes seconds
    products = timing.products(options.threads).items()
    runs = {f"product {name}": run for name, run in products if name in asked}
    for entry, one in built.items():
        runs[f"whole {entry.title}"] = lambda one=one: one.enlarge(low)
        runs[f"network {entry.title}"] = lambda one=one: one.network(tiles[one.planes])
    seconds = timing.interleaved(runs, options.rounds)
    return [_result(entry, one, built, seconds, options) for entry, one in built.items()]


def _result(
    entry: Entry,
    one: Contestant,
    built: dict[Entry, Contestant],
    seconds: dict[str, list[float]],
    options: argparse.Namespace,
) -> Result:
    megapixels = (one.scale * options.size) ** 2 / 1e6
    network = seconds[f"network {entry.title}"]
    plain = next((e for e in built if e.model == entry.model and e.engine == PLAIN), None)
    reference = next((e for e in built if e.model == REFERENCE and e.engine == PLAIN), None)
    arithmetic = gmac(entry)
    speed = 2 * arithmetic * megapixels / statistics.median(network)
    above, whole = memory(entry, options.size)
    exact = plain if entry.peers and entry.engine != PLAIN and plain else entry
    return Result(
        model=Path(entry.model).stem,
        engine=entry.engine,
        precision=entry.precision,
        ours=not entry.peers,
        seconds=statistics.median(seconds[f"whole {entry.title}"]) / megapixels,
        network_seconds=statistics.median(network) / megapixels,
        of_reference=timing.ratio(network, seconds[f"network {reference.title}"]) if reference else None,
        of_plain=timing.ratio(network, seconds[f"network {plain.title}"]) if plain else None,
        ceiling=speed / timing.gigaflops(seconds[f"product {entry.precision}"]),
        gmac=arithmetic,
        memory=above / megapixels,
        memory_whole=whole,
        psnr_y=quality(exact, built[exact], options.data, options.sets),
    )


def table(results: Sequence[Result]) -> str:
    """Markdown."""
    sets = list(results[0].psnr_y)
    head = [
        "model",
        "engine",
        "precision",
        "s/MP",
        "network s/MP",
        "of RLFN-S",
        "of plain torch",
        "ceiling",
        "MB/MP",
        "MB",
    ]
    lines = [f"| {' | '.join([*head, *sets])} |", "|---" * (len(head) + len(sets)) + "|"]
    for r in results:
        ratios = ["-" if value is None else f"{value:.3f}" for value in (r.of_reference, r.of_plain)]
        cells = [r.model, r.engine, r.precision, f"{r.seconds:.3f}", f"{r.network_seconds:.3f}", *ratios]
        cells += [f"{r.ceiling:.0%}", f"{r.memory / 1e6:.0f}", f"{r.memory_whole / 1e6:.0f}"]
        cells += [f"{r.psnr_y[s]:.2f}" for s in sets]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def comparable(results: Sequence[Result]) -> list[Result]:
    """Those that do the peers' work, x4 of clean pictures: PSNR of other scales and inputs lies elsewhere."""
    cards = {r.model: find(r.model).card for r in results if r.ours}
    return [r for r in results if not r.ours or (cards[r.model].scale, cards[r.model].inputs) == (4, "clean")]


def write_cards(results: Sequence[Result], options: argparse.Namespace, where: str) -> None:
    """The fastest OpenVINO time of each of our models, where `wassr models` finds it."""
    for model in dict.fromkeys(r.model for r in results if r.ours):
        best = min((r for r in results if r.model == model and r.engine == "openvino"), key=lambda r: r.seconds)
        protocol = f"{options.size}x{options.size}, openvino {best.precision}, {options.threads} threads, {where}"
        measured = Measurement(data="", metric=SPEED, value=round(best.seconds, 4), unit="s", protocol=protocol)
        file = find(model)
        for path in file.files:
            replace_card(path, merged(file.card, [measured]))


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", metavar="MODEL", help="shipped names or files; all shipped by default")
    parser.add_argument("--peers", type=Path, metavar="PEERS_DIR")
    parser.add_argument("--data", type=Path, metavar="TEST_DIR", help="for PSNR-Y")
    parser.add_argument("--set", nargs="+", dest="sets", default=["Set5", "Set14"], metavar="SET")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--size", type=int, default=256, help="side of the input")
    parser.add_argument(
        "--save",
        action="store_true",
        help=f"write the plot and {machine.SPEEDS.format('enlarge')}",
    )
    parser.add_argument("--plot", type=Path, help="write the plot here")
    parser.add_argument(
        "--write-card", action="store_true", help="put s/MP of the default engine into each model's card"
    )
    parser.add_argument("--memory", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> int:
    options = parse()
    if options.memory:
        memory_child(Entry(**json.loads(options.memory)), options.size)
        return 0
    here = machine.begin()
    with tempfile.TemporaryDirectory() as folder:
        models = options.models or list(shipped())
        found = entries(models, options.peers, options.threads, options.size, Path(folder))
        if not found:
            print("nothing to measure: no shipped models, none named, no --peers")
            return 1
        results = measure(possible(found), options)
    print(table(results))
    if options.write_card:
        write_cards(results, options, here.line())
    if options.save:
        name = machine.speeds("enlarge", here.features)
        print(f"written: {machine.save(name, here, _settings(options, results), markdown=table(results))}")
    if options.plot or (options.save and options.data):
        from plots import quality_against_time

        target = options.plot or PLOT.with_stem(machine.speeds(PLOT.stem, here.features))
        quality_against_time(comparable(results), options.sets[-1], here.line(), target)
        print(f"written: {target}")
    return 0


def _settings(options: argparse.Namespace, results: Sequence[Result]) -> dict[str, object]:
    return {
        "input": f"{options.size}x{options.size}",
        "threads": options.threads,
        "rounds": options.rounds,
        "protocol": "seconds: medians of interleaved rounds; ratios: medians of the rounds' ratios of network times",
        "psnr_y": f"{METRICS['psnr_y'].protocol}; peers in OpenVINO: of their plain form",
        "contestants": results,
    }


if __name__ == "__main__":
    raise SystemExit(main())
