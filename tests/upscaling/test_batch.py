import json
from pathlib import Path

import numpy as np
import pytest

from tests.upscaling.tiny import photo, tiny_card, tiny_model
from wassr import Picture, Upscaler, read_picture, write_picture
from wassr.upscaling.batch import Options, Outcome, Watch, run_batch, write_report
from wassr.upscaling.inputs import Plan, find_sources, plan
from wassr.upscaling.target import Target


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("in").mkdir()
    for i, name in enumerate(("a.png", "b.jpg", "c.png")):
        write_picture(Picture(photo(40, 30, seed=i)), Path("in") / name)
    return tmp_path


def run(model: Path, options: Options | None = None, watch: Watch | None = None, out: str = "out/") -> Outcome:
    planned: Plan = plan(find_sources(["in"]), out)
    upscaler = Upscaler(model, precision="float32", threads=1)
    return run_batch(planned.jobs, upscaler, options or Options(), planned.folder, watch or Watch())


def states(outcome: Outcome) -> list[str]:
    return [result.state for result in outcome.results]


def test_one_bad_file_never_stops_the_rest(folder: Path, model: Path) -> None:
    Path("in/b.jpg").write_bytes(b"no picture")
    outcome = run(model)
    assert states(outcome) == ["done", "failed", "done"]
    assert outcome.exit_code == 1
    assert sorted(path.name for path in Path("out").iterdir()) == [".wassr.jsonl", "a.png", "c.png"]
    assert read_picture("out/a.png").width == 120
    assert (outcome.results[0].width, outcome.results[0].height) == (120, 160)


def test_nothing_is_overwritten_unasked(folder: Path, model: Path) -> None:
    assert run(model).exit_code == 0
    before = Path("out/a.png").read_bytes()
    outcome = run(model, Options(Target(factor=2)))
    assert states(outcome) == ["failed"] * 3
    assert "--overwrite" in outcome.results[0].reason
    assert Path("out/a.png").read_bytes() == before
    assert states(run(model, Options(Target(factor=2), overwrite=True))) == ["done"] * 3
    assert read_picture("out/a.png").width == 60


def test_an_input_is_never_overwritten_unasked(folder: Path, model: Path) -> None:
    before = Path("in/a.png").read_bytes()
    assert states(run(model, out="in/")) == ["failed"] * 3
    assert Path("in/a.png").read_bytes() == before


def test_skip_existing_compares_input_settings_and_result(folder: Path, model: Path, tmp_path) -> None:
    skip = Options(skip_existing=True)
    assert states(run(model, skip)) == ["done"] * 3
    assert states(run(model, skip)) == ["skipped"] * 3
    write_picture(Picture(photo(40, 30, seed=9)), Path("in/a.png"))
    assert states(run(model, skip)) == ["done", "skipped", "skipped"]
    assert states(run(model, Options(quality=50, skip_existing=True))) == ["done"] * 3
    stronger = tiny_model(tmp_path / "other.onnx", tiny_card(), strength=0.35)
    assert states(run(stronger, Options(quality=50, skip_existing=True))) == ["done"] * 3
    Path("out/c.png").write_bytes(b"somebody's own")
    outcome = run(stronger, Options(quality=50, skip_existing=True))
    assert states(outcome) == ["skipped", "skipped", "failed"]
    assert Path("out/c.png").read_bytes() == b"somebody's own"


def test_ctrl_c_ends_after_the_tile_and_leaves_whole_files(folder: Path, model: Path) -> None:
    def stop(number: int, done: int, total: int) -> None:
        if number == 1:
            raise KeyboardInterrupt

    outcome = run(model, watch=Watch(tile=stop))
    assert outcome.stopped
    assert outcome.exit_code == 1
    assert states(outcome) == ["done"]
    assert sorted(path.name for path in Path("out").iterdir()) == [".wassr.jsonl", "a.png"]


def test_a_fault_of_ours_is_reported_and_the_batch_goes_on(folder: Path, model: Path, monkeypatch) -> None:
    def broken(*args: object) -> None:
        raise ZeroDivisionError("oh")

    upscaler = Upscaler(model)
    monkeypatch.setattr(upscaler, "enlarge", broken)
    planned = plan(find_sources(["in"]), "out")
    outcome = run_batch(planned.jobs, upscaler, Options(), None, Watch())
    assert states(outcome) == ["failed"] * 3
    assert "ZeroDivisionError" in outcome.results[0].reason
    assert not Path("out").exists()


def test_no_tile_of_nonsense_is_ever_written(folder: Path, model: Path, monkeypatch) -> None:
    monkeypatch.setattr(
        "wassr.upscaling.engines.OpenVinoEngine.run", lambda self, tile: np.full((1, 3, 160, 120), np.nan)
    )
    planned = plan(find_sources(["in"]), "out")
    outcome = run_batch(planned.jobs, Upscaler(model, precision="float32"), Options(), planned.folder, Watch())
    assert states(outcome) == ["failed"] * 3
    assert not Path("out").exists()


def test_the_report_tells_everything(folder: Path, model: Path) -> None:
    Path("in/b.jpg").write_bytes(b"")
    planned = plan(find_sources(["in"]), "out")
    upscaler = Upscaler(model)
    outcome = run_batch(planned.jobs, upscaler, Options(), planned.folder, Watch())
    write_report(Path("r/report.json"), outcome, planned.jobs, upscaler, 4, "1.2")
    report = json.loads(Path("r/report.json").read_text(encoding="utf-8"))
    assert (report["done"], report["failed"], report["no_pictures"], report["wassr"]) == (2, 1, 4, "1.2")
    assert report["results"][1]["reason"] == "is empty (0 bytes)"
    assert report["engine"] == upscaler.engine.name
