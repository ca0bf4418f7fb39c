"""Freed memory stays with the process."""

import platform
import subprocess
import sys

import pytest

CODE = """
import torch
from wassr.training.heap import keep_freed_memory
def resident():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
print(keep_freed_memory() if {asked} else None)
before = resident()
kept = [torch.ones(4_000_000) for _ in range(8)]  # 16 MB each
del kept
print(resident() - before)
"""


def _run(asked: bool) -> tuple[str, int]:
    code = CODE.format(asked=asked)
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    told, kilobytes = ended.stdout.split()
    return told, int(kilobytes)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have no such setting")
def test_freed_memory_stays() -> None:
    told, kept = _run(asked=True)
    assert told == "True"
    assert kept > 100_000
    assert _run(asked=False)[1] < 60_000
