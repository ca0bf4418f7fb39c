"""Fill the tables of README.md from the models' cards, benchmarks/results and a run's log: no number is typed by hand.

python benchmarks/readme.py [--run runs/wassr-x4] [--check]
"""

import argparse
import json
import math
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from machine import RESULTS, kind_of, saved_speeds, speeds

from wassr.ground.files import write_whole
from wassr.models.card import Card
from wassr.models.shelf import find, shipped
from wassr.training.runlog import read_log, series

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
SETS = ("Set5", "Set14", "B100")
ORDER = ("compact-x4", "wassr-jpeg-x4-faithful", "wassr-x4", "wassr-jpeg-x4", "compact-x2", "espcn-x4", "srresnet-x4")


def models_table() -> str:
    """One row a shipped model, from its card; bicubic from the saved evaluation."""
    names = sorted(shipped(), key=_order)
    lines = ["| model | what for | PSNR-Y | LPIPS | LR-consistency | size |", "|---|---|---|---|---|---|"]
    for name in names:
        file = find(name)
        cells = [_three(file.card, "psnr_y", 2), _three(file.card, "lpips", 3), _three(file.card, "lr_consistency", 1)]
        size = f"{file.card.parameters / 1e3:.0f} k, {file.bytes / 1e6:.1f} MB"
        lines.append(f"| `{name}` | {file.card.purpose} | {' | '.join(cells)} | {size} |")
    plain = json.loads((RESULTS / "evaluate.json").read_text(encoding="utf-8"))["results"].get("bicubic")
    if plain:
        cells = [" / ".join(f"{plain[s][m]['mean']:.{d}f}" for s in SETS) for m, d in _METRICS]
        lines.append(f"| bicubic | to compare with | {' | '.join(cells)} | |")
    return "\n".join(lines)


_METRICS = (("psnr_y", 2), ("lpips", 3), ("lr_consistency", 1))


def _three(card: Card, metric: str, digits: int) -> str:
    values = [card.value(data, metric) for data in SETS]
    return " / ".join("-" if value is None else f"{value:.{digits}f}" for value in values)


def curves_words(log: Path) -> str:
    """What the curves of the run show, from its log."""
    entries = read_log(log)

    def ends(tag: str) -> tuple[float, float]:
        points = series(entries, tag)
        first = min(e.step for e in entries if e.tag.startswith("critic/"))
        points = [p for p in points if p[0] >= first]
        return points[0][1], points[-1][1]

    psnr, consistency, separation = ends("valid/psnr_y"), ends("valid/lr_consistency"), ends("critic/separation")
    gap, ratio = ends("critic/gap_heldout"), ends("critic/ratio")
    return (
        f"*From the first to the last measurement: PSNR-Y on held-out pictures {psnr[0]:.2f} to {psnr[1]:.2f} dB, "
        f"LR-consistency {consistency[0]:.1f} to {consistency[1]:.1f} dB, held-out gap {gap[0]:.3f} to {gap[1]:.3f}, "
        f"separation {separation[0]:.2f} to {separation[1]:.2f}, ratio {ratio[0]:.2f} to {ratio[1]:.2f}.*"
    )


def fill(text: str, mark: str, content: str) -> str:
    pattern = re.compile(rf"(<!-- {mark} -->\n).*?(<!-- /{mark} -->)", re.S)
    assert pattern.search(text), f"README.md has no marker {mark}"
    return pattern.sub(lambda found: f"{found[1]}{content}\n{found[2]}", text)


def put(page: Path, texts: Mapping[str, str]) -> None:
    """Fill the marked parts of a page, where there is one."""
    if not page.exists():
        return
    text = page.read_text(encoding="utf-8")
    for mark, content in texts.items():
        text = fill(text, mark, content)
    write_whole(page, text)
    print(f"wrote {page.name}: {', '.join(texts)}")


def speed_tables(saved: Sequence[Mapping[str, Any]]) -> str:
    """One for each kind of processor: each model in its fastest engine, and RLFN-S in plain PyTorch."""
    return "\n\n".join(_speed_table(one) for one in saved)


def _speed_table(saved: Mapping[str, Any]) -> str:
    rows, here = saved["results"]["contestants"], saved["machine"]
    every = dict.fromkeys(r["model"] for r in rows)
    quickest = {name: min((r for r in rows if r["model"] == name), key=_seconds) for name in every}
    names = sorted((name for name, r in quickest.items() if r["ours"] and _same_as_shipped(r)), key=_order)
    shown = [quickest[name] for name in names]
    shown += [r for r in quickest.values() if not r["ours"]]
    shown += [r for r in rows if r["model"] == "rlfn-s" and r["engine"] == "plain torch"]
    lines = [
        f"On a processor {kind_of(here['features']).words}:",
        "",
        "| model | engine | s per megapixel | network, of RLFN-S in PyTorch | MB | Set14 |",
        "|---|---|---|---|---|---|",
    ]
    for r in shown:
        cells = [f"{r['seconds']:.3f}", f"{r['of_reference']:.3f}", f"{r['memory_whole'] / 1e6:.0f}"]
        own = find(r["model"]).card.value("Set14", "psnr_y") if r["ours"] else None
        quality = f"{r['psnr_y']['Set14'] if own is None else own:.2f}"
        lines.append(f"| {r['model']} | {r['engine']} {r['precision']} | {' | '.join(cells)} | {quality} |")
    versions = ", ".join(f"{name} {number}" for name, number in here["versions"].items())
    what = f"Input {saved['results']['input']}, {saved['results']['threads']} threads, {here['processor']}, {versions}"
    file = f"benchmarks/results/{speeds('enlarge', here['features'])}.json"
    return "\n".join([*lines, "", f"{what}, {here['time'][:10]}; all in `{file}`, by `python benchmarks/enlarge.py`."])


def _same_as_shipped(row: Mapping[str, Any]) -> bool:
    """Whether the model's network is still the one that was timed: its arithmetic tells. Weights may be newer."""
    return math.isclose(find(row["model"]).card.gmac_per_megapixel, row["gmac"], rel_tol=0.01)


def _seconds(row: Mapping[str, Any]) -> float:
    return float(row["network_seconds"])


def _order(name: str) -> tuple[int, str]:
    return (ORDER.index(name) if name in ORDER else len(ORDER), name)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, help="run folder whose curves are shown")
    parser.add_argument("--check", action="store_true", help="say whether README.md is up to date, change nothing")
    given = parser.parse_args()
    before = README.read_text(encoding="utf-8")
    text = fill(before, "models", models_table())
    if speed := saved_speeds("enlarge"):
        text = fill(text, "speed", speed_tables(speed))
    if given.run:
        text = fill(text, "curves", curves_words(given.run / "log.jsonl"))
    if given.check:
        return int(text != before)
    README.write_text(text, encoding="utf-8")
    print("README.md filled")
    return 0


if __name__ == "__main__":
    sys.exit(main())
