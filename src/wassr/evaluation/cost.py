"""Seconds and memory of a model: in a process of its own, because a peak of memory belongs to a whole process."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from wassr.evaluation.scoring import Case
from wassr.evaluation.subjects import subject
from wassr.ground.errors import EngineError, WassrError
from wassr.upscaling.engines import Wish, sample_tile
from wassr.upscaling.machine import usable_cores

SIZE = 256  # side of the picture, as in benchmarks/enlarge.py
CALLS = 3


@dataclass(frozen=True)
class Cost:
    """seconds: per 10^6 output pixels; memory: largest resident bytes of the process, 0 where the system tells none."""

    seconds: float
    memory: int
    protocol: str


def measure(asked: str, scale: int, wish: Wish) -> Cost:
    """What a model (a name or file, `bicubic`, `nearest`) takes on this machine, now.

    Raises EngineError when the process fails.
    """
    order = json.dumps({"asked": asked, "scale": scale, "wish": asdict(wish)})
    code = [sys.executable, "-P", "-m", "wassr.evaluation.cost", order]  # -P: no module from the current folder
    ended = subprocess.run(code, capture_output=True, text=True, check=False)
    if ended.returncode:
        last = (ended.stderr.strip().splitlines() or ["it ended without a word"])[-1]
        raise EngineError(f"{asked}: cannot be timed: {last}")
    seconds, memory = json.loads(ended.stdout.splitlines()[-1])
    return Cost(seconds, memory, protocol(wish.threads or usable_cores()))


def protocol(threads: int) -> str:
    """How both are measured, in one line."""
    return (
        f"this machine, {threads} thread{'s' if threads > 1 else ''}, a fresh process, one picture of {SIZE}x{SIZE}; "
        f"seconds per 10^6 output pixels, 8 bit to 8 bit, median of {CALLS} calls after a first one; "
        f"memory is the whole process's largest resident size"
    )


def peak_memory() -> int:
    """Largest resident size of this process since it began its program, bytes (Linux; 0 elsewhere).

    getrusage would count the parent's size too: the kernel carries it over a fork and exec.
    """
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


def main(arguments: Sequence[str]) -> int:
    """In the fresh process: enlarge and print seconds per megapixel and bytes."""
    order = json.loads(arguments[0])
    tile = (sample_tile(3, SIZE)[0].transpose(1, 2, 0) * 255).round().astype(np.uint8)
    case = Case("", "sample", tile, None)
    try:
        one = subject(order["asked"], order["scale"], Wish(**order["wish"]))
        one.make(case)
        seconds = []
        for _ in range(CALLS):
            began = time.perf_counter()
            one.make(case)
            seconds.append(time.perf_counter() - began)
    except WassrError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(json.dumps([statistics.median(seconds) / (SIZE * one.scale) ** 2 * 1e6, peak_memory()]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
