"""Members of the GAN family side by side: one start, the same crops, equal time, at fixed weight and at fixed ratio.

python benchmarks/arms.py --data PICTURES --valid VALID --minutes 2 [--threads 1] [--only wgan-gp srgan]

Each arm trains the adversarial stage of a small recipe from the start model, in runs/arms/NAME (a run that is there
goes on, or is taken as it is). Then all final models are scored on the validation pictures; docs/adversarial.md gets
the table between its markers, docs/pictures/arms.png a strip of crops, benchmarks/results/arms/NAME.jsonl the logs.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import machine
import numpy as np
import readme
from PIL import Image, ImageDraw, ImageFont

from wassr import Upscaler
from wassr.evaluation.choice import choose_metrics
from wassr.evaluation.comparison import Comparison, compare
from wassr.evaluation.sets import find_sets
from wassr.evaluation.subjects import subject
from wassr.ground.errors import WassrError
from wassr.pixels.formats import read_picture
from wassr.pixels.picture import to_array
from wassr.pixels.resize import shrink
from wassr.training.loop import train
from wassr.training.runlog import Entry, read_log, series
from wassr.training.shelf import find_recipe
from wassr.training.state import read_numbers, saved_states
from wassr.training.stopping import Stopped
from wassr.upscaling.engines import Wish

ROOT = Path(__file__).parent.parent
RUNS = ROOT / "runs" / "arms"
LOGS = Path(__file__).parent / "results" / "arms"
PAGE = ROOT / "docs" / "adversarial.md"
STRIP = ROOT / "docs" / "pictures" / "arms.png"
METRICS = ("psnr_y", "lpips", "niqe", "lr_consistency")
SIDE = 96  # of the crops in the strip, high-resolution pixels
RATIO = 0.3

ADAM = "{kind: adam, rate: 1.0e-4, betas: [0.0, 0.9]}"
SLOW = "{kind: adam, rate: 1.0e-4, betas: [0.9, 0.999]}"
RMSPROP = "{kind: rmsprop, rate: 5.0e-5}"
TENSORFLOW = "{kind: rmsprop-tensorflow, rate: 1.0e-4, smoothing: 0.9, epsilon: 1.0e-10}"


@dataclass(frozen=True)
class Arm:
    """A preset with the critic and the optimisers that belong to it."""

    preset: str
    critic: str
    arguments: str
    optimizer: str
    more: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What became of an arm: numbers on validation pictures, and what its log says."""

    name: str
    word: str
    steps: int
    steps_a_second: float
    ratios: tuple[float, float, float]  # first, median, last
    separation: float
    own_consistency: float  # of the network's output before back-projection, dB
    guarded: int


def changes(arm: Arm, by_ratio: bool, minutes: float, threads: int, start: str) -> tuple[str, ...]:
    """KEY=VALUE over the recipe wassr-x4."""
    ratio = f", weight: null, ratio: {RATIO}" if by_ratio else ""
    return (
        f"threads={threads}",
        f"adversarial.start={start}",
        "adversarial.steps=null",
        f"adversarial.minutes={minutes}",
        f"adversarial.critic.network={arm.critic}",
        f"adversarial.critic.arguments={arm.arguments}",
        f"adversarial.critic.optimizer={arm.optimizer}",
        f"adversarial.optimizer={arm.optimizer}",
        f"adversarial.adversarial={{preset: {arm.preset}{ratio}}}",
        "adversarial.loss={l1: 1}",
        "adversarial.log_every=10",
        "adversarial.validate_every=50",
        *arm.more,
    )


def run(name: str, arm: Arm, by_ratio: bool, options: argparse.Namespace) -> Path | None:
    """The final model of an arm, trained if it is not there; None when the run was given up."""
    folder = RUNS / name
    recipe = find_recipe(
        "wassr-x4",
        (
            f"data.train=[{options.data}]",
            f"data.valid=[{options.valid}]",
            f"name={name}",
            *changes(arm, by_ratio, options.minutes, options.threads, options.start),
        ),
    )
    try:
        return train(recipe, folder, say=lambda line: print(f"{name}: {line}", flush=True))
    except Stopped:
        raise
    except WassrError as error:
        print(f"{name}: given up: {error}", flush=True)
        return None


