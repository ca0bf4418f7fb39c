"""Crops a second of the training stream through each chain of degradations, its last JPEG saves by the codec and as
tensors; and one tensor JPEG against the codec.

python benchmarks/degradations.py --data PICTURES [--crop 128] [--batch 16] [--rounds 9] [--save]

All on one thread, from pictures in memory, in turns. A step of a GPU wants some thousand crops a second at the most;
several threads (`data.workers`) add up, since codecs and transforms run outside the interpreter's lock. The tensor JPEG
(`data.jpeg=tensor`) is timed on the CPU, and on a GPU where there is one; its difference to the codec is the mean over
the same crops.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path

import machine
import numpy as np
import timing
import torch

from wassr.data.chain import Step, find_chain, shipped_chains
from wassr.data.codecs import save_jpeg
from wassr.data.folders import Pictures, find_pictures, load_pictures
from wassr.data.jpeg_tables import coding
from wassr.data.stream import Key, Stream
from wassr.data.tensor_jpeg import save_jpegs

QUALITIES = (10, 30, 50, 70, 90, 95)
SAMPLINGS = ("4:4:4", "4:2:2", "4:2:0")
KINDS = ("blur", "resize", "noise", "jpeg", "webp")


@dataclass(frozen=True)
class Speed:
    """Crops a second."""

    what: str
    crops: float


@dataclass(frozen=True)
class Difference:
    """Mean and largest absolute difference of the tensor JPEG to the codec, grey levels; loss: of the codec itself."""

    quality: int
    sampling: str
    mean: float
    largest: float
    loss: float


def chains() -> dict[str, tuple[Step, ...]]:
    """What is compared: no degradations, the shipped chains, and every kind alone with its defaults."""
    alone = {f"{kind} alone": (Step.model_validate({kind: {}}),) for kind in KINDS}
    return {"none": (), **{name: find_chain(name).steps for name in shipped_chains()}, **alone}


def devices() -> dict[str, str]:
    """Where tensors are timed, by the words for it."""
    gpu = {f"tensor, {torch.cuda.get_device_name()}": "cuda"} if torch.cuda.is_available() else {}
    return {"tensor, CPU": "cpu", **gpu}


def speeds(pictures: Pictures, options: argparse.Namespace) -> list[Speed]:
    """The stream's, for each chain: by the codec, and where the chain ends in JPEG as tensors on each device."""
    streams: dict[str, Stream] = {}
    for name, steps in chains().items():
        make = partial(Stream, pictures, options.scale, options.crop, options.batch, 0, workers=0, degradations=steps)
        streams[name] = make()
        with suppress(ValueError):  # the chain does not end in JPEG
            streams |= {f"{name}, {how}": make(jpeg="tensor", device=device) for how, device in devices().items()}
    runs = {what: partial(one_batch, stream, count()) for what, stream in streams.items()}
    return rates(runs, options.batch, options.rounds)


def one_batch(stream: Stream, steps: Iterator[int]) -> float:
    """The next batch, waited for: a device goes on while its results are not looked at."""
    return float(stream(Key("generator", next(steps))).low[0, 0, 0, 0])


def rates(runs: Mapping[str, Callable[[], object]], crops: int, rounds: int) -> list[Speed]:
    """Of runs of so many crops, in turns."""
    seconds = timing.interleaved(runs, rounds)
    return [Speed(what, crops / statistics.median(values)) for what, values in seconds.items()]


def low_crops(pictures: Pictures, options: argparse.Namespace) -> torch.Tensor:
    """What the codecs of a chain get: crops with their margin, (N, 3, n, n) whole levels 0..255."""
    side = (options.crop // options.scale + 32) * options.scale
    fitting = Stream(pictures, options.scale, side, options.batch, 0, workers=0)
    return (fitting(Key("generator", 0)).low * 255).round()


def codec_speeds(low: torch.Tensor, rounds: int) -> list[Speed]:
    """The codec, one crop after the other, and the tensor JPEG by batches, both at quality 75, 4:2:0."""
    chosen, origins = [coding("libjpeg", 75, "4:2:0")] * len(low), [(0, 0)] * len(low)
    levels = low.permute(0, 2, 3, 1).to(torch.uint8).numpy()
    runs: dict[str, Callable[[], object]] = {
        "codec": lambda: [save_jpeg(*one) for one in zip(levels, chosen, origins, strict=True)]
    }
    for how, device in devices().items():
        there = low.to(device)
        runs[how] = lambda there=there: float(save_jpegs(there, chosen, origins)[0, 0, 0, 0])
    return rates(runs, len(low), rounds)


def differences(low: torch.Tensor) -> list[Difference]:
    """At every quality and sampling, each crop on a grid of its own."""
    levels, found = low.permute(0, 2, 3, 1).to(torch.uint8).numpy(), []
    origins = [(int(i) // 16 % 16, int(i) % 16) for i in np.random.default_rng(0).integers(0, 256, len(low))]
    for sampling in SAMPLINGS:
        for quality in QUALITIES:
            chosen = coding("libjpeg", quality, sampling)
            made = save_jpegs(low, [chosen] * len(low), origins).permute(0, 2, 3, 1).numpy()
            wanted = np.stack([save_jpeg(one, chosen, at) for one, at in zip(levels, origins, strict=True)])
            off, loss = np.abs(made - wanted), np.abs(wanted.astype(np.float32) - levels)
            found.append(Difference(quality, sampling, float(off.mean()), float(off.max()), float(loss.mean())))
    return found


def table(stream: list[Speed], codecs: list[Speed], found: list[Difference]) -> str:
    """Markdown."""
    lines = ["| chain | crops/s, one thread |", "|---|---|", *(f"| {s.what} | {s.crops:.0f} |" for s in stream)]
    lines += ["", "| one JPEG | crops/s |", "|---|---|", *(f"| {s.what} | {s.crops:.0f} |" for s in codecs)]
    lines += ["", "| quality, chroma | tensors - codec: mean | largest | original - codec: mean |", "|---|---|---|---|"]
    lines += [f"| {d.quality}, {d.sampling} | {d.mean:.2f} | {d.largest:.0f} | {d.loss:.2f} |" for d in found]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of training pictures")
    parser.add_argument("--pictures", type=int, default=20, help="how many are decoded")
    parser.add_argument("--scale", type=int, default=4)
    parser.add_argument("--crop", type=int, default=128, help="of the high side")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--save", action="store_true", help="write benchmarks/results/degradations.json")
    options = parser.parse_args()
    torch.set_num_threads(1)
    here = machine.begin()
    paths = find_pictures([options.data])[: options.pictures]
    pictures = load_pictures(paths, options.crop + 32 * options.scale, 4.0)
    stream = speeds(pictures, options)
    low = low_crops(pictures, options)
    codecs, found = codec_speeds(low, options.rounds), differences(low)
    text = table(stream, codecs, found)
    print(text)
    if options.save:
        results = {"stream": stream, "codecs": codecs, "differences": found}
        print(f"written: {machine.save('degradations', here, results, markdown=text)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
