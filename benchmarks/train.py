"""Training speed: images a second of whole steps against plain float32, and crops a second of the stream.

python benchmarks/train.py --data PICTURES [--features vgg16_features.safetensors] [--rounds 5] [--profile] [--save]

The trainer's own steps on real crops, in the recipes' settings (precision, channels last), in turns with
the same steps in plain float32, a matrix product in the step's precision (the arithmetic ceiling) and, for the content
step of SRResNet, BasicSR's step for its own SRResNet, written anew in basicsr.py. BasicSR's were reported at 19 to 21
images/s (content) and 3.9 (adversarial, with VGG19) on a machine of this kind, batch 16, crop 96, and its loader at 306
crops/s with two workers. The stream is timed on one thread from pictures in memory, by `--workers` threads from these
too, and by as many from pictures kept decoded in a folder (`data.cache_folder`) and from files that are decoded for
every crop. `--profile` lists the operations that hold each step back.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import basicsr
import machine
import timing
import torch
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from wassr.data.folders import Pictures, find_pictures, load_pictures
from wassr.data.stream import Batch, Key, Stream
from wassr.training import make
from wassr.training.adversarial import Adversary
from wassr.training.batches import stream_of
from wassr.training.losses import content_loss
from wassr.training.precision import precision_here
from wassr.training.recipe import AdversarialStage, Recipe
from wassr.training.shelf import find_recipe
from wassr.training.step import adversarial_step, content_step

REPORTED = {"content": (19.0, 21.0), "adversarial": (3.9, 3.9)}  # images/s of BasicSR
CASES = (
    ("srresnet-x4", "content"),
    ("srgan-x4", "adversarial"),
    ("wgan-article-x4", "adversarial"),
    ("compact-x4", "content"),
    ("espcn-x4", "content"),
    ("wassr-x4", "adversarial"),
)


@dataclass(frozen=True)
class Result:
    """One step. images: a second, network only; plain: the same in plain float32; ratio: median of the rounds'.

    peer: images a second of BasicSR's step in the same rounds, and our ratio to it. ceiling: share of a matrix
    product's operations a second, in the step's precision (content steps). crops: a second from the stream on one
    thread; workers: by all of them; folder, files: by them from a cache folder, from files; need: what the step
    consumes at `images`, critic's batches included.
    """

    recipe: str
    stage: str
    batch: int
    crop: int
    images: float
    plain: float
    ratio: float
    reported: tuple[float, float] | None
    peer: tuple[float, float] | None
    ceiling: float | None
    crops: float
    workers: float
    folder: float
    files: float
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
    content = content_loss(spec.loss, recipe.generator.scale, recipe.precision == "bfloat16")
    if not isinstance(spec, AdversarialStage):
        return Step(lambda: content_step(state, lambda role, sub: crops(0), content, spec.clip_norm), 1)
    adversary = Adversary(spec.adversarial, recipe.precision == "bfloat16")
    state.step = spec.adversarial.burst_until + 1
    steps = spec.adversarial.critic_steps_at(state.step)
    return Step(
        lambda: adversarial_step(
            state, lambda role, sub: crops(sub if role == "critic" else steps), content, adversary, spec.clip_norm
        ),
        steps + 1,
    )


def measure(
    name: str, stage: str, options: argparse.Namespace, pictures: Pictures, folder: Pictures, files: Pictures
) -> Result:
    """One recipe's step against itself in plain float32. folder, files: the same pictures, none of them in memory."""
    wanted = [f"data={options.data}", f"data.workers={options.workers}"]
    if options.features and stage == "adversarial":
        loss = make.stage_of(find_recipe(name, tuple(wanted)), stage).loss
        wanted += [f"adversarial.loss.feature_weights={options.features}"] if loss.feature else []
    ours = precision_here(find_recipe(name, tuple(wanted)), "", print)
    plain = find_recipe(name, (*wanted, "precision=float32", "channels_last=false"))
    spec = make.stage_of(ours, stage)
    stream = stream_of(ours, spec, pictures)
    ready: dict[int, Batch] = {}

    def crops(index: int) -> Batch:
        if index not in ready:
            ready[index] = stream.make(Key("generator", index))
        return ready[index]

    fast, slow = prepare(ours, stage, crops, False), prepare(plain, stage, crops, True)
    same_work = fast.batches == (1 if stage == "content" else 2)  # one critic step, as there
    usual = spec.batch == 16 and spec.crop == 96 and ours.generator.network == "srresnet" and same_work
    runs = {"ours": fast.run, "plain": slow.run, "product": timing.products(options.threads)[ours.precision]}
    if usual and stage == "content":
        runs["peer"] = basicsr.content_step(crops)
    seconds = timing.interleaved(runs, options.rounds)
    images = spec.batch / statistics.median(seconds["ours"])
    if options.profile:
        print(f"{name}, {stage}:\n{operations(fast.run)}\n")
    return Result(
        recipe=name,
        stage=stage,
        batch=spec.batch,
        crop=spec.crop,
        images=images,
        plain=spec.batch / statistics.median(seconds["plain"]),
        ratio=timing.ratio(seconds["plain"], seconds["ours"]),
        reported=REPORTED[stage] if usual else None,
        peer=_against(seconds, spec.batch) if "peer" in seconds else None,
        ceiling=_share(arithmetic(slow.run), seconds) if stage == "content" else None,
        crops=one_thread(stream, options.rounds),
        workers=by_workers(stream, options.rounds),
        folder=by_workers(stream_of(ours, spec, folder), options.rounds),
        files=by_workers(stream_of(ours, spec, files), options.rounds),
        need=images * fast.batches,
        feature_loss="feature_weights=" in " ".join(wanted),
    )


