"""Draw the curves of runs from their logs.

python benchmarks/curves.py runs/NAME -o docs/pictures/NAME-curves.svg
python benchmarks/curves.py results/arms/wgan-fork-weight.jsonl LOG ... --only loss/critic critic/ratio -o FILE.svg

RUN is a run folder or a log; several are drawn over each other. --only: the panels that show these curves.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from wassr.training.runlog import Entry, read_log, series

PANELS = (
    ("the critic's loss, the one curve of the 2018 article", ("loss/critic",)),
    ("critic gap (real minus generated)", ("critic/gap_training", "critic/gap_heldout")),
    (
        "claim over slope, grey levels",
        ("critic/wasserstein", "critic/zero_line", "critic/anchor_start", "critic/anchor_bicubic"),
    ),
    ("separation on held-out crops", ("critic/separation",)),
    ("ratio r of adversarial to content gradient", ("critic/ratio",)),
    ("lag and memorising", ("critic/lag", "critic/memorising")),
    ("share of critic weights at the clip bound", ("critic/saturation",)),
    ("PSNR-Y of the average on held-out pictures, dB", ("valid/psnr_y",)),
    ("LPIPS of the average on held-out pictures", ("valid/lpips",)),
    ("LR-consistency on held-out pictures, dB", ("valid/lr_consistency",)),
    ("error at the upsampling raster, times its background", ("valid/checkerboard",)),
)
USUAL = PANELS[1:]  # the critic's loss is the gap and a penalty
LOGARITHMIC = ("critic/ratio",)


def log_of(run: Path) -> list[Entry]:
    """The entries of a run folder or a log."""
    return read_log(run / "log.jsonl" if run.is_dir() else run)


def draw(runs: Sequence[Path], only: Sequence[str], target: Path) -> None:
    """One panel for each group of curves that any of the logs has."""
    logs = {run.stem: log_of(run) for run in runs}
    offered = [panel for panel in PANELS if set(only) & set(panel[1])] if only else list(USUAL)
    panels = [(title, tags) for title, tags in offered if any(series(e, t) for e in logs.values() for t in tags)]
    rows = -(-len(panels) // 2)
    figure, axes = plt.subplots(rows, 2, figsize=(10, 2.6 * rows), squeeze=False)
    for axis, (title, tags) in zip(axes.flat, panels, strict=False):
        for name, entries in logs.items():
            _lines(axis, name if len(logs) > 1 else "", entries, tags)
        axis.set_title(title, fontsize=9)
        axis.tick_params(labelsize=8, which="both")
        axis.grid(alpha=0.3)
        if set(tags) & set(LOGARITHMIC):
            axis.set_yscale("log")
        if tags == PANELS[0][1] and len(logs) > 1:  # critics' losses differ by ten orders of magnitude
            axis.set_yscale("symlog", linthresh=1e-8)
        if len(tags) > 1 or len(logs) > 1:
            axis.legend(fontsize=7, framealpha=0.5)
    for axis in list(axes.flat)[len(panels) :]:
        axis.remove()
    figure.supxlabel("generator step", fontsize=9)
    figure.tight_layout()
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target, metadata={"Date": None} if target.suffix == ".svg" else None, dpi=110)
    print(f"wrote {target}")


def _lines(axis: plt.Axes, name: str, entries: list[Entry], tags: Sequence[str]) -> None:
    first = min((e.step for e in entries if e.tag.startswith("critic/")), default=0)
    for tag in tags:
        points = [(step, value) for step, value in series(entries, tag) if step >= first]
        if points:
            label = ", ".join(word for word in (name, tag if len(tags) > 1 else "") if word)
            axis.plot(*zip(*points, strict=True), linewidth=1, label=label)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+", metavar="RUN")
    parser.add_argument("--only", nargs="+", default=[], metavar="TAG", help="the panels that show these curves")
    parser.add_argument("-o", "--output", type=Path, required=True)
    given = parser.parse_args()
    draw(given.runs, given.only, given.output)
