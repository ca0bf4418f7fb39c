"""What helps at equal cost: a recipe's content stage for some hundreds of steps, one change at a time.

python benchmarks/ablate.py compact-x4 --data DIR --valid DIR --steps 500 \\
    --case "rate 2e-3: content.optimizer.rate=2e-3" \\
    --case "teacher: content.teacher={model: runs/teachers/rlfn-s-x4.onnx}"

Prints a row for each case: PSNR-Y on the validation pictures half-way and at the end, PSNR-RGB at the end, steps a
second, teacher and stream included. Short runs rank what learns fast; they say little about where a long run ends.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import machine

from wassr.training.loop import train
from wassr.training.runlog import read_log, series
from wassr.training.shelf import find_recipe
from wassr.training.state import read_numbers, saved_states

EMA = 0.99  # short runs: an average over a tenth of them


@dataclass(frozen=True)
class Case:
    """A name and what it changes, KEY=VALUE separated by spaces outside brackets."""

    name: str
    changes: tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """What came out. half, end: PSNR-Y in dB, validation; rgb: PSNR-RGB at the end."""

    case: str
    half: float
    end: float
    rgb: float
    steps_a_second: float


def case(text: str) -> Case:
    """`NAME: KEY=VALUE KEY=VALUE`; values in brackets may hold spaces."""
    name, _, rest = text.partition(":")
    changes: list[str] = []
    for word in rest.split():
        if changes and changes[-1].count("{") + changes[-1].count("[") > changes[-1].count("}") + changes[-1].count(
            "]"
        ):
            changes[-1] += f" {word}"
        else:
            changes.append(word)
    return Case(name.strip(), tuple(changes))


def run(recipe: str, one: Case, data: Path, valid: Path | None, steps: int, start: str | None) -> Row:
    """Train it in a folder that is gone afterwards."""
    half = max(steps // 2, 1)
    plan = find_recipe(
        recipe,
        (
            f"data={data}",
            *([f"data.valid=[{valid}]"] if valid else []),
            "content.minutes=null",
            f"content.steps={steps}",
            f"content.ema={EMA}",
            f"content.validate_every={half}",
            f"content.log_every={half}",
            f"content.save_every={steps}",
            *one.changes,
        ),
    )
    with tempfile.TemporaryDirectory() as folder:
        train(plan, Path(folder) / "run", start, say=lambda line: None)
        log = read_log(Path(folder) / "run" / "log.jsonl")
        curve, rgb = (dict(series(log, f"valid/{name}")) for name in ("psnr_y", "psnr_rgb"))
        seconds = read_numbers(saved_states(Path(folder) / "run" / "state")[-1]).seconds
    return Row(one.name, curve[half], curve[steps], rgb[steps], steps / seconds)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--valid", type=Path)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--from", dest="start", help="begin from this model")
    parser.add_argument("--case", type=case, action="append", default=[], metavar="NAME: KEY=VALUE ...")
    options = parser.parse_args(arguments)
    print("| case | half | end | RGB | steps/s |\n|---|---|---|---|---|")
    for one in [Case("as the recipe says", ()), *options.case]:
        row = run(options.recipe, one, options.data, options.valid, options.steps, options.start)
        print(f"| {row.case} | {row.half:.2f} | {row.end:.2f} | {row.rgb:.2f} | {row.steps_a_second:.1f} |", flush=True)
    print(machine.describe().line())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