def outcome(name: str, ended: bool, comparison: Comparison | None, start: str) -> Outcome:
    """The word of the table, by the definitions of docs/adversarial.md, and the curves' ends."""
    entries = read_log(RUNS / name / "log.jsonl")
    ratios = [value for _, value in series(entries, "critic/ratio")] or [0.0]
    steps = max((e.step for e in entries), default=0)
    speeds = seconds_of(RUNS / name)
    return Outcome(
        name=name,
        word=word(name, ended, comparison, start),
        steps=steps,
        steps_a_second=steps / speeds if speeds else 0.0,
        ratios=(ratios[0], statistics.median(ratios), ratios[-1]),
        separation=last(entries, "critic/separation"),
        own_consistency=last(entries, "valid/lr_consistency"),
        guarded=sum(e.tag == "guard" for e in entries),
    )


def word(name: str, ended: bool, comparison: Comparison | None, start: str) -> str:
    """crash; diverged (6 dB below the start, or LR-consistency under 30 dB); no effect (LPIPS above 0.97 of the start's
    and PSNR-Y within 0.1 dB); better (LPIPS at most 0.9 of the start's); else some effect."""
    if not ended or comparison is None:
        return "crash"
    data = comparison.rows[0].score.data
    mine, before = comparison.score(name, data), comparison.score(start, data)
    lost, lpips = before.mean("psnr_y") - mine.mean("psnr_y"), mine.mean("lpips") / before.mean("lpips")
    if lost > 6 or mine.mean("lr_consistency") < 30:
        return "diverged"
    if lpips > 0.97 and abs(lost) < 0.1:
        return "no effect"
    return "better" if lpips <= 0.9 else "worse" if lpips > 1 else "some effect"


def seconds_of(folder: Path) -> float:
    """Training time of a run's stage."""
    saved = saved_states(folder / "state")
    return read_numbers(saved[-1]).seconds if saved else 0.0


def last(entries: list[Entry], tag: str) -> float:
    """The last value of a curve, NaN where there is none."""
    points = series(entries, tag)
    return points[-1][1] if points else float("nan")


