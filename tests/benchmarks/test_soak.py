"""The soak, in short: the command that lives through a day, for less than an hour. Its last run is docs/soak.md."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.soak_report import Sample, verdict
from tests.mosquitto import require_mosquitto
from tests.needs import need_program

ROOT = Path(__file__).parents[2]


def test_it_does_not_grow_while_everything_breaks() -> None:
    require_mosquitto()
    need_program("gcc")
    command = [sys.executable, ROOT / "benchmarks" / "soak.py", "--hours", "0.6", "--speed", "50", "--json"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run(command, capture_output=True, text=True, timeout=400, check=False, env=environment)
    assert run.stdout, run.stderr
    outcome = json.loads(run.stdout)
    assert outcome["wrong"] == []
    assert run.returncode == 0
    seldom = {name: outcome["done"].get(name, 0) for name in ("frames", "mood_changed", "face_left", "track_started")}
    assert min(seldom.values()) > 5, f"hardly anything happened: {outcome['done']}"
    assert outcome["done"]["broker cut"] >= 3
    assert outcome["done"]["degraded"] > 3
    assert outcome["done"]["online"] > 3, "it comes back when the broker does"


def samples(mb_per_hour: float = 0.0, files: int = 0, threads: int = 0) -> list[Sample]:
    """A day in which each hour brings so much more; a viewer comes and goes at every second sample."""
    return [
        Sample(
            hour=hour,
            rss_mb=120 + mb_per_hour * hour,
            files=20 + int(files * hour) + 4 * (number % 2),
            threads=15 + int(threads * hour) + number % 2,
            written_mb=0.0,
            cpu_s=0.0,
            done={},
        )
        for number, hour in enumerate(number / 10 for number in range(240))
    ]


@pytest.mark.parametrize(
    ("grown", "says"),
    [
        (samples(), None),
        (samples(mb_per_hour=0.5), None),
        (samples(mb_per_hour=1.5), "its memory grows by 1.50 MB an hour"),
        (samples(files=1), "files"),
        (samples(threads=1), "threads"),
    ],
)
def test_what_grows_is_named(grown: list[Sample], says: str | None) -> None:
    wrong = verdict(grown).wrong
    assert len(wrong) == (says is not None)
    assert says is None or says in wrong[0]
