"""The run folder: continued with the same recipe, refused otherwise, held by one process, one line when it fails."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.training.conftest import Make
from wassr.ground.errors import CannotStart, TrainingError
from wassr.training.recipe import Recipe
from wassr.training.runfolder import RunFolder, open_run


def refused(path: Path, recipe: Recipe) -> str:
    with pytest.raises(TrainingError) as caught, open_run(path, recipe):
        pass
    assert "\n" not in str(caught.value)
    return str(caught.value)


def begun(path: Path, recipe: Recipe) -> RunFolder:
    with open_run(path, recipe) as folder:
        (folder.state / "step-000000001.json").touch()
    return folder


def test_makes_the_folder_and_continues_in_it(tmp_path: Path, recipe: Make) -> None:
    path = tmp_path / "deep" / "run"
    folder = begun(path, recipe(content={}))
    assert folder.recipe.read_text(encoding="utf-8").startswith("name: tiny\n")
    assert folder.state.is_dir()
    assert folder.models.is_dir()
    begun(path, recipe(content={}))


def test_another_recipe_is_refused_with_the_difference(tmp_path: Path, recipe: Make) -> None:
    begun(tmp_path, recipe(content={}))
    message = refused(tmp_path, recipe(content={"batch": 3, "optimizer": {"rate": 0.1}}))
    assert "content.batch: 2 -> 3" in message
    assert "content.optimizer.rate: 0.0002 -> 0.1" in message
    assert "-o" in message


def test_a_continued_run_may_keep_its_pictures_elsewhere(tmp_path: Path, recipe: Make) -> None:
    begun(tmp_path, recipe(content={}))
    data = recipe(content={}).data
    moved = data.model_copy(update={"cache_folder": "here", "cache_gigabytes": 1.0, "workers": 3})
    folder = begun(tmp_path, recipe(content={}).model_copy(update={"data": moved}))
    assert "cache_folder: here" in folder.recipe.read_text(encoding="utf-8")
    other = recipe(content={}).model_copy(update={"data": moved.model_copy(update={"candidates": 2})})
    assert "(data.candidates: 1 -> 2)" in refused(tmp_path, other)


def test_a_run_without_a_saved_state_may_change_its_recipe(tmp_path: Path, recipe: Make) -> None:
    with open_run(tmp_path, recipe(content={})):
        pass
    with open_run(tmp_path, recipe(content={"batch": 3})) as folder:
        assert "batch: 3" in folder.recipe.read_text(encoding="utf-8")


def test_a_folder_of_something_else_is_refused_untouched(tmp_path: Path, recipe: Make) -> None:
    (tmp_path / "thesis.txt").write_text("x")
    assert "holds no run" in refused(tmp_path, recipe(content={}))
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_folder_that_cannot_be_made_or_written(tmp_path: Path, recipe: Make) -> None:
    (tmp_path / "file").write_text("x")
    message = refused(tmp_path / "file" / "run", recipe(content={}))
    assert "is a file, no folder" in message
    assert "-o" in message


def test_a_full_disk_in_the_block_is_one_line(tmp_path: Path, recipe: Make) -> None:
    with (
        pytest.raises(TrainingError, match="No space left on device; what was saved before is whole"),
        open_run(tmp_path, recipe(content={})),
    ):
        raise OSError(28, "No space left on device", "state/step.safetensors")


@pytest.mark.skipif(sys.platform == "win32", reason="the lock is POSIX's")
def test_two_processes_do_not_share_a_run(tmp_path: Path, recipe: Make) -> None:
    code = f"""
import sys, time
from pathlib import Path
from wassr.ground.settings import load_settings
from wassr.training.recipe import Recipe
from wassr.training.runfolder import open_run
recipe = load_settings(Path({str(tmp_path / "r.yaml")!r}).read_text(), Recipe, "r")
with open_run(Path({str(tmp_path / "run")!r}), recipe):
    print("in", flush=True)
    sys.stdin.read()
"""
    with open_run(tmp_path / "first", recipe(content={})) as folder:
        (tmp_path / "r.yaml").write_text(folder.recipe.read_text(encoding="utf-8"), encoding="utf-8")
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout
        assert child.stdout.readline() == b"in\n"
        assert "another process is training" in refused(tmp_path / "run", recipe(content={"batch": 7}))
        assert "batch: 7" not in (tmp_path / "run" / "recipe.yaml").read_text()
        child.kill()
    begun(tmp_path / "run", recipe(content={}))  # the lock went with the process


def test_what_a_killed_process_left_half_written_is_removed(tmp_path: Path, recipe: Make) -> None:
    folder = begun(tmp_path, recipe(content={}))
    left = folder.state / ".step-000000002.abcd_123.safetensors"
    left.write_bytes(b"x")
    begun(tmp_path, recipe(content={}))
    assert not left.exists()


def refused_inside(path: Path, recipe: Recipe, write: str = "") -> None:
    def work() -> None:
        with open_run(path, recipe) as folder:
            if write:
                (folder.path / write).write_text("x", encoding="utf-8")
            raise CannotStart("no such folder of pictures")

    with pytest.raises(CannotStart):
        work()


def test_a_run_that_is_refused_at_once_leaves_nothing_behind(tmp_path: Path, recipe: Make) -> None:
    refused_inside(tmp_path / "runs" / "tiny", recipe(content={}))
    assert list(tmp_path.iterdir()) == []


def test_a_refused_run_leaves_what_was_there_and_what_others_put_there(tmp_path: Path, recipe: Make) -> None:
    (tmp_path / "runs" / "tiny").mkdir(parents=True)
    refused_inside(tmp_path / "runs" / "tiny", recipe(content={}))
    assert list((tmp_path / "runs" / "tiny").iterdir()) == []
    refused_inside(tmp_path / "runs" / "other", recipe(content={}), "thesis.txt")
    assert [path.name for path in (tmp_path / "runs" / "other").iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("sign", ["log.jsonl", "state/step-000000001.json"])
def test_a_run_with_a_log_or_state_is_never_taken_away(tmp_path: Path, recipe: Make, sign: str) -> None:
    refused_inside(tmp_path / "run", recipe(content={}), sign)
    assert (tmp_path / "run" / sign).exists()
    assert (tmp_path / "run" / "recipe.yaml").exists()
    refused_inside(tmp_path / "run", recipe(content={}))
    assert (tmp_path / "run" / "models").is_dir()
