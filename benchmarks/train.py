"""Training speed: images a second of whole steps against plain float32, and crops a second of the stream.

python benchmarks/train.py --data PICTURES [--features vgg16_features.safetensors] [--rounds 5] [--save]

The trainer's own steps on real crops, in the recipes' settings (bfloat16 convolutions, channels last), in turns with
the same steps in plain float32. BasicSR's are reported at 19 to 21 images/s (content) and 3.9 (adversarial, with VGG19)
on a machine of this kind, batch 16, crop 96.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import machine
import timing
import torch

from wassr.data.folders import Pictures, find_pictures, load_pictures
from wassr.data.stream import Batch, Key, Stream
from wassr.training import make
from wassr.training.adversarial import Adversary
from wassr.training.losses import content_loss
from wassr.training.recipe import AdversarialStage, Recipe, find_recipe
from wassr.training.step import adversarial_step, content_step

REPORTED = {"content": (19.0, 21.0), "adversarial": (3.9, 3.9)}  # images/s of BasicSR
CASES = (
    ("srresnet-x4", "content"),
    ("srgan-x4", "adversarial"),
    ("wgan-article-x4", "adversarial"),
    ("compact-x4", "content"),
    ("wassr-x4", "adversarial"),
)


@dataclass(frozen=True)
class Result:
    """One step. images: a second, network only; plain: the same in plain float32; ratio: median of the rounds'.

    crops: a second from the stream on one thread; need: what the step consumes at `images`, critic's batches included.
    """

    recipe: str
    stage: str
    batch: int
    crop: int
    images: float
    plain: float
    ratio: float
    reported: tuple[float, float] | None
    crops: float
    need: float
    feature_loss: bool


@dataclass(frozen=True)
class Step:
    """A step ready to run again and again, and how many batches it takes."""

    run: Callable[[], object]
    batches: int


def prepare(recipe: Recipe, stage: str, crops: Callable[[int], Batch], plain: bool) -> Step:
    """The trainer's step of a recipe on given crops; plain: contiguous layout, without the trainer's wrapping."""
    start = make.new_generator(recipe)
    state = make.new_state(recipe, stage, start, 0.0, 0)
    spec = make.stage_of(recipe, stage)
    if plain and recipe.generator.base == "none":
        state.generator = state.generator.network  # type: ignore[assignment]  # nobody lays out its input
    content = content_loss(spec.loss, lambda text: None)
    if not isinstance(spec, AdversarialStage):
        return Step(lambda: content_step(state, lambda role, sub: crops(0), content, spec.clip_norm), 1)
    adversary = Adversary(spec.adversarial)
    state.step = spec.adversarial.burst_until + 1
    steps = spec.adversarial.critic_steps_at(state.step)
    return Step(
        lambda: adversarial_step(
            state, lambda role, sub: crops(sub if role == "critic" else steps), content, adversary, spec.clip_norm
        ),
        steps + 1,
    )


def measure(name: str, stage: str, options: argparse.Namespace, pictures: Pictures) -> Result:
    """One recipe's step against itself in plain float32."""
    wanted = [f"data={options.data}"]
    if options.features and stage == "adversarial":
        loss = make.stage_of(find_recipe(name, tuple(wanted)), stage).loss
        wanted += [f"adversarial.loss.feature_weights={options.features}"] if loss.feature else []
    ours = find_recipe(name, tuple(wanted))
    plain = find_recipe(name, (*wanted, "precision=float32", "channels_last=false"))
    spec = make.stage_of(ours, stage)
    stream = Stream(pictures, ours.generator.scale, spec.crop, spec.batch, 0, ours.generator.channels == "y")
    ready: dict[int, Batch] = {}

    def crops(index: int) -> Batch:
        if index not in ready:
            ready[index] = stream.make(Key("generator", index))
        return ready[index]

    fast, slow = prepare(ours, stage, crops, False), prepare(plain, stage, crops, True)
    seconds = timing.interleaved({"ours": fast.run, "plain": slow.run}, options.rounds)
    images = spec.batch / statistics.median(seconds["ours"])
    same_work = fast.batches == (1 if stage == "content" else 2)  # one critic step, as there
    usual = spec.batch == 16 and spec.crop == 96 and ours.generator.network == "srresnet" and same_work
    return Result(
        recipe=name,
        stage=stage,
        batch=spec.batch,
        crop=spec.crop,
        images=images,
        plain=spec.batch / statistics.median(seconds["plain"]),
        ratio=timing.ratio(seconds["plain"], seconds["ours"]),
        reported=REPORTED[stage] if usual else None,
        crops=stream_speed(stream, options.rounds),
        need=images * fast.batches,
        feature_loss="feature_weights=" in " ".join(wanted),
    )


def stream_speed(stream: Stream, rounds: int) -> float:
    """Crops a second, made one batch after the other on one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    seconds = []
    for number in range(4 * rounds):
        began = time.perf_counter()
        stream.make(Key("generator", 1000 + number))
        seconds.append(time.perf_counter() - began)
    torch.set_num_threads(threads)
    return stream.batch / statistics.median(seconds)


def table(results: list[Result]) -> str:
    """Markdown."""
    lines = [
        "| step | batch, crop | images/s | plain float32 | ratio | BasicSR, reported | stream crops/s | needed |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for r in results:
        reported = "-" if r.reported is None else "–".join(f"{v:g}" for v in dict.fromkeys(r.reported))
        name = f"{r.recipe}, {r.stage}{' with VGG16 features' if r.feature_loss else ''}"
        cells = [name, f"{r.batch}, {r.crop}", f"{r.images:.1f}", f"{r.plain:.1f}", f"{r.ratio:.2f}", reported]
        lines.append(f"| {' | '.join([*cells, f'{r.crops:.0f}', f'{r.need:.0f}'])} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of training pictures")
    parser.add_argument("--features", type=Path, help="VGG16 trunk for the recipes with a feature loss")
    parser.add_argument("--only", nargs="+", metavar="RECIPE", default=[name for name, _ in CASES])
    parser.add_argument("--pictures", type=int, default=40, help="how many are decoded")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--save", action="store_true", help="write benchmarks/results/train.json")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    here = machine.begin()
    pictures = load_pictures(find_pictures([options.data])[: options.pictures], 256, 4.0)
    results = [measure(name, stage, options, pictures) for name, stage in CASES if name in options.only]
    print(table(results))
    if options.save:
        print(f"written: {machine.save('train', here, results, markdown=table(results))}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
