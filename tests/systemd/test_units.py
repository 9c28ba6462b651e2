"""The unit keeps its promises to systemd."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.needs import need_program

UNIT = Path(__file__).parents[2] / "systemd/base/etc/systemd/system/mien.service"


@pytest.mark.parametrize("name", ["mien.service", "mien-library.service"])
def test_the_exposure_is_two_at_the_most(name: str) -> None:
    analyze = need_program("systemd-analyze")
    command = [analyze, "security", "--offline=true", "--threshold=20", "--no-pager", str(UNIT.with_name(name))]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-300:] + run.stderr
    assert run.stderr == ""


def test_the_watchdog_and_the_types_belong_together() -> None:
    settings = dict(
        line.split("=", 1) for line in UNIT.read_text().splitlines() if "=" in line and not line.startswith("#")
    )
    assert settings["Type"] == "notify"
    assert int(settings["WatchdogSec"]) > 0
    assert settings["Restart"] == "on-failure"
    assert settings["StartLimitIntervalSec"] == "0", "a camera that comes back after an hour finds mien running"
