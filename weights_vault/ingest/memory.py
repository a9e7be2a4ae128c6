"""Large buffers go back to the system when they are done with.

glibc raises the size from which a buffer is mapped by itself with every such buffer that is freed; from then
on, those of the next file come from its heaps, which keep tens of megabytes for later.
"""

import ctypes
from contextlib import suppress

_M_MMAP_THRESHOLD = -3  # malloc.h
MAPPED_FROM_BYTES = 1 << 20


def return_large_buffers() -> bool:
    """From now on, in this process. Returns: False where the C library knows no such thing."""
    with suppress(AttributeError, OSError):
        return bool(ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, MAPPED_FROM_BYTES))
    return False
