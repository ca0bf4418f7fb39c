"""Does a network that is told the quality of its JPEG do better than one that must see for itself?

python benchmarks/conditioning.py --data PICTURES --valid VALID --minutes 20 [--start compact-x4] --save

Two arms with the body of the start and its weights, on the same crops, for equal time or steps, by the optimiser,
schedule and loss of the recipe wassr-jpeg-x4-faithful. Each low side is saved once, at a quality from 10 to 95. The
blind arm gets the three colours; the other one the plane of the quality too, whose weights begin at zero, so that
both arms begin equal. Then both enlarge the validation pictures (their middles), saved as real files at five
qualities. The told arm does so with the true quality, with the one that wassr reads from the file, and with the one
that it finds in the pixels alone, as of a JPEG that was saved again without loss.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import machine
import numpy as np
import torch

from wassr.data.decoded import Levels
from wassr.data.folders import Pictures
from wassr.data.stream import with_quality
from wassr.evaluation.compressed import Saved, codec, jpeg_file
from wassr.evaluation.metrics import psnr_rgb, psnr_y
from wassr.evaluation.statistics import Paired, paired
from wassr.models.build import Generator
from wassr.models.shelf import find
from wassr.networks.facts import QUALITY_PLANE
from wassr.pixels.formats import read_picture
from wassr.pixels.jpeg_traces import history
from wassr.pixels.picture import Floats, Picture
from wassr.pixels.resize import to_levels
from wassr.training import make
from wassr.training.batches import StepBatches, stream_of
from wassr.training.clock import Clock
from wassr.training.losses import content_loss
from wassr.training.material import load_material
from wassr.training.optimizers import OPTIMIZERS, rate_factor
from wassr.training.precision import precision_here
from wassr.training.recipe import Recipe
from wassr.training.running import share
from wassr.training.shelf import find_recipe
from wassr.training.state import State, averaged
from wassr.training.step import content_step
from wassr.training.validation import Pair

RECIPE = "wassr-jpeg-x4-faithful"
CHAIN = '[{jpeg: {quality: [10, 95], chroma: {"4:2:0": 0.6, "4:2:2": 0.1, "4:4:4": 0.3}}}]'
QUALITIES = (10, 30, 50, 70, 90)
METRICS = {"PSNR-RGB": psnr_rgb, "PSNR-Y": psnr_y}
ALL = "all"  # qualities

Values = list[dict[str, float]]  # of each picture: metric -> dB


@dataclass(frozen=True)
class Row:
    """One way at one quality of the input. mean: over pictures, dB; gain: over the blind arm, of the same pictures.

    error: mean distance of the quality that the arm was told to the true one.
    """

    quality: str
    metric: str
    way: str
    mean: float
    gain: Paired | None
    error: float | None


@dataclass(frozen=True)
class Report:
    """Everything. steps: that each arm was trained for."""

    start: str
    steps: dict[str, int]
    pictures: int
    rows: list[Row]


def train(generator: Generator, recipe: Recipe, pictures: Pictures) -> tuple[Generator, int]:
    """The average after the content stage of a recipe, and the steps it took."""
    spec = make.stage_of(recipe, "content")
    content = content_loss(spec.loss, recipe.generator.scale)
    optimizer = OPTIMIZERS[spec.optimizer.kind](generator.parameters(), spec.optimizer)
    state = State("content", recipe.seed, generator.train(), averaged(generator), optimizer)
    clock = Clock()
    with stream_of(recipe, spec, pictures) as stream:
        while share(state, spec) < 1:
            for group in optimizer.param_groups:
                group["lr"] = spec.optimizer.rate * rate_factor(spec.schedule, state.step, share(state, spec))
            content_step(state, StepBatches(stream, state.step, spec, clock=clock), content, spec.clip_norm)
            state.step += 1
            state.update_average(spec.ema)
            state.seconds += clock.end()
    return state.average, state.step


@torch.no_grad()
def enlarged(generator: Generator, low: Floats, quality: int | None) -> Levels:
    """The result (H, W, 3), 8 bit, for a picture (h, w, 3); quality: what the generator is told, None: it is blind."""
    planes = torch.from_numpy(np.ascontiguousarray(low.transpose(2, 0, 1)))[None]
    given = planes if quality is None else with_quality(planes, [quality])
    return to_levels(255 * generator(given)[0].permute(1, 2, 0).numpy())


def scores(blind: Generator, told: Generator, pairs: Sequence[Pair]) -> list[Row]:
    """Both arms on the pictures' clean low sides, saved as files at all qualities."""
    values: dict[tuple[str, int], Values] = {}
    errors: dict[tuple[str, int], list[int]] = {}
    for quality in QUALITIES:
        for pair in pairs:
            picture = read_picture(jpeg_file(pair.undegraded, Saved(quality)))
            results: dict[int, dict[str, float]] = {}
            for way, quality_of in WAYS.items():
                said = quality_of(picture, quality)
                if said not in results:
                    results[said] = _measured(enlarged(told, picture.colour, said), pair, told.scale)
                values.setdefault((way, quality), []).append(results[said])
                errors.setdefault((way, quality), []).append(abs(said - quality))
            found = _measured(enlarged(blind, picture.colour, None), pair, blind.scale)
            values.setdefault(("blind", quality), []).append(found)
    return [
        _row(values, errors, str(quality), metric, way, qualities)
        for quality, qualities in [*((q, (q,)) for q in QUALITIES), (ALL, QUALITIES)]
        for metric in METRICS
        for way in ("blind", *WAYS)
    ]


