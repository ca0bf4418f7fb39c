"""The perceptual study: what is measured once, back-projection of others, what was asked for, the command."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import peers
import perceptual
import perceptual_page as page
import pytest
import torch
from PIL import Image

from wassr.evaluation.choice import choose_metrics
from wassr.evaluation.comparison import Comparison, Row
from wassr.evaluation.metrics import lr_consistency
from wassr.evaluation.scoring import Case, PictureScore, bicubic, case_of, score_folder, score_of
from wassr.evaluation.sets import DataSet, find_sets
from wassr.evaluation.subjects import Subject
from wassr.upscaling.upscaler import Upscaler

FEW = ("psnr_y", "lpips", "lr_consistency")
STUDIED = (*FEW, "colour_drift")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A small textured picture in each set."""
    for number, name in enumerate(perceptual.SETS):
        (tmp_path / "data" / name).mkdir(parents=True)
        coarse = np.random.default_rng(number).integers(0, 256, (17, 18, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((144, 136), Image.Resampling.BICUBIC).save(tmp_path / "data" / name / "a.png")
    return tmp_path / "data"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(perceptual, "CACHE", tmp_path / "cache")
    return tmp_path / "cache"


class Nearest(torch.nn.Module):
    """A network of another that follows its input badly: repeated pixels, and brighter."""

    def forward(self, low: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.interpolate(low, scale_factor=4.0) * 0.9 + 0.05


@pytest.fixture
def others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Weights of others that are not needed: their networks are `Nearest`."""
    folder = tmp_path / "peers"
    folder.mkdir()
    (folder / "weights").write_bytes(b"1")
    monkeypatch.setattr(peers, "load", lambda name, where: Nearest())
    known = dict.fromkeys(perceptual.RIVALS.values(), SimpleNamespace(file="weights"))
    monkeypatch.setattr(peers, "PEERS", known)
    return folder


def counted(calls: list[str]) -> perceptual.Entry:
    def make(case: Case) -> np.ndarray:
        calls.append(case.name)
        return bicubic(4)(case.low)

    return perceptual.Entry(Subject("plain one", 4, "by hand", make), "first")


def test_what_was_measured_is_measured_once(data: Path, cache: Path) -> None:
    calls: list[str] = []
    entry, (one, other, _) = counted(calls), find_sets(data / name for name in perceptual.SETS)
    metrics = choose_metrics(FEW)
    first = perceptual.measured(entry, one, metrics)
    assert perceptual.measured(entry, one, metrics) == first
    assert len(calls) == 1
    expected = score_folder(bicubic(4), data / one.name, 4, metrics)
    assert first.score.mean("psnr_y") == expected.mean("psnr_y")
    assert first.score.mean("lpips") == pytest.approx(expected.mean("lpips"), abs=1e-6)
    assert first.raster > 0
    perceptual.measured(perceptual.Entry(entry.subject, "second"), one, metrics)  # other weights
    perceptual.measured(entry, DataSet(one.name, other.paths), metrics)  # other pictures under the same name
    perceptual.measured(entry, one, choose_metrics(("psnr_y",)))
    assert len(calls) == 4


def test_missing_values_survive_the_cache(data: Path, cache: Path) -> None:
    one = find_sets([data / "Set5"])[0]
    metrics = choose_metrics(("niqe",))  # needs two blocks of 96
    for _ in range(2):
        assert np.isnan(perceptual.measured(counted([]), one, metrics).score.mean("niqe"))


def test_back_projection_brings_others_to_their_input(data: Path, others: Path) -> None:
    case = case_of("", "a", np.asarray(Image.open(data / "Set14" / "a.png")), 4)
    plain, projected = (perceptual.rival(page.SRGAN, others, way) for way in (False, True))
    made = [entry.subject.make(case) for entry in (plain, projected)]
    expected = np.round(np.repeat(np.repeat(case.low, 4, 0), 4, 1) * 0.9 + 0.05 * 255)
    assert np.abs(made[0] - expected).max() <= 1
    assert lr_consistency(made[1], case.low, 4) > lr_consistency(made[0], case.low, 4) + 10
    assert (plain.name, projected.name) == (page.SRGAN, page.SRGAN + page.WITH_BP)


def test_strengths_go_from_the_content_model_to_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    assert perceptual.STRENGTHS == (0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1)
    monkeypatch.setattr(perceptual, "STRENGTHS", (0, 0.5, 1))
    entries = perceptual.by_strength("wassr-x4", page.WASSERSTEIN)
    assert [e.name for e in entries.values()] == [
        "compact-x4",
        "wassr-x4 (Wasserstein) at 0.5",
        "wassr-x4 (Wasserstein)",
    ]
    assert len({entry.identity for entry in entries.values()}) == 3
    low = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    made = [entry.subject.make(Case("", "", low, None)).astype(int) for entry in entries.values()]
    for end, name in ((0, "compact-x4"), (2, "wassr-x4")):
        np.testing.assert_array_equal(made[end], Upscaler(name, **perceptual.ENGINE)(low))
    apart = np.abs(made[2] - made[0]).mean()
    assert max(np.abs(made[1] - made[end]).mean() for end in (0, 2)) < apart


Values = Mapping[str, tuple[float, float, float, float]]  # set -> one of STUDIED each

FAITHFUL = {"Set5": (30, 0.30, 60, 0.02), "Set14": (28, 0.30, 60, 0.02), "B100": (27, 0.30, 60, 0.02)}
SHARP = {"Set5": (29, 0.15, 50, 0.02), "Set14": (27.8, 0.15, 50, 0.02), "B100": (26.8, 0.15, 50, 0.02)}
RIVAL = {"Set5": (29, 0.20, 40, 1.5), "Set14": (27.5, 0.20, 40, 1.5), "B100": (26.5, 0.20, 40, 1.5)}


def scores(values: Values) -> dict[str, page.Measured]:
    """Eight pictures a set around these means."""
    found = {}
    for data, row in values.items():
        metrics = choose_metrics(STUDIED)
        pictures = [
            PictureScore(f"{i}", 64, 64, {m: v * (1 + 0.001 * i) for m, v in zip(STUDIED, row, strict=True)})
            for i in range(-4, 5)
        ]
        found[data] = page.Measured(score_of(data, 4, metrics, pictures), 1.5)
    return found


def studied(full: Values, half: Values, raster: float = 1.5) -> page.Study:
    subjects = {"bicubic": FAITHFUL, "content": FAITHFUL, "model": full}
    subjects |= {title + bp: RIVAL for title in perceptual.RIVALS for bp in ("", page.WITH_BP)}
    measured = {name: scores(values) for name, values in subjects.items()}
    rows = [Row(name, "by hand", one.score) for name, found in measured.items() for one in found.values()]
    rasters = {(name, data): 1.2 for name in subjects for data in perceptual.SETS}
    rasters |= {("model", data): raster for data in perceptual.SETS}
    curve = {0.0: measured["content"], 0.5: scores(half), 1.0: measured["model"]}
    return page.Study("model", Comparison(tuple(rows), "content"), rasters, {"model": curve})


def reached(study: page.Study) -> dict[str, bool]:
    return {demand.what: demand.reached for demand in page.demands(study)}


def test_all_is_reached_by_a_model_that_is_better() -> None:
    found = page.demands(studied(SHARP, SHARP))
    assert all(demand.reached for demand in found)
    assert [demand.what.split(":")[0] for demand in found] == ["floor"] * 4 + ["aim"] * 2
    assert "B100 -0.1500; p 0.004" in found[0].measured  # nine pairs in one direction: 2 / 2^9
    assert "Set14 1.5 (content: 1.2)" in found[3].measured
    assert found[4].asked == "Set14 27.50 dB / 0.200, B100 26.50 dB / 0.200"
    assert found[4].measured.startswith("at 0.5 to 1; at 1: Set14 27.80 dB / 0.150")


@pytest.mark.parametrize(
    ("place", "value", "what"),
    [
        (1, 0.31, "floor: perceptually better than content, lpips"),
        (2, 44.9, "floor: lr_consistency"),
        (3, 0.11, "floor: colour_drift"),
    ],
)
def test_one_set_is_enough_to_miss_a_floor(place: int, value: float, what: str) -> None:
    row = list(SHARP["Set5"])
    row[place] = value
    found = reached(studied(SHARP | {"Set5": tuple(row)}, SHARP))
    assert [name for name, fine in found.items() if not fine] == [what]


def test_a_raster_is_noticed() -> None:
    found = reached(studied(SHARP, SHARP, raster=page.MOST_RASTER + 0.1))
    assert [name for name, fine in found.items() if not fine] == [name for name in found if "checkerboard" in name]


def test_the_aim_needs_one_strength_for_both_sets() -> None:
    first = SHARP | {"B100": (27.0, 0.25, 50, 0.02)}  # still too soft on B100
    last = SHARP | {"Set14": (27.4, 0.15, 50, 0.02)}  # no longer faithful on Set14
    some, full = page.demands(studied(last, first))[-2:]
    assert not some.reached
    assert not full.reached
    assert some.measured == "at none; at 0.5, the most that keeps PSNR-Y: Set14 27.80 dB / 0.150, B100 27.00 dB / 0.250"


@pytest.mark.parametrize(("consistency", "best"), [(50.0, "1"), (44.0, "0.5"), (46.0, "1")])
def test_the_choice_says_what_each_strength_costs(consistency: float, best: str) -> None:
    steps = zip((0.0, 0.5, 1.0), ((27, 0.30, 60, 0), (26.9, 0.26, 55, 0), (26.5, 0.20, consistency, 0)), strict=True)
    text = page.choice_table({strength: scores({"valid": row}) for strength, row in steps})
    assert "| 0.5 | 26.90 | 0.2600 | 55.0 | 1.5 | 0.10 | 40% |" in text
    assert "| 0.50 | 100% |" in text
    assert f"at most 3: **{best}**." in text
    assert "mean of 9 pictures" in text


def test_of_the_last_twentieth_of_the_gain_nothing_is_bought() -> None:
    rows = zip(
        (0.0, 0.5, 0.8, 1.0),
        ((27, 0.3, 60, 0), (26.9, 0.25, 55, 0), (26.7, 0.204, 55, 0), (26.5, 0.2, 50, 0)),
        strict=True,
    )
    assert "**0.8**." in page.choice_table({strength: scores({"valid": row}) for strength, row in rows})


def test_the_page_names_who_is_better_by_how_much() -> None:
    text = page.markdown(studied(SHARP, SHARP))
    assert "| **model** | 29.00 | 0.1500 | 50.00 | 0.020 | 1.5 |" in text
    assert f"- B100, against {page.SRGAN}: lpips: model is better by 0.0500 (" in text
    assert "| 0.5 | 29.00 / 0.1500 / 50.0 |" in text
    assert "lpips (lower is better, against the original): LPIPS v0.1 squeeze" in text
    assert "against bicubic" not in text


@pytest.mark.slow
def test_the_command_fills_page_pictures_and_json(
    data: Path, cache: Path, others: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "page.md"
    file.write_text("<!-- perceptual -->\n<!-- /perceptual -->\n<!-- choose -->\n<!-- /choose -->\n", encoding="utf-8")
    monkeypatch.setattr(perceptual, "PAGE", file)
    monkeypatch.setattr(perceptual, "PICTURES", tmp_path)
    monkeypatch.setattr(perceptual, "METRICS", STUDIED)
    monkeypatch.setattr(perceptual, "STRENGTHS", (0, 0.5, 1))
    monkeypatch.setattr(perceptual.machine, "RESULTS", tmp_path)
    command = ["--data", str(data), "--peers", str(others), "--judges", str(tmp_path), "--wasserstein", "wassr-x4"]
    assert perceptual.main(command) == 0
    assert perceptual.main(["--choose", "--valid", str(data / "Set14")]) == 0
    text = file.read_text(encoding="utf-8")
    assert text.count("| **wassr-x4** |") == 3
    assert "B100, against wassr-x4 (Wasserstein): lpips: no difference: equal on" in text
    assert "| strength | PSNR-Y | LPIPS |" in text
    saved = json.loads((tmp_path / "perceptual.json").read_text(encoding="utf-8"))["results"]
    ours = ["bicubic", "compact-x4", "wassr-x4", "wassr-x4 (Wasserstein)"]
    assert list(saved["means"]) == [*ours, *(title + bp for title in perceptual.RIVALS for bp in ("", page.WITH_BP))]
    assert saved["means"]["wassr-x4"] == saved["means"]["wassr-x4 (Wasserstein)"]
    curve = saved["curves"]["wassr-x4"]
    assert curve["0"]["Set14"]["psnr_y"] == saved["means"]["compact-x4"]["Set14"]["psnr_y"]
    with Image.open(tmp_path / "perceptual-crops.png") as crops:
        assert crops.width == 9 * (perceptual.SIDE + 4) - 4
    assert "LPIPS" in (tmp_path / "perceptual.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize("words", [[], ["--choose"], ["--data", "x"]])
def test_what_is_missing_is_said(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        perceptual.main(words)
    assert stopped.value.code == 2
    assert "missing" in capsys.readouterr().err


def test_a_missing_judge_is_one_line(
    data: Path, others: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert perceptual.main(["--data", str(data), "--peers", str(others), "--judges", str(tmp_path)]) == 1
    assert "judge_export" in capsys.readouterr().out
