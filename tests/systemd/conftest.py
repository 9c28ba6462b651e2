"""Machines for the tests: mien is installed once on each Debian, and every test boots a machine of its own above that."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.systemd.machine import CHECKOUT, Layers, Machine, bare_machine, clean
from tests.systemd.packages import offer_picamera2

INSTALL = f"{CHECKOUT}/systemd/install"
INSTALL_S = 500.0
CONFIG = '[camera]\nsource = "demo"\n[music]\nplayer = "null"\n'
"""A service that needs no hardware."""

Boot = Callable[..., Machine]


SUITES = os.environ.get("MIEN_MACHINES", "bookworm trixie").split()
"""An installation takes minutes, so continuous integration takes one of the two."""


@pytest.fixture(scope="session", params=SUITES)
def suite(request: pytest.FixtureRequest) -> str:
    """The name of the Debian that Raspberry Pi OS is made of."""
    return str(request.param)


@pytest.fixture(scope="session")
def installed(suite: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Layers]:
    """A machine on which the installation was cut off by a power cut and then run again.

    On bookworm apt offers python3-picamera2, as it does on a Pi; on trixie it does not.
    """
    folder = tmp_path_factory.mktemp(suite)
    with Machine(bare_machine(suite), folder, network=True) as machine:
        if suite == "bookworm":
            offer_picamera2(machine)
        machine.start(INSTALL)
        machine.wait_until(lambda: "pip" in machine.run("ls /opt/mien/venv-*/bin", check=False).stdout, INSTALL_S)
        time.sleep(3)  # pip is at work
        machine.pull_the_plug()
    with Machine(machine.layers[1:], folder, network=True) as machine:
        assert not machine.run("ls /opt/mien/venv", check=False).stdout, (
            "the installation was over before the power cut"
        )
        machine.write("/etc/mien/mien.toml", CONFIG)
        machine.run(INSTALL, timeout_s=INSTALL_S)
        machine.switch_off()
    yield machine.layers
    clean(folder)


@pytest.fixture
def boot(installed: Layers, tmp_path: Path) -> Iterator[Boot]:
    """Boots a machine with mien, which ends with the test."""
    machines: list[Machine] = []

    def start(*, network: bool = False, binds: Mapping[Path, str] | None = None) -> Machine:
        machine = Machine(installed, tmp_path / f"machine-{len(machines)}", network=network, binds=binds)
        machines.append(machine.__enter__())
        return machine

    yield start
    for machine in machines:
        machine.__exit__(None, None, None)
    clean(tmp_path)
