"""The profiles for devices that nobody visits."""

from __future__ import annotations

import pytest

from tests.systemd.conftest import INSTALL, INSTALL_S, SUITES, Boot
from tests.systemd.machine import Machine

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def in_car(boot: Boot) -> Machine:
    machine = boot()
    machine.run(f"{INSTALL} --car")
    return machine


def test_a_profile_stays_when_the_script_runs_again(boot: Boot) -> None:
    machine = in_car(boot)
    verify = machine.run("systemd-analyze verify mien.service mien-parked.timer")
    assert verify.stdout + verify.stderr == ""
    assert "RuntimeWatchdogSec=15s" in machine.run("systemd-analyze cat-config systemd/system.conf").stdout
    again = machine.run(INSTALL).stdout
    assert "kept  /etc/systemd/system/mien-parked.timer" in again
    assert "done" not in again


def test_udev_takes_the_rules(boot: Boot, suite: str) -> None:
    machine = in_car(boot)
    rules = machine.run("echo /etc/udev/rules.d/60-mien-*.rules").stdout.split()
    assert len(rules) == 2
    if suite == "bookworm":  # its udev cannot check a file by itself: it says what is wrong when it reads them
        udev = machine.run(
            "timeout 3 /usr/lib/systemd/systemd-udevd --debug 2>&1 | grep -A1 60-mien", check=False
        ).stdout
        assert all(rule in udev for rule in rules)
        assert "Invalid" not in udev
        assert "Unknown" not in udev
    else:
        machine.run(f"udevadm verify {' '.join(rules)}")


def test_a_parked_car_is_switched_off_later_and_not_at_all_if_it_starts_again(boot: Boot) -> None:
    machine = in_car(boot)
    machine.write("/etc/systemd/system/mien-parked.timer.d/soon.conf", "[Timer]\nOnActiveSec=\nOnActiveSec=5s\n")
    machine.run(
        "systemctl daemon-reload; systemctl start mien-parked.timer; sleep 2; systemctl stop mien-parked.timer; sleep 5"
    )
    assert machine.running
    machine.run("systemctl start mien-parked.timer")
    machine.wait_until(lambda: not machine.running, 60)
    assert not machine.wants_a_reboot


def test_what_restarts_do_not_mend_ends_in_a_reboot(boot: Boot) -> None:
    machine = in_car(boot)
    machine.write("/etc/systemd/system/mien.service.d/crash.conf", "[Service]\nExecStart=\nExecStart=/bin/false\n")
    machine.write("/etc/systemd/system/mien.service.d/z.conf", "[Unit]\nStartLimitBurst=2\n[Service]\nRestartSec=1\n")
    machine.run("systemctl daemon-reload; systemctl restart mien", check=False)
    machine.wait_until(lambda: machine.wants_a_reboot, 60)


def test_a_wrong_configuration_ends_in_no_reboot(boot: Boot) -> None:
    machine = in_car(boot)
    machine.run("echo '[camera]\nnonsense = 1' > /etc/mien/mien.toml; systemctl restart mien", check=False)
    machine.wait_until(lambda: machine.show("mien", "ActiveState") == "failed", 60)
    machine.run("sleep 8")
    assert machine.show("mien", "NRestarts") == "0"
    assert "nonsense" in machine.journal()


def test_the_state_lies_on_its_own_partition_where_there_is_one(boot: Boot) -> None:
    machine = boot()
    # What udev makes of a partition with this label
    machine.run("mkdir -p /dev/disk/by-label; touch /dev/disk/by-label/mien-state")
    assert "todo  /etc/systemd/system/var-lib-mien.mount" in machine.run(f"{INSTALL} --car --dry-run").stdout
    machine.run(
        "cp /mien/systemd/read-only-root/etc/systemd/system/var-lib-mien.mount /etc/systemd/system; systemctl daemon-reload"
    )
    verify = machine.run("systemd-analyze verify var-lib-mien.mount")
    assert verify.stdout + verify.stderr == ""
    assert "var-lib-mien.mount" in machine.show("mien", "Requires")


# One is enough: the unit is the same, and chromium is large. Where only the other one is booted, it is left out.
@pytest.mark.parametrize("suite", [suite for suite in SUITES if suite == "trixie"], indirect=True)
def test_the_screen_waits_for_its_page_in_silence(boot: Boot) -> None:
    machine = boot(network=True)
    machine.run(f"{INSTALL} --kiosk", timeout_s=INSTALL_S)
    verify = machine.run("systemd-analyze verify mien-kiosk.service")
    assert verify.stdout + verify.stderr == ""
    machine.write(f"{KIOSK}.d/no-screen.conf", NO_SCREEN)
    machine.run("systemctl stop mien; systemctl daemon-reload; systemctl restart --no-block mien-kiosk; sleep 10")
    assert machine.show("mien-kiosk", "SubState") == "start-pre"
    assert machine.show("mien-kiosk", "NRestarts") == "0"
    assert "curl" not in machine.journal("mien-kiosk")
    machine.run("systemctl start mien")
    machine.wait_until(lambda: "cage" in machine.journal("mien-kiosk"), 60)


KIOSK = "/etc/systemd/system/mien-kiosk.service"
NO_SCREEN = """\
[Unit]
ConditionPathExists=
ConditionPathExistsGlob=
[Service]
PAMName=
TTYPath=
StandardInput=null
"""
"""A container has no terminal and no graphics; all but these is the shipped unit."""
