"""The stop-watch and the tables of the speed benchmarks; the numbers themselves are the benchmarks' business."""

import time
from dataclasses import asdict
from pathlib import Path

import contestants
import enlarge
import machine
import plots
import pytest
import readme
import startup
import timing

from wassr.ground.errors import NoSuchEngine
from wassr.models.shelf import find


def result(model: str, engine: str, seconds: float, ours: bool = True) -> enlarge.Result:
    return enlarge.Result(
        model, engine, "float32", ours, seconds, seconds, None, 1.0, 0.5, 17.0, 8e7, 2e8, {"Set5": 31.5}
    )


def test_all_are_run_in_turns() -> None:
    order: list[str] = []
    seconds = timing.interleaved({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, 2)
    assert order == ["a", "b"] * 3  # once before, to be warm
    assert all(len(values) == 2 for values in seconds.values())


def test_a_ratio_is_the_median_of_the_rounds() -> None:
    assert timing.ratio([1.0, 20.0, 3.0], [2.0, 10.0, 6.0]) == 0.5


def test_what_is_timed_is_the_run_alone() -> None:
    (values,) = timing.interleaved({"nap": lambda: time.sleep(0.01)}, 1).values()
    assert values[0] >= 0.01


def test_memory_is_known_on_linux() -> None:
    if not Path("/proc/self/status").exists():
        pytest.skip("/proc is Linux's")
    assert 0 < timing.resident_memory() <= timing.peak_memory()


def test_table_and_plot(tmp_path: Path) -> None:
    results = [result("compact-x4", "openvino", 0.1), result("rlfn-s", "plain torch", 0.4, ours=False)]
    lines = enlarge.table(results).splitlines()
    assert lines[2] == "| compact-x4 | openvino | float32 | 0.100 | 0.100 | - | 1.000 | 50% | 80 | 200 | 31.50 |"
    assert {line.count("|") for line in lines} == {12}
    for name in ("one.svg", "two.svg"):
        plots.quality_against_time(results, "Set5", "a machine", tmp_path / name)
    text = (tmp_path / "one.svg").read_text(encoding="utf-8")
    assert "RLFN-S" in text
    assert text == (tmp_path / "two.svg").read_text(encoding="utf-8")


def test_the_core_counts_no_torch() -> None:
    core, trained = startup.installed(()), startup.installed(("train",))
    assert 50 < core.megabytes < trained.megabytes
    assert core.packages < trained.packages
    assert not core.missing


def test_a_processor_replaces_no_speeds_of_one_of_another_kind() -> None:
    assert machine.speeds("enlarge", ("avx2", "avx512f", "avx512_bf16", "amx_bf16")) == "enlarge-amx"
    assert machine.speeds("enlarge", ("avx2", "avx512f", "avx512_bf16")) == "enlarge"
    assert machine.speeds("enlarge", ("avx2",)) == "enlarge-float32"


def test_the_readme_shows_the_quickest_way_of_each_on_every_kind_of_processor() -> None:
    rows = [result("compact-x4", "openvino", 0.1), result("compact-x4", "plain torch", 0.3)]
    rows.append(result("rlfn-s", "plain torch", 0.4, ours=False))
    card = find("compact-x4").card
    news = {"of_reference": 0.5, "psnr_y": {"Set14": 20}, "gmac": card.gmac_per_megapixel}
    contestants = [asdict(row) | news for row in rows]
    here = {"processor": "A", "versions": {"wassr": "1"}, "time": "2026-11-29T08:00:00+00:00"}
    saved = [
        {"machine": {**here, "features": f}, "results": {"input": "256x256", "threads": 2, "contestants": contestants}}
        for f in (["avx512_bf16", "amx_bf16"], ["avx2", "avx512_bf16"], ["avx2"])
    ]
    text = readme.speed_tables(saved)
    row = f"| compact-x4 | openvino float32 | 0.100 | 0.500 | 200 | {card.value('Set14', 'psnr_y'):.2f} |"
    assert text.count(row) == 3  # its quality is the card's
    assert "compact-x4 | plain" not in text
    tiles, vectors, none = text.split("\n\nOn a processor")
    for part, words, file in (
        (tiles, "On a processor with bfloat16 in tiles (AMX):", "enlarge-amx"),
        (vectors, " with bfloat16 in vectors", "enlarge"),
        (none, " without bfloat16:", "enlarge-float32"),
    ):
        assert part.startswith(words)
        assert f"`benchmarks/results/{file}.json`" in part


def test_times_of_a_network_that_is_shipped_no_more_are_not_shown() -> None:
    row = {"model": "compact-x4", "gmac": find("compact-x4").card.gmac_per_megapixel}
    assert readme._same_as_shipped(row)
    assert not readme._same_as_shipped(row | {"gmac": 1.2 * row["gmac"]})


def test_a_peer_is_not_timed_in_a_precision_that_would_be_emulated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contestants.OpenVinoEngine, "offers", lambda self, precision: precision == "float32")
    file = str(find("espcn-x4").onnx)
    with pytest.raises(NoSuchEngine, match="no instructions for bfloat16"):
        contestants.build(contestants.Entry("rlfn-s", "openvino", "bfloat16", 1, "peers", file))
    assert contestants.build(contestants.Entry("rlfn-s", "openvino", "float32", 1, "peers", file)).scale == 4


def test_the_plot_holds_what_does_the_same_work() -> None:
    names = ("compact-x2", "compact-x4", "wassr-jpeg-x4-faithful")
    results = [*(result(name, "openvino", 0.1) for name in names), result("rlfn-s", "plain torch", 0.4, ours=False)]
    assert [r.model for r in enlarge.comparable(results)] == ["compact-x4", "rlfn-s"]
