"""A thread that a driver holds changes nothing about the exit code."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

SCRIPT = """\
import sys, threading, time
from mien_device.leave import leave
if sys.argv[1]:
    threading.Thread(target=time.sleep, args=(60,), name=sys.argv[1], daemon=True).start()
code = leave(7)
print("the usual end")
sys.exit(code)
"""


@pytest.mark.parametrize(
    ("thread", "usual"), [("camera leash", False), ("mien-vision", False), ("", True), ("other", True)]
)
def test_the_exit_code_is_kept(thread: str, usual: bool) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, thread], capture_output=True, text=True, env=environment, timeout=30, check=False
    )
    assert run.returncode == 7
    assert ("the usual end" in run.stdout) is usual
    assert (f"left behind: {thread}" in run.stderr) is not usual