def _against(seconds: dict[str, list[float]], batch: int) -> tuple[float, float]:
    """Images a second of the peer, and how many times as many ours does."""
    return batch / statistics.median(seconds["peer"]), timing.ratio(seconds["peer"], seconds["ours"])


def _share(operations: float, seconds: dict[str, list[float]]) -> float:
    """Operations a second of our step over those of the matrix product."""
    return operations / statistics.median(seconds["ours"]) / 1e9 / timing.gigaflops(seconds["product"])


def arithmetic(run: Callable[[], object]) -> float:
    """Floating-point operations of one step: convolutions and matrices, forward and backward.

    Torch's counter cannot follow gradients that are asked for at a leaf, as the adversarial step does.
    """
    with FlopCounterMode(display=False) as counter:
        run()
    return float(counter.get_total_flops())


def operations(run: Callable[[], object], most: int = 8) -> str:
    """The operations that take most of a step, with their share of its time."""
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        run()
    rows = sorted(seen.key_averages(), key=lambda row: -row.self_cpu_time_total)
    whole = sum(row.self_cpu_time_total for row in rows)
    lines = [f"| {r.key} | {r.count} | {r.self_cpu_time_total / whole:.0%} |" for r in rows[:most]]
    return "\n".join(["| operation | calls | share of the step |", "|---|---|---|", *lines])


def one_thread(stream: Stream, rounds: int) -> float:
    """Crops a second, made one batch after the other on one thread."""
    seconds = []
    with alone():
        for number in range(4 * rounds):
            began = time.perf_counter()
            stream.make(Key("generator", 1000 + number))
            seconds.append(time.perf_counter() - began)
    return stream.batch / statistics.median(seconds)


def by_workers(stream: Stream, rounds: int) -> float:
    """Crops a second, asked for one batch after the other with nothing else to do, by threads that have no others."""
    keys = [Key("generator", 2000 + number) for number in range(4 * rounds)]
    with stream, alone():
        stream(Key("generator", 1999))  # a first one, and nothing ahead: what is counted is begun after the clock
        began = time.perf_counter()
        for number, key in enumerate(keys):
            stream(key, keys[number + 1 :])
        return stream.batch * len(keys) / (time.perf_counter() - began)


@contextmanager
def alone() -> Iterator[None]:
    """Torch without threads of its own, so that crops are counted by the threads that make them."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def table(results: list[Result]) -> str:
    """Markdown."""
    heads = ["step", "batch, crop", "images/s", "plain float32", "ratio", "BasicSR here", "BasicSR, reported"]
    heads += ["of the ceiling", "stream crops/s", "by the workers", "from a folder", "from files"]
    heads += ["needed", "of the need"]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for r in results:
        reported = "-" if r.reported is None else "–".join(f"{v:g}" for v in dict.fromkeys(r.reported))
        here = "-" if r.peer is None else f"{r.peer[0]:.1f} (x {r.peer[1]:.2f})"
        name = f"{r.recipe}, {r.stage}{' with VGG16 features' if r.feature_loss else ''}"
        cells = [name, f"{r.batch}, {r.crop}", f"{r.images:.1f}", f"{r.plain:.1f}", f"{r.ratio:.2f}", here, reported]
        cells.append("-" if r.ceiling is None else f"{r.ceiling:.0%}")
        cells += [f"{value:.0f}" for value in (r.crops, r.workers, r.folder, r.files, r.need)]
        cells.append(f"x {r.crops / r.need:.1f}, x {r.workers / r.need:.1f}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of training pictures")
    parser.add_argument("--features", type=Path, help="VGG16 trunk for the recipes with a feature loss")
    parser.add_argument("--only", nargs="+", metavar="RECIPE", default=[name for name, _ in CASES])
    parser.add_argument("--pictures", type=int, default=40, help="how many are decoded")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workers", type=int, default=2, help="threads of the stream, where not one")
    parser.add_argument("--profile", action="store_true", help="list the operations that take most of each step")
    parser.add_argument(
        "--save",
        action="store_true",
        help=f"write {machine.SPEEDS.format('train')}",
    )
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    here = machine.begin()
    paths = find_pictures([options.data])[: options.pictures]
    pictures, files = load_pictures(paths, 256, 4.0), load_pictures(paths, 256, 1e-9)
    with tempfile.TemporaryDirectory() as cache:
        folder = load_pictures(paths, 256, 1e-9, folder=cache)
        cases = [case for case in CASES if case[0] in options.only]
        results = [measure(name, stage, options, pictures, folder, files) for name, stage in cases]
    print(table(results))
    if options.save:
        name = machine.speeds("train", here.features)
        print(f"written: {machine.save(name, here, results, markdown=table(results))}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
