"""The study of compressed inputs: what is run, what is kept, what the tables say."""

import json
from dataclasses import replace
from pathlib import Path

import jpeg
import jpeg_asked as asked
import jpeg_page as page
import jpeg_sheet
import kept
import numpy as np
import pytest
from PIL import Image

from tests.benchmarks.conftest import ROOT
from wassr.evaluation.choice import choose_metrics
from wassr.evaluation.comparison import Comparison, Row
from wassr.evaluation.compressed import Saved, decoded, jpeg_file, parse
from wassr.evaluation.metrics import METRICS
from wassr.evaluation.scoring import Case, PictureScore, score_of
from wassr.evaluation.sets import at_qualities, find_sets
from wassr.evaluation.subjects import Subject, subject
from wassr.ground.errors import UsageError
from wassr.models.card import Card
from wassr.models.modelfile import replace_card
from wassr.models.shelf import find
from wassr.upscaling.engines import Wish
from wassr.upscaling.upscaler import Upscaler

FEW = {"psnr_y": METRICS["psnr_y"]}


class Copies:
    """An engine of scale 1 that adds nothing to the base."""

    name, precision, threads, reason = "stub", "float32", 1, "test"

    def run(self, tile: np.ndarray) -> np.ndarray:
        return np.zeros_like(tile)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name in ("Set14", "B100"):
        (tmp_path / "data" / name).mkdir(parents=True)
        for seed in range(2):
            levels = np.random.default_rng(seed).integers(0, 256, (28, 32, 3), dtype=np.uint8)
            high = Image.fromarray(levels).resize((96, 84), Image.Resampling.BICUBIC)
            high.save(tmp_path / "data" / name / f"{seed}.png")
    return tmp_path / "data"


def case_of(levels: np.ndarray, quality: int | None) -> Case:
    file = jpeg_file(levels, Saved(quality))
    return Case("x", "x.png", levels if file is None else decoded(file), None, file)


@pytest.fixture(scope="module")
def low() -> np.ndarray:
    return np.asarray(Image.open(ROOT / "examples" / "train" / "rock.webp").convert("RGB"))[:40, :48]


@pytest.mark.parametrize("quality", [None, 40])
def test_a_first_stage_that_copies_leaves_the_second_stage(low: np.ndarray, quality: int | None) -> None:
    card = Card(name="copy", purpose="", network="compact", scale=1, radius=4, base="nearest", inputs="compressed")
    first, second = Upscaler.from_engine(card, Copies()), jpeg.opened(find("espcn-x4"))
    case = case_of(low, quality)
    alone = subject("espcn-x4", 4, jpeg.WISH).make(case)
    np.testing.assert_array_equal(jpeg.in_turn(first, second)(case), alone)


def test_a_joint_model_is_measured_with_its_bins_and_without(low: np.ndarray, tmp_path: Path) -> None:
    assert [entry.name for entry in jpeg.own(find("espcn-x4"))] == ["espcn-x4"]
    joint = tmp_path / "joint-x4.onnx"
    joint.write_bytes(find("espcn-x4").path.read_bytes())
    changes = {"name": "joint-x4", "inputs": "compressed", "consistency": 1}
    replace_card(joint, find("espcn-x4").card.model_copy(update=changes))
    whole, bare = jpeg.own(jpeg.named("joint-x4", tmp_path))
    assert (whole.name, bare.name) == ("joint-x4", "joint-x4, network alone")
    for quality in (None, 92):  # back-projection, bins
        case = case_of(low, quality)
        assert (whole.subject.make(case) != bare.subject.make(case)).any()
    engine = jpeg.opened(find("espcn-x4")).engine
    plain = Upscaler.from_engine(find("espcn-x4").card.model_copy(update={"consistency": 0}), engine)
    np.testing.assert_array_equal(bare.subject.make(case), plain(case.low))


