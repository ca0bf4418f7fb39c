"""Interleaved timing, and the ceiling of arithmetic: what all speed benchmarks share."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

PAUSE = 0.02  # seconds before each run: threads of the engine before must have stopped spinning
SIDE = 2048  # of the matrices whose product is the ceiling


def interleaved(runs: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each run in each round. All are run once in every round, so that a busy machine disturbs all alike."""
    for run in runs.values():
        run()
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(rounds):
        if sys.stderr.isatty():
            print(f"round {number + 1} of {rounds}", end="\r", file=sys.stderr)
        for name, run in runs.items():
            time.sleep(PAUSE)
            began = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - began)
    return seconds


def ratio(one: list[float], other: list[float]) -> float:
    """Median of the rounds' ratios: both sides of each were measured within one round."""
    return statistics.median(a / b for a, b in zip(one, other, strict=True))


def products(threads: int) -> dict[str, Callable[[], object]]:
    """Matrix products by torch in float32 and bfloat16, to be timed among the other runs."""
    import torch

    torch.set_num_threads(threads)
    made = {}
    for name, kind in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        a = torch.randn(SIDE, SIDE).to(kind)
        made[name] = lambda a=a: a @ a
    return made


def gigaflops(seconds: list[float]) -> float:
    """10^9 floating-point operations a second of the product, median."""
    return 2 * SIDE**3 / statistics.median(seconds) / 1e9


def peak_memory() -> int:
    """Largest resident size of this process since it began its program, bytes (Linux; 0 elsewhere).

    getrusage would count the parent's size too: the kernel carries it over a fork and exec.
    """
    return _status("VmHWM")


def resident_memory() -> int:
    """Resident size now, bytes (Linux; 0 elsewhere)."""
    return _status("VmRSS")


def _status(key: str) -> int:
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{key}:")), 0)
