"""Draw the curves of a run from its log: python benchmarks/curves.py runs/NAME -o docs/pictures/NAME-curves.svg"""

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

from wassr.training.runlog import read_log, series

PANELS = (
    ("critic gap (real minus generated)", ("critic/gap_training", "critic/gap_heldout")),
    ("separation on held-out crops", ("critic/separation",)),
    ("ratio r of adversarial to content gradient", ("critic/ratio",)),
    ("PSNR-Y of the average on held-out pictures, dB", ("valid/psnr_y",)),
    ("LR-consistency on held-out pictures, dB", ("valid/lr_consistency",)),
    ("share of critic weights at the clip bound", ("critic/saturation",)),
)


def draw(run: Path, target: Path) -> None:
    entries = read_log(run / "log.jsonl")
    panels = [(title, tags) for title, tags in PANELS if any(series(entries, tag) for tag in tags)]
    rows = -(-len(panels) // 2)
    figure, axes = plt.subplots(rows, 2, figsize=(10, 2.6 * rows), squeeze=False)
    first = min((e.step for e in entries if e.tag.startswith("critic/")), default=0)
    for axis, (title, tags) in zip(axes.flat, panels, strict=False):
        for tag in tags:
            points = [(step, value) for step, value in series(entries, tag) if step >= first]
            axis.plot(*zip(*points, strict=True), linewidth=1, label=tag)
        axis.set_title(title, fontsize=9)
        axis.tick_params(labelsize=8)
        axis.grid(alpha=0.3)
        if len(tags) > 1:
            axis.legend(fontsize=7)
    for axis in list(axes.flat)[len(panels) :]:
        axis.remove()
    figure.supxlabel("generator step", fontsize=9)
    figure.tight_layout()
    target.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(target, metadata={"Date": None} if target.suffix == ".svg" else None, dpi=110)
    print(f"wrote {target}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    given = parser.parse_args()
    draw(given.run, given.output)
