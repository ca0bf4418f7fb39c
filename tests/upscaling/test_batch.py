import json
from pathlib import Path

import numpy as np
import pytest

from tests.upscaling.family import CHILD, tiny_family
from tests.upscaling.shelf import clean, hidden_jpeg, joint_card, jpeg, put_on_shelf
from tests.upscaling.tiny import photo, tiny_card, tiny_model
from wassr import Picture, Upscaler, read_picture, write_picture
from wassr.ground.errors import UsageError
from wassr.upscaling.batch import Options, Outcome, Watch, run_batch, write_report
from wassr.upscaling.choice import COMPRESSED_MODEL, Choice, offered
from wassr.upscaling.compression import JpegWish
from wassr.upscaling.inputs import Plan, find_sources, plan, with_maps
from wassr.upscaling.target import Target
from wassr.upscaling.upscaler import DEFAULT_MODEL


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
    return run_batch(planned.jobs, Choice.only(upscaler), options or Options(), planned.folder, watch or Watch())


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
    outcome = run_batch(planned.jobs, Choice.only(upscaler), Options(), None, Watch())
    assert states(outcome) == ["failed"] * 3
    assert "ZeroDivisionError" in outcome.results[0].reason
    assert not Path("out").exists()


def test_no_tile_of_nonsense_is_ever_written(folder: Path, model: Path, monkeypatch) -> None:
    monkeypatch.setattr(
        "wassr.upscaling.engines.OpenVinoEngine.run", lambda self, tile: np.full((1, 3, 160, 120), np.nan)
    )
    planned = plan(find_sources(["in"]), "out")
    outcome = run_batch(
        planned.jobs, Choice.only(Upscaler(model, precision="float32")), Options(), planned.folder, Watch()
    )
    assert states(outcome) == ["failed"] * 3
    assert not Path("out").exists()


def test_the_report_tells_everything(folder: Path, model: Path) -> None:
    Path("in/b.jpg").write_bytes(b"")
    planned = plan(find_sources(["in"]), "out")
    upscaler = Upscaler(model)
    outcome = run_batch(planned.jobs, Choice.only(upscaler), Options(), planned.folder, Watch())
    write_report(Path("r/report.json"), outcome, planned.jobs, Choice.only(upscaler), 4, "1.2")
    report = json.loads(Path("r/report.json").read_text(encoding="utf-8"))
    assert (report["done"], report["failed"], report["no_pictures"], report["wassr"]) == (2, 1, 4, "1.2")
    assert report["results"][1]["reason"] == "is empty (0 bytes)"
    (facts,) = report["models"]
    assert (facts["name"], facts["engine"], facts["strength"]) == ("tiny-x4", upscaler.engine.name, None)
    assert (report["jpeg"], report["results"][0]["model"]) == ("auto", "tiny-x4")


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
    return run_batch(planned.jobs, Choice.only(upscaler), options, planned.folder, watch or Watch())


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
    assert sheet.width == 5 * 172
    assert outcome.results[0].invented is None


def test_no_job_begins_where_there_is_no_content_model(folder: Path, model: Path) -> None:
    for options in (Options(sheet=True), Options(invented=True)):
        with pytest.raises(UsageError, match="was not trained from"):
            run(model, options)
    assert not Path("out").exists()


@pytest.fixture
def mixed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shelf with both models, and a folder of pictures of three histories."""
    monkeypatch.chdir(tmp_path)
    put_on_shelf(tmp_path / "shelf", monkeypatch)
    Path("in").mkdir()
    for name, data in (("clean.png", clean()), ("file.jpg", jpeg()), ("hidden.png", hidden_jpeg())):
        (Path("in") / name).write_bytes(data)
    return tmp_path


def chosen(options: Options, wish: JpegWish = "auto", said: list[str] | None = None) -> tuple[Outcome, Choice]:
    """The batch as the command runs it where no model is named."""
    say = (said if said is not None else []).append
    choice = Choice(offered(wish), lambda name: Upscaler(name, precision="float32", threads=1, jpeg=wish, say=say))
    planned = plan(find_sources(["in"]), "out/", "png")
    return run_batch(planned.jobs, choice, options, planned.folder, Watch()), choice


def test_each_picture_gets_the_model_for_its_history(mixed: Path) -> None:
    said: list[str] = []
    outcome, choice = chosen(Options(), said=said)
    assert [result.model for result in outcome.results] == [DEFAULT_MODEL, COMPRESSED_MODEL, COMPRESSED_MODEL]
    assert [[one.quality for one in result.jpeg] for result in outcome.results] == [[], [50], [50]]
    assert said[0].startswith(f"{DEFAULT_MODEL}: openvino, float32, 1 thread")
    assert said[1].startswith(f"{COMPRESSED_MODEL}: openvino, float32, 1 thread")
    assert said[2:] == [
        f"in/file.jpg: JPEG of quality 50, 4:2:0: {COMPRESSED_MODEL}, within its quantisation intervals",
        f"in/hidden.png: an earlier JPEG of quality 50: {COMPRESSED_MODEL}, within its quantisation intervals",
    ]
    for name, result in zip(("clean", "file", "hidden"), outcome.results, strict=True):
        expected = Upscaler(result.model, precision="float32")(result.source)
        assert np.abs(read_picture(f"out/{name}.png").colour - expected.colour).max() < 0.51 / 255
    write_report(Path("r.json"), outcome, [], choice, 0, "1")
    report = json.loads(Path("r.json").read_text(encoding="utf-8"))
    assert [facts["name"] for facts in report["models"]] == [DEFAULT_MODEL, COMPRESSED_MODEL]
    assert report["results"][1]["jpeg"][0]["words"] == "JPEG of quality 50, 4:2:0"
    assert [result["projection"] for result in report["results"]] == ["neither", "bins", "bins"]


def test_skipping_knows_the_models_and_the_wish(mixed: Path) -> None:
    skip = Options(skip_existing=True)
    assert states(chosen(skip)[0]) == ["done"] * 3
    outcome, choice = chosen(skip)
    assert states(outcome) == ["skipped"] * 3
    assert len(choice.opened) == 1
    assert states(chosen(skip, "off")[0]) == ["done"] * 3
    assert states(chosen(skip, 60)[0]) == ["done"] * 3
    assert states(chosen(skip, 70)[0]) == ["done"] * 3
    assert states(chosen(skip)[0]) == ["done"] * 3
    tiny_model(mixed / "shelf" / f"{COMPRESSED_MODEL}.onnx", joint_card(), strength=0.5)
    assert states(chosen(skip)[0]) == ["skipped", "done", "done"]


def test_a_picture_is_looked_at_once(mixed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from wassr.pixels.jpeg_traces import history

    looked: list[Picture] = []

    def counted(picture: Picture) -> object:
        looked.append(picture)
        return history(picture)

    monkeypatch.setattr("wassr.upscaling.compression.history", counted)
    assert chosen(Options())[0].exit_code == 0
    assert len(looked) == 3
    assert [result.model for result in chosen(Options(overwrite=True), "off")[0].results] == [DEFAULT_MODEL] * 3
    assert len(looked) == 3
