"""Power cuts, in short: the command that cuts a thousand times, a few times. Its last run is docs/power-cuts.md."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.mosquitto import require_mosquitto
from tests.needs import give_up, need_program

ROOT = Path(__file__).parents[2]


def cut(kind: str, cuts: int, *wrapper: str) -> tuple[int, dict[str, Any]]:
    command = [
        *wrapper,
        sys.executable,
        ROOT / "benchmarks" / "power_cuts.py",
        "--kinds",
        kind,
        "--cuts",
        str(cuts),
        "--json",
    ]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False, env=environment)
    assert done.stdout, done.stderr
    (outcome,) = json.loads(done.stdout)
    return done.returncode, outcome


def assert_nothing_lost(code: int, outcome: dict[str, Any], cuts: int) -> None:
    assert (code, outcome["cuts"], outcome["wrong"]) == (0, cuts, [])
    assert min(outcome["acknowledged"].values()) > 0, "something was there to be lost"


@pytest.fixture(scope="module")
def _a_disk_of_its_own() -> None:
    need_program("mkfs.ext4")
    if os.geteuid() != 0:
        give_up("only root may mount a disk and cut its power")
    with tempfile.TemporaryDirectory() as folder:
        image, place = Path(folder) / "image", Path(folder) / "place"
        place.mkdir()
        with image.open("wb") as file:
            file.truncate(8 << 20)
        commands = ["mkfs.ext4 -q -F image", "mount -o loop,noauto_da_alloc image place", "umount place"]
        for command in commands:
            done = subprocess.run(command.split(), cwd=folder, capture_output=True, text=True, check=False)
            if done.returncode:
                give_up(f"this machine mounts no loop device: {done.stderr.strip()}")


def test_killed_nothing_is_damaged_or_lost() -> None:
    assert_nothing_lost(*cut("kill", 12), cuts=12)


@pytest.mark.usefixtures("_a_disk_of_its_own")
def test_without_power_nothing_is_damaged_or_lost() -> None:
    assert_nothing_lost(*cut("power", 10), cuts=10)


@pytest.mark.usefixtures("_a_disk_of_its_own")
def test_without_fsync_it_is_noticed() -> None:
    """A test that could not fail would show nothing."""
    code, outcome = cut("power", 3, need_program("eatmydata"))
    assert code == 1
    assert {words.partition(":")[0] for words in outcome["wrong"]} == {"cut 1", "cut 2", "cut 3"}


@pytest.mark.slow
def test_the_daemon_remembers_what_it_answered() -> None:
    require_mosquitto()
    assert_nothing_lost(*cut("daemon", 2), cuts=2)
