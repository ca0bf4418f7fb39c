"""`wassr train` and `wassr recipes` by the real command line; what training itself does is tested with the loop."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Wassr, save
from wassr.training.shelf import find_recipe, shipped_recipes


def test_recipes_are_listed_with_their_stages(wassr: Wassr) -> None:
    done = wassr("recipes")
    assert done.returncode == 0
    lines = done.stdout.decode().splitlines()
    end = lines.index("")
    assert [line.split()[0] for line in lines[:end]] == list(shipped_recipes())
    for pointer in ("wassr recipes NAME", "--small", "--schema"):
        assert pointer in " ".join(lines[end:])
    article = next(line for line in lines if line.startswith("wgan-article-x4"))
    assert "content + adversarial" in article
    assert "srresnet" in article


def test_a_recipe_is_printed_complete_and_can_be_given_back(wassr: Wassr, tmp_path: Path) -> None:
    done = wassr("recipes", "wgan-article-x4")
    assert done.returncode == 0
    (tmp_path / "mine.yaml").write_bytes(done.stdout)
    again = wassr("recipes", "mine.yaml")
    assert again.stdout == done.stdout
    mine, shipped = (find_recipe(name, small=True) for name in (str(tmp_path / "mine.yaml"), "wgan-article-x4"))
    assert mine == shipped
    assert b"clip_what: weights" in done.stdout
    lines = done.stdout.decode().splitlines()
    assert all("#" in line for line in lines), [line for line in lines if "#" not in line]


def test_the_schema_is_for_editors(wassr: Wassr) -> None:
    schema = json.loads(wassr("recipes", "--schema").stdout)
    assert {"generator", "content", "adversarial", "small"} <= set(schema["properties"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["wgan-artikle-x4"], "did you mean wgan-article-x4?"),
        (["compact-x4", "content.bach=3"], "did you mean batch?"),
        (["compact-x4", "content.batch=many"], "wassr: content.batch=many: must be a whole number"),
        (["compact-x4", "content.optimizer.name=adan"], "valid keys: kind, rate"),
        (["compact-x4", "content.optimizer.kind=mouon"], "did you mean muon?"),
        (["compact-x4", "data"], "KEY=VALUE"),
        (["wgan-gp-x4", "adversarial.adversarial.penalty=none"], "penalty"),
    ],
)
def test_wrong_settings_are_one_line_and_2(wassr: Wassr, arguments: list[str], words: str) -> None:
    done = wassr("train", *arguments)
    message = done.stderr.decode()
    assert done.returncode == 2
    assert words in message
    assert ".yaml" not in message
    assert message.count("\n") == 1


@pytest.mark.slow
@pytest.mark.parametrize("word", ["sheet.png", None])
def test_a_look_at_the_data_trains_nothing(wassr: Wassr, tmp_path: Path, word: str | None) -> None:
    for seed in range(3):
        save(tmp_path / "pictures" / f"{seed}.png", 150, 140, seed)
    done = wassr("train", "compact-x4", "data=pictures", "--show-data", *([word] if word else []), "data.candidates=2")
    assert done.returncode == 0, done.stderr.decode()
    file = word or "compact-x4-data.png"
    assert done.stdout.decode().splitlines()[-1] == f"wrote {file}"
    assert {path.name for path in tmp_path.iterdir()} == {"pictures", file}


def test_a_file_without_show_data_is_no_setting(wassr: Wassr) -> None:
    done = wassr("train", "compact-x4", "sheet.png")
    assert done.returncode == 2
    assert "expected KEY=VALUE" in done.stderr.decode()


def test_a_sheet_that_is_no_png_says_so(wassr: Wassr) -> None:
    done = wassr("train", "compact-x4", "--show-data", "sh.xyz", "data=pictures")
    assert done.returncode == 2
    assert done.stderr.decode() == "wassr: --show-data sh.xyz: the sheet is a PNG; name it so, as in sh.png\n"


def test_the_help_tells_the_run_folder(wassr: Wassr) -> None:
    assert "runs/NAME" in wassr("train", "--help").stdout.decode()


@pytest.mark.slow
def test_missing_pictures_are_one_line_and_2(wassr: Wassr, tmp_path: Path) -> None:
    without = wassr("train", "compact-x4")
    assert without.returncode == 2
    assert "data=DIR" in without.stderr.decode()
    (tmp_path / "empty").mkdir()
    empty = wassr("train", "compact-x4", "data=empty")
    assert empty.returncode == 2
    assert "no pictures" in empty.stderr.decode()
    assert not (tmp_path / "runs").exists()
    (tmp_path / "file").touch()
    placed = wassr("train", "compact-x4", "data=empty", "-o", "file/run")
    assert placed.returncode == 2
    assert placed.stderr.decode() == "wassr: file/run: file is a file, no folder; choose another place with -o\n"


@pytest.mark.slow
def test_the_demo_recipe_trains_both_stages_into_a_model_that_enlarges(wassr: Wassr, tmp_path: Path) -> None:
    for seed in range(4):
        save(tmp_path / "pictures" / f"{seed}.png", 96, 96, seed)
    # ten seconds a stage: long enough that the result passes the check of every tile, whatever the machine
    short = ["content.minutes=0.2", "adversarial.minutes=0.05", "content.validate_every=1000"]
    done = wassr("train", "demo", "data=pictures", *short)
    assert done.returncode == 0, done.stderr.decode()
    model = tmp_path / "runs" / "demo" / "models" / "demo.onnx"
    assert model.exists()
    assert list((tmp_path / "runs" / "demo" / "tensorboard").iterdir())
    assert (tmp_path / "runs" / "demo" / "report.html").stat().st_size > 10_000
    made = wassr("upscale", "pictures/0.png", "-n", model, "-o", "larger.png")
    assert made.returncode == 0, made.stderr.decode()
    assert (tmp_path / "larger.png").exists()
