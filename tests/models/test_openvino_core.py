"""One Core for the process, so that Ctrl-C after an engine's end is handled and no crash."""

import subprocess
import sys
from pathlib import Path

import pytest

from wassr.models.openvino_core import openvino_core

ENGINES = """
import signal, sys
import numpy as np
from openvino import Model, opset13, save_model
from pathlib import Path
from wassr.upscaling.engines import OpenVinoEngine
x = opset13.parameter([1, 3, -1, -1], np.float32)
path = Path(sys.argv[1])
save_model(Model([opset13.relu(x)], [x]), path)
one, other = OpenVinoEngine(path), OpenVinoEngine(path)
for engine in (one, other):
    engine.run(np.zeros((1, 3, 8, 8), np.float32))
del engine, one  # the first that came goes first
del other
signal.signal(signal.SIGINT, lambda *_: print("handled"))
signal.raise_signal(signal.SIGINT)
"""


def test_there_is_one() -> None:
    assert openvino_core() is openvino_core()


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_signal_after_two_engines_is_handled(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ENGINES, str(tmp_path / "model.xml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "handled\n"), done.stderr


THREADS = """
import sys, threading
from wassr import Upscaler
gate, made = threading.Barrier(4), []
def make():
    gate.wait()
    made.append(Upscaler("espcn-x4", precision="float32", threads=1))
threads = [threading.Thread(target=make) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(made), len({id(one.engine._core) for one in made}))
"""


def test_the_first_ones_of_several_threads_share_one() -> None:
    done = subprocess.run([sys.executable, "-c", THREADS], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["4", "1"], done.stderr
