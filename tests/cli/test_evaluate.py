"""`wassr evaluate` as a process: table, files, exit codes."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import Wassr, environment, save
from wassr.cli.main import main
from wassr.evaluation.scoring import case_of, nearest

TEST = Path(__file__).parents[3] / "shared" / "data" / "test"
TIES = {"psnr_y": 2e-4, "ssim_y": 2e-5}  # four and five digits are in the table; a pixel at a half may round otherwise


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for i in range(6):
        save(tmp_path / "sets" / "Six" / f"p{i}.png", 52 + 4 * i, 61, seed=i)
    return tmp_path / "sets"


def test_the_table_and_every_file(wassr: Wassr, model: Path, data: Path, tmp_path: Path) -> None:
    files = ["--json", "a.json", "--csv", "a.csv", "--markdown", "a.md", "--page", "new/a.html"]
    ended = wassr("evaluate", "bicubic", model, "--data", "sets", *files)
    assert ended.returncode == 0, ended.stderr
    shown = ended.stdout.decode()
    assert shown.startswith("Six: 6 pictures, x4\n")
    assert "tiny-x4 against bicubic" in shown
    assert "BT.601 studio Y, rounded; border = scale; 8 bit" in " ".join(shown.split())
    assert "tiny-x4: openvino, " in shown
    assert "s per megapixel" in shown
    flat = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    mean = flat["results.tiny-x4.Six.psnr_y.mean"]
    assert f"{mean:.2f}" in shown
    assert flat["cost.tiny-x4.seconds_per_megapixel"] > 0
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if (row["model"], row["metric"]) == ("tiny-x4", "psnr_y")]
    assert np.mean([float(row["value"]) for row in rows]) == pytest.approx(mean, rel=1e-6)
    assert f"{mean:.2f} [" in (tmp_path / "a.md").read_text(encoding="utf-8")
    assert f"{mean:.2f}<small>" in (tmp_path / "new" / "a.html").read_text(encoding="utf-8")


def test_inputs_saved_as_jpeg(wassr: Wassr, model: Path, data: Path, tmp_path: Path) -> None:
    call = ("evaluate", "bicubic", model, "--data", "sets", "--no-cost", "--jpeg", "30,clean", "--double")
    ended = wassr(*call, "--json", "a.json", "--markdown", "a.md", "--page", "a.html")
    assert ended.returncode == 0, ended.stderr
    shown = ended.stdout.decode()
    assert shown.startswith("Six/clean: 6 pictures, x4\n")
    assert "Six/jpeg-30-double: 6 pictures, x4\n" in shown
    words = " ".join(shown.split())
    assert "of quality 10, blocks shifted by 4 rows and columns, then of quality 30 (4:2:0; Pillow " in words
    assert "niqe: not ranked by; JPEG can lower it while lpips rises" in words
    flat = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    clean, saved = (flat[f"results.bicubic.Six/{word}.psnr_y.mean"] for word in ("clean", "jpeg-30-double"))
    assert clean > saved + 0.5
    assert flat["results.bicubic.Six/clean.psnr_b.mean"] <= clean
    table = f"| clean | 30 |\n|---|---|---|\n| bicubic | {clean:.2f} | {saved:.2f} |"
    assert table in (tmp_path / "a.md").read_text(encoding="utf-8")
    assert "<svg" in (tmp_path / "a.html").read_text(encoding="utf-8")


def test_a_against_a_and_json_alone_on_stdout(wassr: Wassr, model: Path, data: Path) -> None:
    ended = wassr("evaluate", model, model, "--data", data, "--no-cost", "--json", "-", "--metric", "psnr_y")
    assert ended.returncode == 0, ended.stderr
    flat = json.loads(ended.stdout)
    key = "differences.tiny-x4 (2).tiny-x4.Six.psnr_y"
    assert flat[f"{key}.words"] == "no difference: equal on all 6 pictures"
    assert flat[f"{key}.p"] == 1.0
    assert "results.tiny-x4.Six.ssim_y.mean" not in flat


def test_a_bad_picture_is_named_and_ends_with_1(wassr: Wassr, data: Path) -> None:
    (data / "Six" / "p3.png").write_bytes(b"broken")
    ended = wassr("evaluate", "bicubic", "nearest", "--data", data, "--no-cost", "--metric", "psnr_y")
    assert ended.returncode == 1
    assert ended.stdout.startswith(b"Six: 5 pictures")
    assert b"left out: " in ended.stderr
    assert b"p3.png: " in ended.stderr
    assert b"left out for all models" in ended.stdout
    assert b"Traceback" not in ended.stderr


def results(data: Path, folder: Path) -> list[Path]:
    """Another program's pictures: nearest."""
    made = []
    for path in sorted((data / "Six").iterdir()):
        case = case_of("Six", path.name, np.array(Image.open(path)), 4)
        folder.mkdir(exist_ok=True)
        made.append(folder / f"{path.stem}_x4.png")
        Image.fromarray(nearest(4)(case.low)).save(made[-1])
    return made