def _measured(made: Levels, pair: Pair, scale: int) -> dict[str, float]:
    return {name: metric(made, pair.high, scale) for name, metric in METRICS.items()}


def _row(
    values: dict[tuple[str, int], Values],
    errors: dict[tuple[str, int], list[int]],
    name: str,
    metric: str,
    way: str,
    qualities: Sequence[int],
) -> Row:
    mine, blind = (
        np.mean([[one[metric] for one in values[who, quality]] for quality in qualities], axis=0)
        for who in (way, "blind")
    )
    if way == "blind":
        return Row(name, metric, way, float(mine.mean()), None, None)
    error = float(np.mean([errors[way, quality] for quality in qualities]))
    return Row(name, metric, way, float(mine.mean()), paired(mine, blind), error)


def table(report: Report) -> str:
    """Markdown: a line for each quality and metric, a column for each way."""
    lines = [f"| quality | dB | blind | {' | '.join(WAYS)} |", "|---" * (3 + len(WAYS)) + "|"]
    for quality in dict.fromkeys(row.quality for row in report.rows):
        for metric in METRICS:
            cells = [_cell(row) for row in report.rows if (row.quality, row.metric) == (quality, metric)]
            lines.append(f"| {quality} | {metric} | {' | '.join(cells)} |")
    errors = {row.way: row.error for row in report.rows if row.quality == ALL}
    steps = ", ".join(f"{arm} {count}" for arm, count in report.steps.items())
    lines += [
        "",
        f"From {report.start}; steps: {steps}; middles of {report.pictures} validation pictures, 4:2:0, {codec()}. In "
        "brackets the 95 % interval of the difference to the blind arm, picture by picture. Mean error of the quality: "
        f"{', '.join(f'{way} {errors[way]:.1f}' for way in WAYS)}.",
    ]
    return "\n".join(lines)


def _cell(row: Row) -> str:
    if row.gain is None:
        return f"{row.mean:.3f}"
    return f"{row.mean:.3f}, {row.gain.difference:+.3f} ({row.gain.low:+.3f} to {row.gain.high:+.3f})"


def plan(data: Path, valid: Path | None, length: str, start: str, changes: Sequence[str] = ()) -> dict[str, Recipe]:
    """The recipes of both arms. length: `minutes=20` or `steps=1000`, of each; start: whose body they have."""
    other = "steps" if length.startswith("minutes") else "minutes"
    common = (
        f"data={data}",
        *([f"data.valid=[{valid}]"] if valid else []),
        f"data.degradations={CHAIN}",
        "content.teacher=null",
        f"content.{other}=null",
        f"content.{length}",
        *changes,
    )
    body = find(start).card.arguments
    return {
        arm: find_recipe(RECIPE, (*common, f"generator.arguments={json.dumps({**body, QUALITY_PLANE: told})}"))
        for arm, told in (("blind", False), ("told", True))
    }


def compare(plans: dict[str, Recipe], start: str, say: Callable[[str], None] = print) -> Report:
    """Train both arms and score them."""
    material = load_material(plans["blind"], say)
    arms, steps = {}, {}
    for name, recipe in plans.items():
        recipe = precision_here(recipe, "", say)
        begin, _ = make.start_from(recipe, start, other_scale=True)
        arms[name], steps[name] = train(begin, recipe, material.pictures)
        say(f"{name}: {steps[name]} steps")
    return Report(start, steps, len(material.pairs), scores(arms["blind"], arms["told"], material.pairs))


WAYS: dict[str, Callable[[Picture, int], int]] = {
    "told the true quality": lambda picture, quality: quality,
    "told what the file says": lambda picture, quality: history(picture).told,
    "told what the pixels show": lambda picture, quality: history(replace(picture, jpeg=None)).told,
}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--valid", type=Path)
    parser.add_argument("--start", default="compact-x4", help="a blind model of compact, name or file")
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--minutes", type=float, help="of each arm")
    length.add_argument("--steps", type=int, help="of each arm")
    parser.add_argument("--save", action="store_true", help="write benchmarks/results/conditioning.json")
    options = parser.parse_args(arguments)
    here = machine.begin()
    asked = f"steps={options.steps}" if options.steps else f"minutes={options.minutes}"
    report = compare(plan(options.data, options.valid, asked, options.start), options.start)
    text = table(report)
    print(text)
    if options.save:
        print(f"written: {machine.save('conditioning', here, report, markdown=text)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
