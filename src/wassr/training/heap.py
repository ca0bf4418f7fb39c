"""What the C library does with memory that a step gives back: keeps it for the next step.

By default glibc hands blocks of many kilobytes back to the system at once, and every step pays for getting the same
pages again, zeroed: with SRResNet's feature maps an eighth of its time.
"""

import ctypes

# malloc.h; both together, since setting either ends glibc's own adjusting of the other
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_NEVER = 2**31 - 1
_LARGEST = 32 * 2**20  # what glibc takes


def keep_freed_memory() -> bool:
    """Tell the C library so, for the whole process; False where it knows no such thing (musl, macOS, Windows)."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, _LARGEST)) and bool(mallopt(_M_TRIM_THRESHOLD, _NEVER))
