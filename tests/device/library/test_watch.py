"""`mien library watch`, in a process of its own: what changes is known soon, and SIGTERM ends it."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from mien_device.library.store import Library
from tests.device.library.audio import write_sound
from tests.waiting import LIMIT_S, wait_until

ROOT = Path(__file__).parents[3]
AT_MOST_S = 60.0
"""A change is known after its quiet time; this is far more, for busy machines."""


class Watching:
    """The command, and the report that it prints after each scan."""

    def __init__(self, music: Path, state: Path) -> None:
        paths = os.pathsep.join(str(ROOT / part) for part in ("device", "models"))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mien_device", "library", "watch", str(music), "--analyser", "fake", "--json"],
            env={**os.environ, "PYTHONPATH": paths, "MIEN_STATE_DIR": str(state)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,  # a second line that came along with the first would be read, and then waited for
        )

    def report(self, **wanted: int) -> dict[str, Any]:
        """The next report in which these counts stand."""
        assert self.process.stdout is not None
        deadline = time.monotonic() + AT_MOST_S
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while selector.select(max(0.0, deadline - time.monotonic())):
                report: dict[str, Any] = json.loads(self.process.stdout.readline())
                if wanted.items() <= report.items():
                    return report
        raise AssertionError(f"no report with {wanted}")

    def stop(self) -> str:
        self.process.send_signal(signal.SIGTERM)
        _, errors = self.process.communicate(timeout=LIMIT_S)
        assert self.process.returncode == 130
        return errors.decode()


@pytest.mark.slow
def test_what_changes_is_known(tmp_path: Path) -> None:
    music, state = tmp_path / "music", tmp_path / "state"
    path = write_sound(music / "a.wav", 1)
    os.utime(path, (1, 1))
    watching = Watching(music, state)
    try:
        watching.report(files=1, new=1, heard=1)
        write_sound(tmp_path / "elsewhere" / "album" / "b.wav", 2)
        shutil.move(tmp_path / "elsewhere" / "album", music / "album")  # a whole folder, of an old date or not
        watching.report(files=2, new=1, heard=1)
        path.rename(music / "c.wav")
        watching.report(files=2, moved=1, heard=0)
        (music / "c.wav").unlink()
        watching.report(files=1, gone=1)
        (music / "album" / "bad.mp3").write_bytes(b"hello")
        assert watching.report(files=2)["files"] == 2
    finally:
        errors = watching.stop()
    assert "Traceback" not in errors
    with Library.open(state) as library:
        assert [song.path for song in library.songs()] == [music / "album" / "b.wav"]
        assert [song.path.name for song in library.songs(missing=True)] == ["b.wav", "c.wav"]


def locks(pid: int) -> str:
    """What the kernel says of the files that a process has open (proc_pid_fdinfo(5))."""
    found = ""
    for path in Path(f"/proc/{pid}/fdinfo").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            found += path.read_text()
    return found


def test_two_scans_do_not_meet(tmp_path: Path) -> None:
    music, state = tmp_path / "music", tmp_path / "state"
    write_sound(music / "hang.wav")
    os.utime(music / "hang.wav", (1, 1))
    watching = Watching(music, state)
    try:
        wait_until(lambda: "FLOCK" in locks(watching.process.pid))
        paths = os.pathsep.join(str(ROOT / part) for part in ("device", "models"))
        second = subprocess.run(
            [sys.executable, "-m", "mien_device", "library", "scan", str(music), "--analyser", "none"],
            env={**os.environ, "PYTHONPATH": paths, "MIEN_STATE_DIR": str(state)},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        watching.stop()
    assert second.returncode == 8
    assert "another scan is at work" in second.stderr
    assert len(second.stderr.splitlines()) == 1
