"""The fleet, sized down: it runs to its end, and says what it must."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.mosquitto import require_mosquitto
from tests.needs import give_up, need_program

ROOT = Path(__file__).parents[2]
DEVICES = 40


def fleet(kind: str) -> dict[str, Any]:
    options = ("--devices", str(DEVICES), "--seconds", "3", "--json", "--broker", kind)
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "fleet.py", *options],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.mark.slow
def test_on_one_mosquitto() -> None:
    require_mosquitto()
    result = fleet("mosquitto")
    assert result["messages_s"] > 0
    assert result["broker_mb"] > 1
    assert 100_000 < result["bytes_a_device_a_day"] < 50_000_000
    for storm in ("storm", "storm_without_jitter"):
        assert result[storm]["back"] == DEVICES
    assert result["storm"]["peak_in_100_ms"] <= result["storm_without_jitter"]["peak_in_100_ms"]


@pytest.mark.slow
def test_on_a_cluster() -> None:
    need_program("node")
    need_program("redis-server")
    if not (ROOT / "benchmarks" / "cluster" / "node_modules").is_dir():
        give_up("no clustered broker in benchmarks/cluster (scripts/ensure-cluster installs it)")
    result = fleet("aedes")
    assert result["storm"]["back"] == DEVICES // 2, "those of the node that was killed"