def test_results_of_another_program_and_a_shuffled_pairing(wassr: Wassr, data: Path, tmp_path: Path) -> None:
    made = results(data, tmp_path / "theirs")
    call = ("evaluate", "nearest", "--results", "them=theirs", "--data", data, "--no-cost", "--json", "-")
    flat = json.loads(wassr(*call).stdout)
    assert flat["differences.them.nearest.Six.psnr_y.words"] == "no difference: equal on all 6 pictures"
    made[0].rename(tmp_path / "x.png")
    made[1].rename(made[0])
    (tmp_path / "x.png").rename(made[1])
    ended = wassr(*call)
    assert ended.returncode == 1
    assert "p0_x4.png: them: shows p1.png, not p0.png: the pairing is shuffled" in ended.stderr.decode()
    assert json.loads(ended.stdout)["results.them.Six.psnr_y.count"] == 4


def test_without_originals(wassr: Wassr, data: Path) -> None:
    ended = wassr(
        "evaluate", "nearest", "--no-reference", "-s", "2", "--data", data / "Six", "--no-cost", "--json", "-"
    )
    assert ended.returncode == 0, ended.stderr
    flat = json.loads(ended.stdout)
    assert flat["results.nearest.Six.colour_drift_low.mean"] == pytest.approx(0, abs=1e-9)
    assert flat["results.nearest.Six.lr_consistency.mean"] > 25
    assert "results.nearest.Six.psnr_y.mean" not in flat


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("bicubci", "--data", "sets"), "did you mean bicubic?"),
        (("bicubic",), "--data is missing"),
        (("bicubic", "--data", "none"), "--data none: no such folder"),
        (("bicubic", "--data", "sets", "--metric", "pnsr_y"), "did you mean psnr_y?"),
        (("bicubic", "--data", "sets", "--against", "nearest"), "--against nearest: is not evaluated here"),
        (("bicubic", "--data", "sets", "--results", "none"), "--results none: no such folder"),
        (("bicubic", "--data", "sets", "--csv", "sets"), "--csv sets: is a folder"),
        (("bicubic", "--data", "sets", "--csv", "-"), "--csv -: only --json is written to the screen"),
        (
            ("bicubic", "--data", "sets", "--csv", "a.txt", "--json", "./a.txt"),
            "--json and --csv: two of them name one",
        ),
        (("bicubic", "--data", "sets", "--page", "keep.png"), "--page keep.png: HTML is written there; name it so, as"),
        (("bicubic", "--data", "sets", "--json", "m.onnx"), "--json m.onnx: JSON is written there"),
        (("bicubic", "--data", "sets", "--metric", "lpips_alex"), "lpips_alex: no lpips_alex.onnx in the package"),
        (("compact-x4", "--data", "sets", "-s", "3"), "--scale 3: compact-x4 x4"),
        (("bicubic", "--data", "sets", "--engine", "quick"), "--engine quick: choose auto"),
        (("bicubic", "--data", "sets", "--jpeg", "101"), "--jpeg 101: 101 is no quality; write clean and"),
        (("bicubic", "--data", "sets", "--jpeg", "70,abc"), "--jpeg 70,abc: abc is no quality"),
        (("bicubic", "--data", "sets", "--jpeg", ""), "--jpeg: names no quality"),
        (("bicubic", "--data", "sets", "--jpeg", "70,70"), "--jpeg 70,70: 70 is there twice"),
        (("bicubic", "--data", "sets", "--jpeg", "70", "--results", "sets"), "--jpeg: pictures of --results"),
        (("bicubic", "--data", "sets", "--jpeg", "70", "--no-reference"), "--jpeg: saves reduced originals"),
        (("bicubic", "--data", "sets", "--double"), "--double: saves as JPEG twice"),
    ],
    ids=lambda value: "" if isinstance(value, tuple) else value,
)
def test_wrong_use_is_one_line(
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    words: str,
) -> None:
    monkeypatch.chdir(data.parent)
    monkeypatch.setattr(sys, "argv", ["wassr", "evaluate", *arguments])
    assert main() == 2
    printed = capsys.readouterr()
    assert words in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="a folder that takes no files")
