import json
from pathlib import Path

import numpy as np
import pytest

from tests.upscaling.family import CHILD, tiny_family
from tests.upscaling.tiny import photo, tiny_card, tiny_model
from wassr import Picture, Upscaler, read_picture, write_picture
from wassr.ground.errors import UsageError
from wassr.upscaling.batch import Options, Outcome, Watch, run_batch, write_report
from wassr.upscaling.inputs import Plan, find_sources, plan, with_maps
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


def with_child(
    folder: Path, options: Options, said: list[str], maps: str = "maps/", watch: Watch | None = None
) -> Outcome:
    path = folder / "family"
    child = path / f"{CHILD}.onnx"
    if not child.exists():
        path.mkdir()
        tiny_family(path)
    found = find_sources(["in"])
    planned = with_maps(plan(found, "out/"), found, maps) if options.invented else plan(found, "out/")
    upscaler = Upscaler(child, precision="float32", threads=1, say=said.append)
    return run_batch(planned.jobs, upscaler, options, planned.folder, watch or Watch())


def test_what_is_invented_is_measured_mapped_and_told(folder: Path) -> None:
    said: list[str] = []
    seen: list[float] = []
    watch = Watch(tile=lambda number, done, total: seen.append(number + done / total))
    outcome = with_child(folder, Options(invented=True), said, watch=watch)
    assert states(outcome) == ["done"] * 3
    for name, result in zip(("a.png", "b.png", "c.png"), outcome.results, strict=True):
        assert result.invented is not None
        assert 0 <= result.invented <= 1
        assert f"{result.source}: {100 * result.invented:.1f} % of it invented" in said
        assert read_picture(Path("maps") / name).colour.shape == (160, 120, 3)
    assert seen == sorted(seen)
    assert seen[-1] == 3


def test_skipping_and_overwriting_count_maps_too(folder: Path) -> None:
    skip = Options(skip_existing=True)
    assert states(with_child(folder, skip, [])) == ["done"] * 3
    skip = Options(skip_existing=True, invented=True)
    assert states(with_child(folder, skip, [])) == ["done"] * 3
    assert states(with_child(folder, skip, [])) == ["skipped"] * 3
    Path("maps/c.png").unlink()
    assert states(with_child(folder, skip, [])) == ["skipped", "skipped", "done"]
    Path("maps/c.png").write_bytes(b"somebody's own")
    outcome = with_child(folder, skip, [])
    assert states(outcome) == ["skipped", "skipped", "failed"]
    assert "maps/c.png: exists" in outcome.results[2].reason
    assert Path("maps/c.png").read_bytes() == b"somebody's own"


def test_a_sheet_takes_the_place_of_the_picture(folder: Path) -> None:
    outcome = with_child(folder, Options(sheet=True), [])
    assert states(outcome) == ["done"] * 3
    sheet = read_picture("out/a.png")
    assert (sheet.height, sheet.width) == (outcome.results[0].height, outcome.results[0].width)
    assert sheet.width == 5 * 124
    assert outcome.results[0].invented is None


def test_no_job_begins_where_there_is_no_content_model(folder: Path, model: Path) -> None:
    for options in (Options(sheet=True), Options(invented=True)):
        with pytest.raises(UsageError, match="was not trained from"):
            run(model, options)
    assert not Path("out").exists()