def table(outcomes: Sequence[Outcome], comparison: Comparison, start: str) -> str:
    """Markdown, with the protocol below."""
    data = comparison.rows[0].score.data
    lines = [
        "| arm | outcome | PSNR-Y | LPIPS | NIQE | LR-consistency (own output) | r first / median / last | separation "
        "| steps | steps/s |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    known = {row.model for row in comparison.rows}
    for one in (None, *outcomes):
        name = one.name if one else start
        score = comparison.score(name, data) if name in known else None
        cells = [f"{score.mean(m):.{d}f}" for m, d in zip(METRICS, (2, 3, 2, 1), strict=True)] if score else ["-"] * 4
        if one is None:
            lines.append(f"| {name} (the start) | | {' | '.join(cells)} | | | | |")
            continue
        cells[3] += f" ({one.own_consistency:.1f})"
        said = one.word + (f", {one.guarded} guard events" if one.guarded else "")
        ratios = " / ".join(f"{r:.2g}" for r in one.ratios)
        lines.append(
            f"| {name} | {said} | {' | '.join(cells)} | {ratios} | {one.separation:.2f} | {one.steps} | "
            f"{one.steps_a_second:.1f} |"
        )
    lines.append("")
    lines += [f"{name}: {metric.protocol}" for name, metric in comparison.metrics.items()]
    return "\n".join(lines)


def strip(models: Sequence[tuple[str, Path | str]], picture: Path, top: int, left: int) -> None:
    """The same crop of each, eight in a row, labelled."""
    high = to_array(read_picture(picture), np.uint8)
    high = high[: high.shape[0] // 4 * 4, : high.shape[1] // 4 * 4]
    low = shrink(high, 4)
    cells = [("original", high)]
    cells += [(name, np.asarray(Upscaler(str(model))(low))) for name, model in models]
    columns, line = 8, 16
    rows = -(-len(cells) // columns)
    sheet = Image.new("RGB", (columns * (2 * SIDE + 4), rows * (2 * SIDE + line)), "white")
    draw = ImageDraw.Draw(sheet)
    for number, (name, levels) in enumerate(cells):
        x, y = number % columns * (2 * SIDE + 4), number // columns * (2 * SIDE + line)
        draw.text((x + 2, y + 2), name, fill="black", font=ImageFont.load_default(11))
        crop = Image.fromarray(levels[top : top + SIDE, left : left + SIDE])
        sheet.paste(crop.resize((2 * SIDE, 2 * SIDE), Image.Resampling.NEAREST), (x, y + line))
    STRIP.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(STRIP, optimize=True)
    print(f"wrote {STRIP.relative_to(ROOT)}")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--valid", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=2.0, help="of each arm")
    parser.add_argument("--threads", type=int, default=0, help="1: run halves of --only side by side")
    parser.add_argument("--start", default="compact-x4")
    parser.add_argument("--only", nargs="+", choices=list(ARMS), default=list(ARMS))
    options = parser.parse_args(arguments)
    here = machine.describe()
    models: dict[str, Path | None] = {}
    for key in options.only:
        for by_ratio in (False, True):
            name = f"{key}-{'ratio' if by_ratio else 'weight'}"
            models[name] = run(name, ARMS[key], by_ratio, options)
    ended = {name: path.with_suffix(".onnx") for name, path in models.items() if path is not None}
    subjects = [subject(options.start, 4, Wish()), *(subject(str(path), 4, Wish()) for path in ended.values())]
    comparison = compare(subjects, find_sets([options.valid]), choose_metrics(METRICS), options.start)
    outcomes = [outcome(name, name in ended, comparison, options.start) for name in models]
    text = table(outcomes, comparison, options.start)
    print(text)
    LOGS.mkdir(parents=True, exist_ok=True)
    for name in models:
        shutil.copy(RUNS / name / "log.jsonl", LOGS / f"{name}.jsonl")
    strip([(options.start, options.start), *ended.items()], ROOT / "examples" / "train" / "town.webp", 200, 200)
    threads = f", {options.threads} thread" if options.threads == 1 else ""
    words = f"{text}\n\n{options.minutes:g} minutes each from {options.start}{threads}; {here.line()}"
    readme.put(PAGE, {"arms": words})
    return 0


CONSISTENT = ("generator.consistency_in_training=true",)  # back-projection inside training

ARMS: dict[str, Arm] = {
    "srgan": Arm("srgan", "vgg", "{width: 32}", SLOW),
    "srgan-consistent": Arm("srgan", "vgg", "{width: 32}", SLOW, CONSISTENT),
    "wgan-fork": Arm("wgan-clip-all", "dcgan", "{width: 16}", TENSORFLOW),
    "wgan-clip-all": Arm("wgan-clip-all", "vgg", "{width: 32}", RMSPROP),
    "wgan-clip": Arm("wgan-clip", "vgg", "{width: 32}", RMSPROP),
    "wgan-gp": Arm("wgan-gp", "vgg", "{width: 32, normalisation: layer}", ADAM),
    "wgan-lp": Arm("wgan-lp", "vgg", "{width: 32, normalisation: layer}", ADAM),
    "hinge-sn": Arm("hinge-sn", "vgg", "{width: 32, normalisation: none}", ADAM),
    "ragan": Arm("ragan", "vgg", "{width: 32}", "{kind: adam, rate: 1.0e-4, betas: [0.9, 0.99]}"),
    "lsgan": Arm("lsgan", "vgg", "{width: 32}", "{kind: adam, rate: 1.0e-4, betas: [0.5, 0.999]}"),
    "rpgan": Arm("rpgan-r1r2", "vgg", "{width: 32, normalisation: none}", ADAM),
}

if __name__ == "__main__":
    raise SystemExit(main())
