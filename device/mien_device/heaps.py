"""The C library's heaps: few, and without pictures in them, for a process whose threads come and go for months."""

from __future__ import annotations

import contextlib
import ctypes

MOST = 2
LARGE = 512 * 1024
"""Bytes. What is as large, as a picture is, has pages of its own, which the system has back as soon as it is freed. What is a third of
that comes and goes ten times with each look, and is cheaper in a heap.
"""
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
"""Of glibc's malloc.h."""


def share_heaps() -> None:
    """Let all threads share `MOST` heaps, and keep what is large out of them; to be called before there are threads.

    glibc gives a thread that asks while another one does a heap of its own, up to eight for each processor. What is freed in one
    is of no use to the others, and a picture is allocated here and freed there, so that the process grows for days. And the first
    picture that is freed makes it keep all further ones in the heaps, among small things that outlive them (`man mallopt`,
    M_MMAP_THRESHOLD): 3 MB that nobody has. Without glibc nothing happens.
    """
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        for setting, value in ((_ARENA_MAX, MOST), (_MMAP_THRESHOLD, LARGE), (_TRIM_THRESHOLD, LARGE)):
            library.mallopt(setting, value)
