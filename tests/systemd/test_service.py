"""The shipped unit under a real systemd: ready, watched over, started again."""

from __future__ import annotations

import json

import pytest

from tests.systemd.conftest import Boot

SONG = (
    "import wave; song = wave.open('/srv/mien/music/happy/a.wav', 'wb'); song.setparams((1, 2, 8000, 0, 'NONE', '')); "
    "song.writeframes(bytes(range(256)) * 100)"
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


def test_it_is_ready_at_boot_without_a_network_and_sees_faces(boot: Boot) -> None:
    machine = boot()
    machine.wait_until(lambda: machine.show("mien", "ActiveState") == "active", 60)
    assert machine.show("mien", "NRestarts") == "0"
    assert machine.run(f"stat -c %U /proc/{machine.show('mien', 'MainPID')}").stdout.strip() == "mien"
    machine.wait_until(lambda: "people in view: 1" in machine.journal(), 60)


def test_the_watchdog_bites_when_the_frame_loop_hangs(boot: Boot) -> None:
    machine = boot()
    machine.wait_until(lambda: machine.show("mien", "ActiveState") == "active", 60)
    machine.run(f"kill -STOP {machine.show('mien', 'MainPID')}")
    machine.wait_until(lambda: machine.show("mien", "NRestarts") == "1", 90)
    machine.wait_until(lambda: machine.show("mien", "ActiveState") == "active", 60)
    assert "Watchdog timeout (limit 30s)!" in machine.journal()


def test_it_is_started_again_after_a_kill(boot: Boot) -> None:
    machine = boot()
    machine.wait_until(lambda: machine.show("mien", "ActiveState") == "active", 60)
    machine.run(f"kill -KILL {machine.show('mien', 'MainPID')}")
    machine.wait_until(lambda: machine.show("mien", "NRestarts") == "1", 60)
    machine.wait_until(lambda: machine.show("mien", "ActiveState") == "active", 60)


def test_a_reload_reads_the_settings_again_and_a_bad_file_changes_nothing(boot: Boot) -> None:
    machine = boot()
    machine.wait_until(lambda: machine.show("mien", "ActiveState") == "active", 60)
    process = machine.show("mien", "MainPID")
    machine.run("printf '[mood]\\ndwell_s = 7\\n' >> /etc/mien/mien.toml; systemctl reload mien")
    machine.wait_until(lambda: "in force now: mood.dwell_s" in machine.journal(), 60)
    machine.run("echo 'nonsense = 1' >> /etc/mien/mien.toml; systemctl reload mien")
    machine.wait_until(lambda: "nothing is changed" in machine.journal(), 60)
    machine.wait_until(lambda: machine.show("mien", "ActiveState") == "active", 60)
    assert machine.show("mien", "MainPID") == process


def test_root_means_the_service_and_leaves_it_nothing_that_it_cannot_change(boot: Boot) -> None:
    machine = boot()
    machine.wait_until(lambda: machine.show("mien", "ActiveState") == "active", 60)
    machine.run(f'/usr/bin/python3 -c "{SONG}"')
    machine.run("mien library scan --analyser none")
    assert json.loads(machine.run("mien library stats --json").stdout)["songs"] == 1
    assert machine.run("find /var/lib/mien /var/cache/mien ! -user mien").stdout == ""
    assert machine.run("ls -A /root/.local/state", check=False).stdout == ""