def test_what_was_measured_is_kept_until_something_that_shapes_it_changes(data: Path, tmp_path: Path) -> None:
    made = []

    def make(case: Case) -> np.ndarray:
        made.append(case.name)
        return subject("nearest", 4, Wish()).make(case)

    entry = jpeg.Entry(Subject("a b", 4, "how", make), "first")
    (one,) = at_qualities(find_sets([data / "Set14"]), parse("50"))
    first = jpeg.measured(entry, one, FEW, tmp_path)
    again = jpeg.measured(entry, one, FEW, tmp_path)
    assert first == again
    assert made == ["0.png", "1.png"]
    assert (tmp_path / "a_b" / "Set14-jpeg-50.json").is_file()
    for change in ("another file", "more metrics", "another picture"):
        made.clear()
        metrics = FEW | ({"ssim_y": METRICS["ssim_y"]} if change == "more metrics" else {})
        if change == "another picture":
            Image.new("RGB", (64, 64), "red").save(one.paths[1])
        entry = replace(entry, identity=f"second, {change}" if change == "another file" else entry.identity)
        jpeg.measured(entry, one, metrics, tmp_path)
        assert made == ["0.png", "1.png"], change


def test_each_kind_of_subject_has_its_own_folder(data: Path, tmp_path: Path) -> None:
    part = jpeg.Part("Set14", "50", False, ("psnr_y",))
    entries = {tmp_path / name: [jpeg.Entry(subject(name, 4, Wish()), name)] for name in ("bicubic", "nearest")}
    found = jpeg.study(part, entries, data)
    assert [row.model for row in found.rows] == ["bicubic", "nearest"]
    for name in entries:
        assert [path.name for path in name.rglob("*.json")] == ["Set14-jpeg-50.json"]
    found = jpeg.study(replace(part, without=("nearest",)), entries, data)
    assert [row.model for row in found.rows] == ["bicubic"]


