"""A scan that is killed at any moment leaves a library that goes on where it was."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from mien_device.library.analysers import LISTENED
from mien_device.library.database import FILE
from tests.device.library.audio import write_sound
from tests.waiting import LIMIT_S, wait_until

ROOT = Path(__file__).parents[3]
SONGS = 200
"""Yet to be heard when a scan begins."""
KILLS = 20


def start_scan(music: Path, state: Path, log: Path) -> subprocess.Popen[bytes]:
    paths = os.pathsep.join(str(ROOT / part) for part in ("device", "models"))
    return subprocess.Popen(
        [sys.executable, "-m", "mien_device", "library", "scan", str(music), "--analyser", "fake"],
        env={**os.environ, "PYTHONPATH": paths, "MIEN_STATE_DIR": str(state), LISTENED: str(log)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        # What a shell starts in the background ignores Ctrl-C, and so would its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no thread of ours takes locks
    )


def analysed(state: Path) -> int:
    """Number of songs that were listened to; 0 while there is no library."""
    if not (state / FILE).exists():
        return 0
    connection = sqlite3.connect(f"file:{state / FILE}?mode=ro", uri=True, timeout=30)
    try:
        return int(connection.execute("SELECT count(*) FROM analysis").fetchone()[0])
    except sqlite3.OperationalError:  # the tables are not made yet
        return 0
    finally:
        connection.close()


def check(state: Path) -> tuple[int, int]:
    """Numbers of tracks and of analyses in a library that is whole."""
    connection = sqlite3.connect(state / FILE, timeout=30)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        if not connection.execute("PRAGMA user_version").fetchone()[0]:
            return 0, 0
        return (
            int(connection.execute("SELECT count(*) FROM track").fetchone()[0]),
            int(connection.execute("SELECT count(*) FROM analysis").fetchone()[0]),
        )
    finally:
        connection.close()


@pytest.mark.slow
def test_killed_at_random_moments(tmp_path: Path) -> None:
    music, state, log = tmp_path / "music", tmp_path / "state", tmp_path / "listened"
    songs = 0
    chance = random.Random(7)
    before, kills = (0, 0), 0
    while kills < KILLS:
        while songs - before[1] < SONGS:  # so many that no scan comes to its end before it is killed
            write_sound(music / f"{songs}.wav", songs, seconds=0.05)
            songs += 1
        scan = start_scan(music, state, log)
        # Moments spread over the work itself: some while it starts and reads, the rest between two random songs.
        wanted = before[1] + chance.randrange(SONGS // KILLS) if kills % 4 else 0
        deadline = time.monotonic() + (20 if wanted else chance.uniform(0.1, 1.5))
        while scan.poll() is None and time.monotonic() < deadline and not (wanted and analysed(state) >= wanted):
            time.sleep(chance.uniform(0, 0.003))
        kills += scan.poll() is None
        scan.kill()
        scan.communicate()
        if (state / FILE).exists():
            after = check(state)
            assert after[0] >= before[0]
            assert after[1] >= before[1]
            before = after
    scan = start_scan(music, state, log)
    _, errors = scan.communicate(timeout=120)
    assert scan.returncode == 0, errors
    assert check(state) == (songs, songs)
    # Only the song that was being listened to when the kill came may have been heard twice.
    heard = Counter(log.read_text().splitlines())
    assert len(heard) == songs
    assert sum(heard.values()) - songs <= KILLS


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_stopped_kindly_it_says_so_and_goes_on_later(tmp_path: Path, how: signal.Signals) -> None:
    music, state, log = tmp_path / "music", tmp_path / "state", tmp_path / "listened"
    for number in range(200):
        write_sound(music / f"{number}.wav", number, seconds=0.05)
    scan = start_scan(music, state, log)
    wait_until(lambda: analysed(state))
    scan.send_signal(how)
    _, errors = scan.communicate(timeout=LIMIT_S)
    assert scan.returncode == 130
    assert errors.decode().splitlines()[-1].startswith("mien library: stopped; what was done is kept")
    assert b"Traceback" not in errors
    assert 0 < check(state)[1] < 200
    scan = start_scan(music, state, log)
    scan.communicate(timeout=LIMIT_S)
    assert check(state) == (200, 200)
    assert len(log.read_text().splitlines()) <= 201


def test_nobody_is_left_behind_when_the_parent_is_killed(tmp_path: Path) -> None:
    import psutil

    music = tmp_path / "music"
    write_sound(music / "hang.wav")
    scan = start_scan(music, tmp_path / "state", tmp_path / "listened")
    wait_until((tmp_path / "listened").exists)
    (child,) = psutil.Process(scan.pid).children()
    scan.kill()
    scan.communicate()
    child.wait(timeout=LIMIT_S)
