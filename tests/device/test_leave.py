"""A thread that a driver holds changes nothing about the exit code."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import mien_device
import mien_models
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


def threads(source: Path) -> Iterator[ast.Call]:
    """Every place where a thread is made."""
    for path in sorted(source.rglob("*.py")):
        if not {"simulate", "library"} & set(path.relative_to(source).parts):  # processes of their own
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Thread"):
                    yield node


def test_every_thread_of_the_daemon_is_known_as_one() -> None:
    """By its name, in the source: a thread that begins with another would be none of ours."""
    made = [call for package in (mien_device, mien_models) for call in threads(Path(str(package.__file__)).parent)]
    assert len(made) > 10
    for call in made:
        named = next((word.value for word in call.keywords if word.arg == "name"), None)
        assert named is not None, ast.unparse(call)
        assert ast.unparse(named).lstrip("f").strip("'").startswith(OURS), ast.unparse(call)
