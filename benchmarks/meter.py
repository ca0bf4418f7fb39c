"""What watching costs: seconds of one validation with all its curves against the training between two of them.

python benchmarks/meter.py --data PICTURES --valid VALID [--features VGG16.safetensors] [--only RECIPE] [--save]

For every recipe with an adversarial stage at its default interval: a generator step, the critic's curves on held-out
crops (`meter`), the averaged model on the held-out pictures (`validation`), and their share of the training time.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import machine
import readme
import torch
from train import prepare

from wassr.data.folders import find_pictures, load_pictures
from wassr.data.stream import Key
from wassr.models.build import enlarge
from wassr.training import make, validation
from wassr.training.batches import stream_of
from wassr.training.meter import Meter
from wassr.training.precision import precision_here
from wassr.training.recipe import AdversarialStage
from wassr.training.shelf import find_recipe, shipped_recipes

PROMISED = 0.1
PAGE = Path(__file__).parent.parent / "docs" / "meter.md"


@dataclass(frozen=True)
class Result:
    """step, meter, validation: seconds, medians. every: steps between validations. share: watching over training."""

    recipe: str
    every: int
    step: float
    meter: float
    validation: float
    share: float


def seconds(run: Callable[[], object], rounds: int) -> float:
    """Median, after one run to be warm."""
    run()
    found = []
    for _ in range(rounds):
        began = time.perf_counter()
        run()
        found.append(time.perf_counter() - began)
    return statistics.median(found)


def measure(name: str, options: argparse.Namespace) -> Result:
    """One recipe, from fresh networks: their weights do not change the time."""
    wanted = [f"data={options.data}", f"data.valid=[{options.valid}]"]
    recipe = find_recipe(name, tuple(wanted))
    if options.features and recipe.adversarial and recipe.adversarial.loss.feature:
        recipe = find_recipe(name, (*wanted, f"adversarial.loss.feature_weights={options.features}"))
    recipe = precision_here(recipe, "", print)
    spec = recipe.adversarial
    assert isinstance(spec, AdversarialStage)
    scale = recipe.generator.scale
    pictures = load_pictures(find_pictures([options.data])[: options.pictures], 256, 4.0)
    pairs = validation.validation_pairs(find_pictures([options.valid]), scale, spec.crop)
    stream = stream_of(recipe, spec, pictures)
    step = prepare(recipe, "adversarial", lambda index: stream.make(Key("generator", index)), False)
    start = make.new_generator(recipe)
    state = make.new_state(recipe, "adversarial", start, 0.0, 0)
    state.step = 1
    anchors = {"bicubic": lambda low: enlarge(low[:, :3], "bicubic", scale), "start": start.eval()}
    meter = Meter(spec, pairs, scale, stream.make, anchors, recipe.precision == "bfloat16", stream.quality_plane)
    now = validation.enlarger(state.average, recipe)
    each = seconds(step.run, options.rounds)
    curves = seconds(lambda: meter(state), max(options.rounds // 2, 1))
    looks = seconds(lambda: validation.validate(now, pairs, scale), max(options.rounds // 2, 1))
    return Result(name, spec.validate_every, each, curves, looks, (curves + looks) / (each * spec.validate_every))


def table(results: list[Result]) -> str:
    """Markdown."""
    lines = [
        "| recipe | step, s | steps between | meter, s | validation, s | share of training |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {r.recipe} | {r.step:.2f} | {r.every} | {r.meter:.1f} | {r.validation:.1f} | {r.share:.1%} |"
        for r in results
    ]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--valid", type=Path, required=True)
    parser.add_argument("--features", type=Path, help="VGG16 trunk for the recipes with a feature loss")
    gans = [name for name in shipped_recipes() if find_recipe(name).adversarial and name != "demo"]
    parser.add_argument("--only", nargs="+", choices=gans, default=gans)
    parser.add_argument("--pictures", type=int, default=20, help="how many are decoded")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--save", action="store_true", help="write benchmarks/results/meter.json and the table of docs/meter.md"
    )
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    here = machine.begin()
    results = []
    for name in options.only:  # minutes each, on SRResNet
        results.append(measure(name, options))
        print(table(results).splitlines()[-1], flush=True)
    print(table(results))
    worst = max(results, key=lambda result: result.share)
    print(f"largest share {worst.share:.1%} ({worst.recipe}), promised {PROMISED:.0%}")
    if options.save:
        print(f"written: {machine.save('meter', here, results, markdown=table(results))}")
        readme.put(PAGE, {"meter": f"{table(results)}\n\n{here.line()}"})
    return int(worst.share > PROMISED)


if __name__ == "__main__":
    raise SystemExit(main())