@pytest.mark.parametrize(
    ("option", "suffix"), [("--json", ".json"), ("--csv", ""), ("--markdown", ".md"), ("--page", ".html")]
)
def test_files_that_cannot_be_written_are_known_before_anything_is_computed(
    data: Path, option: str, suffix: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("wassr.evaluation.request.evaluate", None)
    monkeypatch.setattr(sys, "argv", ["wassr", "evaluate", "bicubic", "--data", str(data), option, f"/proc/x{suffix}"])
    assert main() == 2
    assert f"{option} /proc/x{suffix}: cannot be written: " in capsys.readouterr().err


def test_needs_no_torch(data: Path) -> None:
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from wassr.cli.main import main\n"
        f"sys.argv = ['wassr', 'evaluate', 'bicubic', '--no-cost', '--data', {str(data)!r}]\n"
        "try:\n    main()\nexcept SystemExit as end:\n    sys.exit(end.code)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment(), check=False)
    assert ended.returncode == 0, ended.stderr
    assert b"psnr_y" in ended.stdout


@pytest.mark.slow
@pytest.mark.skipif(not TEST.exists(), reason="the benchmark pictures are not here (../shared/data/test)")
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_bicubic_is_what_the_benchmarks_table_says(wassr: Wassr, scale: int) -> None:
    call = ("evaluate", "bicubic", "-s", scale, "--no-cost", "--json", "-", "--metric", "psnr_y", "--metric", "ssim_y")
    ended = wassr(*call, "--data", TEST)
    assert ended.returncode == 0, ended.stderr
    flat = json.loads(ended.stdout)
    with (TEST / "bicubic.csv").open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if int(row["scale"]) == scale]
    assert len(rows) == 119
    for row in rows:
        for metric in ("psnr_y", "ssim_y"):
            value = flat[f"results.bicubic.{row['set']}.{metric}.pictures"][f"{row['image']}.png"]
            assert value == pytest.approx(float(row[metric]), abs=TIES[metric]), row


@pytest.mark.slow
@pytest.mark.skipif(not TEST.exists(), reason="the benchmark pictures are not here (../shared/data/test)")
def test_bicubic_loses_little_to_jpeg(wassr: Wassr) -> None:
    """Measured before by another program: saved by Pillow, 4:2:0, enlarged by MATLAB's bicubic."""
    call = ("evaluate", "bicubic", "--no-cost", "--json", "-", "--metric", "psnr_y", "--data", TEST / "Set14")
    ended = wassr(*call, "--jpeg", "clean,90,70,50,30")
    assert ended.returncode == 0, ended.stderr
    flat = json.loads(ended.stdout)
    wanted = {"clean": 26.09, "jpeg-90": 25.92, "jpeg-70": 25.35, "jpeg-50": 24.91, "jpeg-30": 24.40}
    for word, value in wanted.items():
        assert flat[f"results.bicubic.Set14/{word}.psnr_y.mean"] == pytest.approx(value, abs=0.03), word
