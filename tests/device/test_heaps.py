"""Threads share the C library's heaps, and `mien run` sees to it before there are any."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mien_device import __main__ as command_line
from mien_device import heaps

# Eight threads that allocate at once, beside what mien's libraries have started already.
PROGRAM = """\
import ctypes, sys, threading
import cv2, numpy
from ai_edge_litert import interpreter
from mien_device.heaps import share_heaps

if sys.argv[1] == "shared":
    share_heaps()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
together = threading.Barrier(8)

def work():
    together.wait()
    for _ in range(200):
        libc.free(ctypes.c_void_p(libc.malloc(100)))
    together.wait()

threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
libc.malloc_stats()
"""


# A picture of 640x480 after another one was freed, and whether it lies in the heap.
PICTURES = """\
import ctypes, sys
from pathlib import Path
from mien_device.heaps import share_heaps

if sys.argv[1] == "shared":
    share_heaps()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]
libc.free(libc.malloc(921_600))
place = libc.malloc(921_600)
heap = next(line for line in Path("/proc/self/maps").read_text().splitlines() if line.endswith("[heap]"))
first, last = (int(end, 16) for end in heap.split()[0].split("-"))
print(first <= place < last)
"""

glibc = pytest.mark.skipif(
    not hasattr(os, "confstr") or "glibc" not in (os.confstr("CS_GNU_LIBC_VERSION") or ""), reason="glibc"
)


def run(program: str, kind: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run(
        [sys.executable, "-c", program, kind], capture_output=True, text=True, check=True, env=environment
    )


def heaps_of(kind: str) -> int:
    return run(PROGRAM, kind).stderr.count("Arena ")


@glibc
def test_threads_share_few_heaps() -> None:
    assert heaps_of("shared") <= heaps.MOST < heaps_of("own")


@glibc
def test_a_picture_does_not_lie_in_them() -> None:
    assert run(PICTURES, "own").stdout.strip() == "True", "as it is without"
    assert run(PICTURES, "shared").stdout.strip() == "False"


def test_the_daemon_shares_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(command_line, "share_heaps", lambda: told.append("shared"))
    monkeypatch.setattr("mien_device.daemon.run_daemon", lambda load, seconds: told.append("run") or 0)
    config = tmp_path / "mien.toml"
    config.write_text("")
    assert command_line.main(["run", "--config", str(config)]) == 0
    assert told == ["shared", "run"]
