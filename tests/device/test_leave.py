"""A thread that a driver holds changes nothing about the exit code."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import mien_device
from mien_device.leave import OURS

SCRIPT = """\
import sys, threading, time
from mien_device.leave import leave
if sys.argv[1]:
    threading.Thread(target=time.sleep, args=(60,), name=sys.argv[1], daemon=True).start()
code = leave(7)
print("the usual end")
sys.exit(code)
"""


@pytest.mark.parametrize(("thread", "usual"), [("mien-vision", False), ("", True), ("other", True)])
def test_the_exit_code_is_kept(thread: str, usual: bool) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, thread], capture_output=True, text=True, env=environment, timeout=30, check=False
    )
    assert run.returncode == 7
    assert ("the usual end" in run.stdout) is usual
    assert (f"left behind: {thread}" in run.stderr) is not usual


def test_every_thread_of_the_daemon_is_known_as_one() -> None:
    """By its name, in the source: a thread that begins with another would be none of ours."""
    source = Path(mien_device.__file__).parent
    names = [
        name
        for path in sorted(source.rglob("*.py"))
        if not {"simulate", "library"} & set(path.relative_to(source).parts)  # processes of their own
        for name in re.findall(r'Thread\([^#]*?name=f?"([^"]*)"', path.read_text(encoding="utf-8"))
    ]
    assert len(names) > 10
    assert [name for name in names if not name.startswith(OURS)] == []