@pytest.mark.parametrize("suffix", [".onnx", ".safetensors"])
def test_what_was_measured_of_a_model_shapes_no_result(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"espcn-x4{suffix}"
    path.write_bytes(find("espcn-x4").path.with_suffix(suffix).read_bytes())
    before, card = kept.digest_of_models(find(path)), find(path).card
    replace_card(path, card.model_copy(update={"measured": card.measured[:1]}))
    assert kept.digest_of_models(find(path)) == before
    replace_card(path, card.model_copy(update={"consistency": 2}))
    assert kept.digest_of_models(find(path)) != before


def test_a_model_that_is_not_at_hand_is_left_out_aloud(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(jpeg, "MODELS", ("espcn-x4", "none-x4"))
    monkeypatch.setattr(jpeg, "RESTORER", "none-x1")
    assert [entry.name for entry in jpeg.ours(tmp_path)] == ["bicubic", "espcn-x4"]
    assert capsys.readouterr().out.splitlines() == [
        f"none-x4 is left out: none-x4: neither shipped nor in {tmp_path}",
        f"{page.STAGES} is left out: none-x1: neither shipped nor in {tmp_path}",
    ]
    assert list(jpeg.others(tmp_path, ["0"])) == []
    assert "RLFN-S is left out: " in capsys.readouterr().out


def compared(
    values: dict[str, dict[str, float]], data: str = "Set14", metric: str = "psnr_y", tilt: float = 0
) -> Comparison:
    """model -> quality -> mean; twelve pictures around it. tilt: how much wider the spread of all but bicubic is."""
    metrics = choose_metrics((metric,), jpeg=True)
    rows = []
    for quality in next(iter(values.values())):
        saved = Saved(None if quality == "clean" else int(quality))
        for model, means in values.items():
            step = 0.1 + (tilt if model != page.BICUBIC else 0)
            spread = [PictureScore(str(i), 64, 64, {metric: means[quality] + step * (i - 5.5)}) for i in range(12)]
            rows.append(Row(model, "", score_of(f"{data}/{saved.word}", 4, metrics, spread, True, saved)))
    return Comparison(tuple(rows), page.BICUBIC)


LEVELS = compared(
    {
        page.BICUBIC: {"clean": 26.0, "50": 25.0, "30": 24.5},
        page.SPECIALIST: {"clean": 28.0, "50": 24.999, "30": 24.2},
        f"{page.WAIFU}0": {"clean": 27.5, "50": 25.2, "30": 24.6},
        f"{page.WAIFU}3": {"clean": 26.5, "50": 25.7, "30": 25.1},
    },
    tilt=0.01,
)


def test_tables_by_quality() -> None:
    lines = page.by_quality(LEVELS, "psnr_y").splitlines()
    assert lines == [
        "| psnr_y ↑ | clean | 50 | 30 |",
        "|---|---|---|---|",
        "| bicubic | 26.00 | 25.00 | 24.50 |",
        "| compact-x4 | 28.00 (+2.00) | 25.00 (+0.00?) | 24.20 (-0.30) |",
    ]
    assert page.losses(LEVELS, "psnr_y").splitlines()[-1] == "| compact-x4 | -3.00 | -3.80 | 50 / 30 |"
    assert page.levels(LEVELS, "psnr_y").splitlines()[2:] == [
        "| waifu2x, level 0 | **27.50** | 25.20 | 24.60 |",
        "| waifu2x, level 3 | 26.50 | **25.70** | **25.10** |",
    ]
    niqe = compared({page.BICUBIC: {"clean": 7.6}, page.SPECIALIST: {"clean": 6.0}}, metric="niqe")
    assert "| compact-x4 | 6.00 |" in page.by_quality(niqe, "niqe")  # no difference: nobody is ranked by it


def test_the_best_level_is_chosen_by_quality() -> None:
    for quality, level, mean in (("clean", "0", 27.5), ("jpeg-30", "3", 25.1)):
        rows = [row for row in LEVELS.rows if row.score.data == f"Set14/{quality}"]
        (best,) = jpeg.best_level(rows)
        assert best.model == page.BEST
        assert best.score.mean("psnr_y") == pytest.approx(mean), level
    assert jpeg.best_level(LEVELS.rows[:2]) == []


def test_what_was_asked_is_answered() -> None:
    comparison = compared(
        {
            page.BICUBIC: {"clean": 25.0, "10": 22.0},
            page.SPECIALIST: {"clean": 27.0, "10": 21.0},
            page.FAITHFUL: {"clean": 26.6, "10": 22.7},
        },
        "B100",
        "psnr_rgb",
    )
    floor = asked.Demand("floor", page.FAITHFUL, page.BICUBIC, page.B100, "10", "psnr_rgb", 0.6)
    clean = replace(floor, over=page.SPECIALIST, quality="clean", asked=-0.35)
    absent = replace(floor, model=page.PERCEPTUAL)
    found = [asked._answer(comparison, demand) for demand in (floor, clean, absent)]
    assert [one.reached for one in found] == [True, False, False]
    lines = asked.table(found).splitlines()[2:]
    place = "B100 10, psnr_rgb over bicubic"
    assert lines[0] == f"| floor | {page.FAITHFUL} | {place} | ≥ +0.60 | +0.70 [+0.70, +0.70] |  | yes |"
    assert "| ≥ -0.35 | -0.40 [-0.40, -0.40] |  | no |" in lines[1]
    assert "| not at hand |  |  |" in lines[2]


@pytest.mark.parametrize(("lpips", "reached"), [(0.145, True), (0.146, False)])
def test_less_lpips_is_asked_beside_the_rival(lpips: float, reached: bool) -> None:
    metrics = {page.BICUBIC: {"clean": 0.4}, page.PERCEPTUAL: {"clean": lpips}, page.LSDIR: {"clean": 0.146}}
    demand = next(one for one in asked.DEMANDS if one.metric == "lpips" and one.quality == "clean")
    answer = asked._answer(compared(metrics, metric="lpips"), demand)
    assert (answer.reached, answer.rival) == (reached, pytest.approx(0.146))
    assert f"| < 0.146 | {lpips:.3f} | LSDIRCompactC3: 0.146 |" in asked.table([answer])


def test_the_whole_study_on_two_small_pictures(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Page, plot and JSON; every mark of the page is filled and every part of the page has its mark."""
    copied = tmp_path / "jpeg.md"
    copied.write_text(jpeg.PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    for name, path in (("PAGE", copied), ("PICTURES", tmp_path), ("CACHE", tmp_path / "cache"), ("ROOT", tmp_path)):
        monkeypatch.setattr(jpeg, name, path)
    monkeypatch.setattr(jpeg, "MODELS", ("espcn-x4",))
    monkeypatch.setattr(jpeg.machine, "RESULTS", tmp_path)
    small = {name: replace(part, metrics=part.metrics[:4]) for name, part in jpeg.PARTS.items()}
    with_lpips = {name: replace(part, metrics=(*part.metrics[:4], "lpips", "niqe")) for name, part in small.items()}
    monkeypatch.setattr(jpeg, "PARTS", {**with_lpips, page.B100: small[page.B100]})
    assert jpeg.main(["--data", str(data)]) == 0
    said = capsys.readouterr().out
    text = copied.read_text(encoding="utf-8")
    before, rest = text.split("<!-- restored -->")  # that table is of benchmarks/restore.py
    text = before + rest.split("<!-- /restored -->")[1]
    assert text.count("| espcn-x4 |") == text.count("| bicubic |") == 9
    assert "<svg" in (tmp_path / "jpeg-quality.svg").read_text(encoding="utf-8")
    saved = json.loads((tmp_path / "jpeg.json").read_text(encoding="utf-8"))["results"]
    value = saved["B100"]["espcn-x4"]["10"]["psnr_rgb"]
    assert value["low"] <= value["mean"] <= value["high"]
    assert len(saved["asked"]) == len(asked.DEMANDS)
    assert f"{value['mean']:.2f} (" in text
    assert "espcn-x4, B100/jpeg-10" in said
    assert jpeg.main(["--data", str(data)]) == 0
    assert "espcn-x4, B100/jpeg-10" not in capsys.readouterr().out  # it was kept


def test_the_sheet_shows_free_pictures_and_keeps_the_others(tmp_path: Path) -> None:
    subjects = [subject(name, 4, Wish()) for name in ("bicubic", "nearest")]
    real = tmp_path / "real"
    real.mkdir()
    free, closed = "drawing_lineart.jpg", "Lincoln.png"
    assert jpeg_sheet.PLACES[free].free
    assert not jpeg_sheet.PLACES[closed].free
    random = np.random.default_rng(0)
    for name in (free, closed):
        Image.fromarray(random.integers(0, 256, (144, 164, 3), dtype=np.uint8)).save(real / name)
    shown, everything = jpeg_sheet.draw(subjects, real, tmp_path / "shown.jpg", tmp_path / "all.jpg")
    with Image.open(shown) as one, Image.open(everything) as both:
        assert one.width == both.width == 2 * (4 * jpeg_sheet.WIDTH + jpeg_sheet.GAP)
        assert both.height > 1.5 * one.height
    place = jpeg_sheet.Place(10, 20)
    _, cell = jpeg_sheet.row(subjects, real / closed, place)
    with Image.open(real / closed) as opened:
        crop = np.asarray(opened)[20 : 20 + jpeg_sheet.HEIGHT, 10 : 10 + jpeg_sheet.WIDTH]
    np.testing.assert_array_equal(cell[::4, ::4], crop)
    with pytest.raises(UsageError, match="none of its pictures"):
        jpeg_sheet.draw(subjects, tmp_path, shown, everything)
