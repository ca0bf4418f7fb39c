"""How right `wassr upscale --dry-run` is: seconds, memory and disk said beforehand against those of the run itself.

python benchmarks/dryrun.py [PICTURE ...] [--model compact-x4] [--save]

Without pictures: the example photo at several sizes. Each is estimated and enlarged by a process of its own, so what
only the first picture pays (compiling the graph, first use of memory and encoder) is in both. Seconds found are those
of the run's result: from reading to the file on the disk, without the start of the program and of the model. The dry
run says the same but for putting the file on the disk.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import machine
from PIL import Image

PHOTO = Path(__file__).parent.parent / "examples" / "photos" / "island.jpg"
WIDTHS = (250, 420, 1000, 2000)  # the smaller, the larger the share of what is paid once
LIMIT = 1.5  # the factor that the dry run promises


@dataclass(frozen=True)
class Pair:
    """One quantity of one picture, said and found: seconds, or bytes of memory (peak of the process) or disk."""

    picture: str
    what: str
    said: float
    found: float

    @property
    def factor(self) -> float:
        """How far apart they are, 1 or more."""
        return max(self.said, self.found) / max(min(self.said, self.found), 1e-9)


# Linux counts the parent's memory at the time of the fork to a child's peak, so the parent must be a small process.
SMALL_PARENT = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stderr=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(usage.ru_maxrss, file=sys.stderr)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def samples(folder: Path) -> list[Path]:
    """The example photo as JPEG files of several widths."""
    paths = []
    with Image.open(PHOTO) as photo:
        for width in WIDTHS:
            paths.append(folder / f"photo-{width}.jpg")
            photo.resize((width, round(width * photo.height / photo.width)), Image.Resampling.BICUBIC).save(paths[-1])
    return paths


def compare(picture: Path, model: str, folder: Path) -> list[Pair]:
    """Estimate, enlarge, compare. Raises CalledProcessError when one of both fails."""
    target = folder / f"{picture.stem}-large.png"
    call = [sys.executable, "-m", "wassr", "upscale", str(picture), "-o", str(target), "-n", model, "--json"]
    call += ["--overwrite"]
    said, _ = _run([*call, "--dry-run"])
    done, peak = _run(call)
    (estimate,) = (line for line in said if line["event"] == "estimate")
    (result,) = (line for line in done if line["event"] == "result")
    size = f"{picture.name} to {estimate['width']} x {estimate['height']}"
    found = {"seconds": result["seconds"], "memory": peak, "disk": target.stat().st_size}
    return [Pair(size, what, float(estimate[what]), float(value)) for what, value in found.items()]


def _run(call: list[str]) -> tuple[list[dict], float]:
    """The JSON lines of a process and its peak resident size in bytes."""
    done = subprocess.run([sys.executable, "-c", SMALL_PARENT, *call], capture_output=True, check=False)
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, call)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return lines, float(done.stderr) * (1 if sys.platform == "darwin" else 1024)


def table(pairs: list[Pair]) -> str:
    """Markdown."""
    lines = ["| picture | what | said | found | factor |", "|---|---|---|---|---|"]
    for pair in pairs:
        scale, unit = (1.0, "s") if pair.what == "seconds" else (1e6, "MB")
        numbers = f"{pair.said / scale:.2f} {unit} | {pair.found / scale:.2f} {unit} | {pair.factor:.2f}"
        lines.append(f"| {pair.picture} | {pair.what} | {numbers} |")
    return "\n".join(lines)


def main() -> int:
    """1 where a factor exceeds the limit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", nargs="*", type=Path, metavar="PICTURE")
    parser.add_argument("--model", default="compact-x4")
    parser.add_argument("--save", action="store_true", help="write benchmarks/results/dryrun.json")
    options = parser.parse_args()
    here = machine.begin()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pictures = options.pictures or samples(folder)
        pairs = [pair for picture in pictures for pair in compare(picture, options.model, folder)]
    print(table(pairs))
    worst = max(pair.factor for pair in pairs)
    print(f"largest factor {worst:.2f}, promised {LIMIT}")
    if options.save:
        print(f"written: {machine.save('dryrun', here, pairs, markdown=table(pairs))}")
    return int(worst > LIMIT)


if __name__ == "__main__":
    raise SystemExit(main())
