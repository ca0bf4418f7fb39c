import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from tests.upscaling.shelf import joint_card, jpeg
from tests.upscaling.tiny import photo, tiny_card, tiny_model
from wassr import Picture, Upscaler, write_picture
from wassr.pixels.formats import encode_picture
from wassr.upscaling import batch
from wassr.upscaling import estimate as estimating
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


@dataclass
class Clock:
    """Stands for the module `time`: time passes only where something works."""

    now: float = 0.0
    done: set[object] = field(default_factory=set)

    def perf_counter(self) -> float:
        return self.now

    def work(self, seconds: float, what: object) -> None:
        """Takes 10 seconds more the first time."""
        self.now += seconds if what in self.done else seconds + 10
        self.done.add(what)


@dataclass
class SlowEngine:
    """A second for every tile, and more for the first of a shape, as compiling takes."""

    clock: Clock
    name: str = "slow"
    precision: str = "float32"
    threads: int = 1
    reason: str = "a test"

    def run(self, tile: np.ndarray) -> np.ndarray:
        self.clock.work(1, tile.shape)
        return np.zeros((1, 3, 4 * tile.shape[2], 4 * tile.shape[3]), np.float32)


def test_seconds_are_those_of_the_result_with_what_only_the_first_picture_pays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, size in {"a": (60, 90), "b": (60, 90), "c": (20, 30)}.items():
        write_picture(Picture(photo(*size)), tmp_path / f"{name}.png")
    jobs = plan(find_sources([str(tmp_path)]), str(tmp_path / "out")).jobs

    def slow(clock: Clock) -> Choice:
        def encode(picture: Picture, *rest: str) -> bytes:
            clock.work(picture.height * picture.width / 1000, "encoder")
            return encode_picture(picture, *rest)

        for module in (batch, estimating):
            monkeypatch.setattr(module, "time", clock)
            monkeypatch.setattr(module, "encode_picture", encode)
        return Choice.only(Upscaler.from_engine(tiny_card(), SlowEngine(clock), tile=32))

    choice = slow(Clock())
    said = [estimate(job, choice, Options()) for job in jobs]
    assert [one.tiles for one in said] == [6, 6, 1]
    found = run_batch(jobs, slow(Clock()), Options(), None, Watch()).results
    assert [one.seconds for one in said] == pytest.approx([one.seconds for one in found])
    assert found[0].seconds == pytest.approx(found[1].seconds + 20)  # the shape and the encoder, for the first time
    assert found[2].seconds == pytest.approx(1 + 10 + 80 * 120 / 1000)  # a shape of its own
