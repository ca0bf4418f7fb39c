"""Killed at random moments, out of disk: a run that is continued equals the unbroken one bit for bit."""

import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

import wassr
from tests.training.conftest import Make, short_files
from tests.training.test_loop import SPAWN, assert_equal, both_stages, silent
from wassr.ground.errors import TrainingError
from wassr.ground.settings import dump_settings
from wassr.training import loop
from wassr.training.loop import train
from wassr.training.recipe import Recipe
from wassr.training.runlog import read_log
from wassr.training.state import read_numbers, saved_states

pytestmark = [
    pytest.mark.usefixtures("no_export"),
    pytest.mark.skipif(sys.platform == "win32", reason="kill -9 and limits of POSIX"),
]
PACKAGE = str(Path(wassr.__file__).parent)
WRITING = {"save_state", "saved_states", "write_whole", "whole_file", "_sync_folder", "flush", "_append"}
DRAW = random.Random(16)
MOMENTS = [(where, (i + DRAW.random()) / 10) for where in ("anywhere", "writing") for i in range(10)]


@pytest.fixture(scope="module")
def unbroken(recipe: Make, no_export: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unbroken") / "run"
    train(both_stages(recipe, "penalty"), folder, say=silent)
    return folder


@contextmanager
def every_line(where: str, happen: Callable[[], None]) -> Iterator[None]:
    """Call `happen` before each line of the package that the block executes; "writing": of what writes files only."""

    def watched(code: CodeType) -> bool:
        return code.co_filename.startswith(PACKAGE) and (where == "anywhere" or code.co_name in WRITING)

    def line(frame: FrameType, event: str, argument: object) -> Any:
        if event == "line":
            happen()
        return line

    before = sys.gettrace()
    sys.settrace(lambda frame, event, argument: line if watched(frame.f_code) else None)
    try:
        yield
    finally:
        sys.settrace(before)


@pytest.fixture(scope="module")
def lines(recipe: Make, no_export: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """How many lines a whole run executes."""
    found = {}
    for where in ("anywhere", "writing"):
        count = [0]

        def happen(count: list[int] = count) -> None:
            count[0] += 1

        with every_line(where, happen):
            train(both_stages(recipe, "penalty"), tmp_path_factory.mktemp(where) / "run", say=silent)
        found[where] = count[0]
    return found


def killed(recipe: Recipe, folder: Path, where: str, nth: int) -> None:
    """Train, and be killed -9 before the nth line."""
    left = nth

    def happen() -> None:
        nonlocal left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    with every_line(where, happen):
        train(recipe, folder, say=silent)


@pytest.mark.slow
@pytest.mark.parametrize(("where", "share"), MOMENTS, ids=[f"{where}-{share:.3f}" for where, share in MOMENTS])
def test_killed_at_a_random_line(
    recipe: Make, unbroken: Path, lines: dict[str, int], tmp_path: Path, where: str, share: float
) -> None:
    whole, folder = both_stages(recipe, "penalty"), tmp_path / "run"
    process = SPAWN.Process(target=killed, args=(whole, folder, where, max(int(share * lines[where]), 1)))
    process.start()
    process.join(120)
    assert process.exitcode == -signal.SIGKILL
    train(whole, folder, say=silent)
    assert_equal(folder, unbroken)
    assert not [path for path in folder.rglob(".*") if path.name != ".lock"]


def refused(recipe: Recipe, folder: Path) -> str:
    with pytest.raises(TrainingError) as caught:
        train(recipe, folder, say=silent)
    assert "\n" not in str(caught.value)
    return str(caught.value)


FULL = {  # what cannot be written: called before it, the call of it, the last good state
    "state": ("save_state", 2, "step-000000002"),
    "log": ("_set_rates", 4, "step-000000002"),  # at the next step
    "model": ("hand_over", 1, "step-000000006"),
    "last model": ("hand_over", 2, "step-000000012"),
}


@pytest.mark.parametrize("what", FULL)
def test_files_that_cannot_grow(
    recipe: Make, unbroken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """As on a full disk, writing fails in the middle of a file."""
    whole, folder = both_stages(recipe, "penalty"), tmp_path / "run"
    name, nth, good = FULL[what]
    with monkeypatch.context() as patch, ExitStack() as limit:

        def full() -> None:
            size = (folder / "log.jsonl").stat().st_size + 10 if what == "log" else 1000
            limit.enter_context(short_files(size))

        patch.setattr(loop, name, at_call(nth, full, getattr(loop, name)))
        message = refused(whole, folder)
    assert "File too large" in message
    assert "same command again" in message
    last = saved_states(folder / "state")[-1]
    assert last.stem == good
    if what == "log":
        content = (folder / "log.jsonl").read_bytes()
        assert not content.endswith(b"\n")  # torn
        assert len(read_log(folder / "log.jsonl")) == content.count(b"\n")
    assert (folder / "log.jsonl").stat().st_size >= read_numbers(last).log_length
    train(whole, folder, say=silent)
    assert_equal(folder, unbroken)


def at_call(nth: int, happen: Callable[[], None], original: Callable[..., object]) -> Callable[..., object]:
    calls = 0

    def wrapped(*arguments: object) -> object:
        nonlocal calls
        calls += 1
        if calls == nth:
            happen()
        return original(*arguments)

    return wrapped


SCRIPT = """
import sys
from pathlib import Path

import torch

from tests.training.conftest import not_deployed
from tests.training.test_interruptions import FULL, at_call
from wassr.ground.errors import TrainingError
from wassr.ground.settings import read_settings
from wassr.training import loop
from wassr.training.recipe import Recipe

disk, file = map(Path, sys.argv[1:])
recipe, ballast = read_settings(file, Recipe), disk / "ballast"
torch.set_num_threads(1)
loop.deploy = not_deployed


def fill():
    with ballast.open("wb", buffering=0) as growing:
        try:
            while True:
                growing.write(bytes(1024))
        except OSError:
            pass


for what, (name, nth, good) in FULL.items():
    original = getattr(loop, name)
    setattr(loop, name, at_call(nth, fill, original))
    try:
        loop.train(recipe, disk / what, say=lambda line: None)
    except TrainingError as error:
        print(what, ":", error, flush=True)
    setattr(loop, name, original)
    ballast.unlink()
    loop.train(recipe, disk / what, say=lambda line: None)
"""


@pytest.mark.slow
def test_a_disk_that_is_really_full(recipe: Make, unbroken: Path, tmp_path: Path) -> None:
    """A file system in memory, mounted in a namespace of its own (no root needed where the system permits those)."""
    own = ["unshare", "--map-root-user", "--mount"]
    if not shutil.which("unshare") or subprocess.run([*own, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system lets nobody but root mount a file system")
    disk, out, file = tmp_path / "disk", tmp_path / "out", tmp_path / "tiny.yaml"
    disk.mkdir()
    whole = both_stages(recipe, "penalty")
    file.write_text(dump_settings(whole), encoding="utf-8")
    (tmp_path / "script.py").write_text(SCRIPT, encoding="utf-8")
    steps = [
        f"mount -t tmpfs -o size=16m tmpfs {disk}",
        f"{sys.executable} {tmp_path / 'script.py'} {disk} {file}",
        f"cp -r {disk} {out}",
    ]
    here = {**os.environ, "PYTHONPATH": os.getcwd()}
    command = [*own, "sh", "-ec", " && ".join(steps)]
    done = subprocess.run(command, capture_output=True, text=True, env=here, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""  # no traceback of any thread
    said = done.stdout.splitlines()
    assert [line.split(" :")[0] for line in said] == list(FULL)
    assert all("No space left on device" in line and "same command again" in line for line in said)
    for what in FULL:
        assert_equal(out / what, unbroken)
