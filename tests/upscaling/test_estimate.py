import time
from pathlib import Path

from tests.upscaling.shelf import joint_card, jpeg
from tests.upscaling.tiny import photo, tiny_model
from wassr import Picture, Upscaler, write_picture
from wassr.upscaling.batch import Options, Watch, run_batch
from wassr.upscaling.choice import Choice
from wassr.upscaling.estimate import estimate
from wassr.upscaling.inputs import find_sources, plan
from wassr.upscaling.target import Target


def test_sizes_and_files_are_estimated_and_nothing_is_written(model: Path, tmp_path) -> None:
    write_picture(Picture(photo(400, 300)), tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"")
    jobs = plan(find_sources([str(tmp_path)]), str(tmp_path / "out")).jobs
    upscaler = Upscaler(model, tile=64, precision="float32", threads=1)
    options = Options(Target(factor=2.5))
    good, bad = (estimate(job, Choice.only(upscaler), options) for job in jobs)
    assert (good.width, good.height) == (750, 1000)
    assert good.tiles == upscaler.cut(400, 300).count > 20
    assert "empty" in bad.trouble
    assert not (tmp_path / "out").exists()
    start = time.perf_counter()
    run_batch(jobs, Choice.only(upscaler), options, None, Watch())
    seconds = time.perf_counter() - start
    disk = (tmp_path / "out" / "a.png").stat().st_size
    assert disk / 1.5 < good.disk < 1.5 * disk
    # other work disturbs times: benchmarks/dryrun.py holds the factor 1.5 on a quiet machine, here are gross errors
    assert seconds / 5 < good.seconds < 5 * seconds


def test_a_compressed_picture_in_tiles_is_estimated(tmp_path: Path) -> None:
    """Its intervals hold for the whole picture, not for the part that is timed."""
    (tmp_path / "a.jpg").write_bytes(jpeg(200, 300))
    (job,) = plan(find_sources([str(tmp_path / "a.jpg")]), str(tmp_path / "b.png")).jobs
    path = tiny_model(tmp_path / "joint.onnx", joint_card())
    found = estimate(job, Choice.only(Upscaler(path, tile=64, precision="float32", threads=1)), Options())
    assert found.trouble == ""
    assert (found.width, found.height, found.model) == (1200, 800, joint_card().name)
    assert found.tiles > 1
    assert [one.quality for one in found.jpeg] == [50]
