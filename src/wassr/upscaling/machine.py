"""What the machine offers: cores, free memory, and how the C library keeps memory."""

import ctypes
import os
import sys
from functools import lru_cache
from pathlib import Path

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h
MOST_PER_CORE = 4  # threads; more only wait for each other, and at some thousands an engine cannot start
OUT_OF_MEMORY = (
    "out of memory",
    "bad_alloc",
    "cannot allocate",
    "failed to allocate",
    "could not allocate",
    "not enough memory",
)


def usable_cores() -> int:
    """Cores that this process may use: affinity and, in a container, its quota (rounded up)."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        if quota != "max":
            cores = min(cores, max(1, -(-int(quota) // int(period))))
    except (OSError, ValueError):
        pass  # no cgroup v2: no quota known
    return cores


def threads_for(asked: int) -> int:
    """Threads for an engine: one for each usable core where 0 are asked for, never above MOST_PER_CORE for each core.

    The machine's cores count for the bound, not those that a container is allowed: it may say fewer than there are.
    """
    cores = usable_cores()
    return min(asked, MOST_PER_CORE * max(cores, os.cpu_count() or 1)) if asked else cores


def free_memory() -> int:
    """Bytes that can be had without swapping: /proc/meminfo, the container's limit, or what sysconf says.

    Where none of them is there (Windows), 2 GiB: enough for tiles of the default size.
    """
    found = [value for value in (_meminfo(), _container(), _limit()) if value is not None]
    if found:
        return max(0, min(found))
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return 2 << 30


def resident_memory() -> int:
    """The resident size of this process in bytes; where only the largest so far is known, that; else 0."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        pass
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def out_of_memory(error: BaseException) -> bool:
    """Whether an engine's exception is about memory (they come as plain RuntimeError, too)."""
    return isinstance(error, MemoryError) or any(words in str(error).lower() for words in OUT_OF_MEMORY)


@lru_cache(maxsize=1)
def keep_memory(threshold: int = 256 << 20) -> bool:
    """Let glibc keep and reuse blocks up to `threshold` bytes instead of mapping them anew for every tile.

    Saves the page faults of each tile's activations; only Linux with glibc has the two settings. True if they took.
    """
    if sys.platform != "linux":
        return False
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):  # musl
        return False
    return bool(mallopt(M_MMAP_THRESHOLD, threshold)) and bool(mallopt(M_TRIM_THRESHOLD, 2 * threshold))


def _meminfo() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return None


def _container() -> int | None:
    folder = Path("/sys/fs/cgroup")
    try:
        limit = (folder / "memory.max").read_text().strip()
        if limit == "max":
            return None
        used = int((folder / "memory.current").read_text())
        lines = (line.split() for line in (folder / "memory.stat").read_text().splitlines())
        # files in the cache count as used, but give way
        cache = sum(int(value) for key, value in lines if key in ("active_file", "inactive_file"))
        return int(limit) - used + cache
    except (OSError, ValueError):
        return None


def _limit() -> int | None:
    """What ulimit -v leaves."""
    try:
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit == resource.RLIM_INFINITY:
            return None
        return limit - int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except (ImportError, OSError, ValueError):
        return None
