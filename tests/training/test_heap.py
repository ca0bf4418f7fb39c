"""Freed memory stays with the process."""

import platform
import subprocess
import sys

import pytest

CODE = """
import resource, torch
from wassr.training.heap import keep_freed_memory
print(keep_freed_memory() if {asked} else None)
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        kept = [torch.zeros(4_000_000) for _ in range(4)]
        del kept
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults()
print(faults())
"""


def _run(asked: bool) -> tuple[str, int]:
    code = CODE.format(asked=asked)
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    told, faults = ended.stdout.split()
    return told, int(faults)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have no such setting")
def test_the_same_pages_serve_again() -> None:
    told, kept = _run(asked=True)
    assert told == "True"
    _, given_back = _run(asked=False)
    assert kept * 20 < given_back
