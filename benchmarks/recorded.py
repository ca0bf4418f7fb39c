"""Runs of each class that the verdict knows, two seeds of each: to choose its thresholds on, and to check them.

python benchmarks/recorded.py --data PICTURES --valid VALID [--only good lagging] [--seeds 0 1]

Each is a stage of a few minutes from compact-x4 with one thing done wrong on purpose (or nothing: good). The logs go
to benchmarks/results/recorded/NAME-SEED.jsonl: thresholds are chosen on one seed of each class and checked on the other
(benchmarks/thresholds.py). A run that is there goes on or is taken as it is.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from wassr.data.folders import find_pictures
from wassr.ground.errors import WassrError
from wassr.training.course import courses
from wassr.training.loop import train
from wassr.training.runlog import read_log
from wassr.training.shelf import find_recipe
from wassr.training.stopping import Stopped
from wassr.training.verdict import judge

ROOT = Path(__file__).parent.parent
RUNS = ROOT / "runs" / "recorded"
LOGS = Path(__file__).parent / "results" / "recorded"
HELD_OUT = 8  # pictures, middles of 256: watching would cost more than training otherwise
SIDE = 256

COMMON = (
    "threads=1",  # crops this small leave a second thread waiting: run the seeds side by side instead
    "adversarial.minutes=null",
    "adversarial.steps=240",
    "adversarial.batch=4",
    "adversarial.crop=64",
    "adversarial.critic.arguments={width: 32}",
    "adversarial.schedule={kind: constant}",
    "adversarial.loss={l1: 1}",
    "adversarial.ema=0.95",
    "adversarial.log_every=24",
    "adversarial.validate_every=24",
)
PAIRING = "preset: rpgan-r1r2, weight: null"
FEW = "{few}"  # stands for a folder with a single small picture

CLASSES: dict[str, tuple[str, ...]] = {
    "good": (
        "adversarial.critic.network=vgg",
        "adversarial.critic.arguments={width: 24, normalisation: none}",
        "adversarial.critic.optimizer={kind: adam, rate: 2.0e-4, betas: [0.0, 0.9]}",
        "adversarial.adversarial={preset: hinge-sn, weight: null, ratio: 0.15}",
        "adversarial.optimizer.rate=5e-5",
        "adversarial.loss={l1: 1, raster: 4}",
    ),
    # a generator far faster than its critic: what the critic knows is of one that is gone
    "lagging": (
        f"adversarial.adversarial={{{PAIRING}, ratio: 10.0}}",
        "adversarial.optimizer.rate=1e-3",
    ),
    "no-effect": (
        "adversarial.adversarial={preset: wgan-clip-all}",
        "adversarial.critic.network=vgg",
        "adversarial.critic.arguments={width: 16}",
        "adversarial.critic.optimizer={kind: rmsprop, rate: 5.0e-5}",
        "adversarial.optimizer={kind: rmsprop, rate: 1.0e-6}",
    ),
    # a critic that does not learn pushes three times as hard as the content pulls, always the same way
    "diverging": (
        "adversarial.adversarial={preset: wgan-gp, critic_steps: 1, weight: null, ratio: 3.0}",
        "adversarial.critic.optimizer.rate=1e-8",
        "adversarial.optimizer.rate=5e-4",
    ),
    "over-trained": (
        f"data.train=[{FEW}]",
        f"adversarial.adversarial={{{PAIRING}, ratio: 0.1}}",
        "adversarial.optimizer.rate=1e-4",
        "adversarial.steps=480",
    ),
    "memorising": (
        f"data.train=[{FEW}]",
        "adversarial.critic.network=vgg",
        "adversarial.critic.arguments={width: 24, normalisation: none}",
        "adversarial.adversarial={objective: vanilla, critic_steps: 4, weight: null, ratio: 0.1}",
        "adversarial.critic.optimizer.rate=1e-4",
    ),
    "oscillating": (
        f"adversarial.adversarial={{{PAIRING}, ratio: 1.0}}",
        "adversarial.optimizer={kind: adam, rate: 5.0e-4, betas: [0.9, 0.99]}",
        "adversarial.steps=192",
        "adversarial.ema=0",
    ),
}


def held_out(valid: Path) -> Path:
    """A folder with the middles of a few validation pictures, made once."""
    folder = RUNS / "valid"
    folder.mkdir(parents=True, exist_ok=True)
    for path in find_pictures([str(valid)])[:HELD_OUT]:
        with Image.open(path) as opened:
            left, top = (opened.width - SIDE) // 2, (opened.height - SIDE) // 2
            opened.convert("RGB").crop((left, top, left + SIDE, top + SIDE)).save(folder / f"{path.stem}.png")
    return folder


def few(data: Path) -> Path:
    """A folder with one picture of 72 x 72."""
    folder = RUNS / "few"
    folder.mkdir(parents=True, exist_ok=True)
    with Image.open(find_pictures([str(data)])[0]) as opened:
        opened.convert("RGB").crop((200, 200, 272, 272)).save(folder / "one.png")
    return folder


def record(name: str, seed: int, data: Path, valid: Path) -> str:
    """Train one run and keep its log; the verdict on it."""
    title = f"{name}-{seed}"
    changes = [change.replace(FEW, str(few(data))) for change in CLASSES[name]]
    given = (f"data={data}", f"data.valid=[{valid}]", f"name={title}", f"seed={seed}", *COMMON, *changes)
    folder = RUNS / title
    try:
        train(find_recipe("wassr-wgan-x4", given), folder, say=lambda line: None)
    except Stopped:
        raise
    except WassrError as error:  # the guard gave up: that is a class of its own
        if not (folder / "log.jsonl").exists():
            raise
        print(f"{title}: {error}")
    LOGS.mkdir(parents=True, exist_ok=True)
    shutil.copy(folder / "log.jsonl", LOGS / f"{title}.jsonl")
    return judge(courses(read_log(LOGS / f"{title}.jsonl"))[-1]).line()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--valid", type=Path, required=True)
    parser.add_argument("--only", nargs="+", choices=list(CLASSES), default=list(CLASSES))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1])
    options = parser.parse_args(arguments)
    valid = held_out(options.valid)
    for seed in options.seeds:
        for name in options.only:
            print(f"{name}-{seed}: {record(name, seed, options.data, valid)}", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
