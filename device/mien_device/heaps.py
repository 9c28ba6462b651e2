"""The C library's heaps: few, for a process whose threads come and go for months."""

from __future__ import annotations

import contextlib
import ctypes

MOST = 2
_ARENA_MAX = -8
"""M_ARENA_MAX of glibc's malloc.h."""


def share_heaps() -> None:
    """Let all threads share `MOST` heaps; to be called before there are threads. Without glibc nothing happens.

    glibc gives a thread that asks while another one does a heap of its own, up to eight for each processor. What is freed in one
    is of no use to the others, and a picture is allocated here and freed there, so that the process grows for days.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_ARENA_MAX, MOST)
