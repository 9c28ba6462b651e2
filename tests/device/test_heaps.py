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


def heaps_of(kind: str) -> int:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", PROGRAM, kind]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stderr.count("Arena ")


@pytest.mark.skipif(
    not hasattr(os, "confstr") or "glibc" not in (os.confstr("CS_GNU_LIBC_VERSION") or ""), reason="glibc"
)
def test_threads_share_few_heaps() -> None:
    assert heaps_of("shared") <= heaps.MOST < heaps_of("own")


def test_the_daemon_shares_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(command_line, "share_heaps", lambda: told.append("shared"))
    monkeypatch.setattr("mien_device.daemon.run_daemon", lambda load, seconds: told.append("run") or 0)
    config = tmp_path / "mien.toml"
    config.write_text("")
    assert command_line.main(["run", "--config", str(config)]) == 0
    assert told == ["shared", "run"]
