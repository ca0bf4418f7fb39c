"""The one picture: quality against time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "wassr"  # the same numbers give the same file

from matplotlib import pyplot as plt  # noqa: E402  (the backend comes first)

COLOURS = {
    "openvino bfloat16": "#0b7a75",
    "openvino float32": "#5aa9a3",
    "onnxruntime float32": "#d9822b",
    "torch float32": "#8a63b3",
    "plain torch float32": "#777777",
}
TICKS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)
TITLES = {"rlfn-s": "RLFN-S", "dipnet": "DIPNet slim v2", "spanv2": "SPANV2", "smfanet": "SMFANet"}


def quality_against_time(results: Sequence[Any], data: str, where: str, path: Path) -> None:
    """PSNR-Y on `data` over network seconds per output megapixel; ours filled, others hollow, a line for each model."""
    figure, axes = plt.subplots(figsize=(9, 5.5), layout="constrained")
    shown = [r for r in results if data in r.psnr_y]
    for model in dict.fromkeys(r.model for r in shown):
        mine = sorted((r for r in shown if r.model == model), key=lambda r: r.network_seconds)
        ours = mine[0].ours
        times, values = [r.network_seconds for r in mine], [r.psnr_y[data] for r in mine]
        axes.plot(times, values, color="#bbbbbb" if not ours else "#333333", linewidth=1, zorder=1)
        for r in mine:
            colour = COLOURS[f"{r.engine} {r.precision}"]
            axes.scatter(
                r.network_seconds,
                r.psnr_y[data],
                s=70,
                facecolors=colour if ours else "white",
                edgecolors=colour,
                linewidths=1.8,
                zorder=2,
            )
        weight = "bold" if ours else "normal"
        axes.annotate(
            TITLES.get(model, model),
            (times[0], values[0]),
            (-6, 7),
            textcoords="offset points",
            ha="left",
            weight=weight,
        )
    for name, colour in COLOURS.items():
        if any(f"{r.engine} {r.precision}" == name for r in shown):
            axes.scatter([], [], s=70, color=colour, label=name)
    axes.scatter(
        [], [], s=70, facecolors="white", edgecolors="#333333", linewidths=1.8, label="networks of others: hollow"
    )
    axes.set_xscale("log")
    ticks = [t for t in TICKS if _near(t, [r.network_seconds for r in shown])]
    axes.set_xticks(ticks, [f"{t:g}" for t in ticks])
    axes.minorticks_off()
    axes.set_xlabel("seconds per output megapixel (network, two threads; less is better)")
    axes.set_ylabel(f"PSNR-Y on {data} (dB)")
    axes.grid(color="#eeeeee")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside upper center", ncols=3, fontsize=9, frameon=False)
    figure.supxlabel(where, fontsize=6, color="#666666")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    plt.close(figure)


def _near(tick: float, times: Sequence[float]) -> bool:
    return min(times) / 2 <= tick <= max(times) * 2
