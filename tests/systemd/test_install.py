"""systemd/install on a Debian of its own: what it does, what it leaves as it was, and what it takes off again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.systemd.conftest import CONFIG, INSTALL, INSTALL_S, Boot
from tests.systemd.machine import CHECKOUT, ROOT, Machine, bare_machine, clean

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

VOLATILE = ("/var/log", "/var/lib/systemd", "/root/.cache", "/tmp", "/var/tmp", "/run")
SNAPSHOT = (
    f"find / -xdev \\( {' -o '.join(f'-path {path}' for path in VOLATILE)} \\) -prune -o "
    "-printf '%p %y %m %U:%G %s %T@ %l\\n' | sort"
)
"""Every file with kind, rights, owner, size, time of change and target, but for what systemd keeps for itself."""


def snapshot(machine: Machine) -> list[str]:
    return machine.run(SNAPSHOT).stdout.splitlines()


def of_the_script(machine: Machine) -> list[str]:
    """Without the state, which the running daemon writes whenever it likes."""
    return [line for line in snapshot(machine) if not line.startswith("/var/lib/mien")]


def not_kept(output: str) -> list[str]:
    """What the script did not leave as it was."""
    report = output.partition("\n\n")[0].splitlines()
    return [line for line in report if not line.startswith(("kept", "note"))]


def test_a_dry_run_needs_no_root_and_changes_nothing(suite: str, tmp_path: Path) -> None:
    with Machine(bare_machine(suite), tmp_path) as machine:
        before = snapshot(machine)
        for profile in ("", "--kiosk", "--car", "--mqtt-password"):
            machine.run(f"setpriv --reuid=65534 --clear-groups {INSTALL} --dry-run {profile}")
        run = machine.run(f"{INSTALL} --dry-run")
        assert snapshot(machine) == before
    assert "todo  mien.service, running" in run.stdout
    assert "done" not in run.stdout
    clean(tmp_path)


def test_the_program_is_there_and_the_unit_is_what_systemd_wants(boot: Boot, suite: str) -> None:
    machine = boot()
    assert set(machine.run("id -nG mien").stdout.split()) == {"mien", "video", "render", "audio", "plugdev"}
    assert machine.run("mien --version").stdout.startswith("mien ")
    # Nothing is left of the installation that the power cut ended.
    assert len(machine.run("ls -d /opt/mien/venv-*").stdout.split()) == 1
    verify = machine.run("systemd-analyze verify mien.service mien-library.service")
    assert verify.stdout + verify.stderr == ""
    assert machine.run("stat -c %U:%a /srv/mien/music/happy").stdout.strip() == "root:755"
    if suite == "bookworm":  # whose picamera2 is compiled against a NumPy that pip would replace: opencv-python wants 2
        in_use, of_the_system = (
            machine.run(f"{python} -c 'import numpy; print(numpy.__version__)'").stdout
            for python in ("/opt/mien/venv/bin/python", "/usr/bin/python3")
        )
        assert in_use == of_the_system
        assert in_use.startswith("1."), "else nothing would be replaced, and this test means nothing"
        machine.run("/opt/mien/venv/bin/python -c 'import picamera2'")


def test_running_it_again_changes_nothing(boot: Boot) -> None:
    machine = boot()
    before, process = of_the_script(machine), machine.show("mien", "MainPID")
    for script in (INSTALL, "/opt/mien/systemd/install"):
        assert not_kept(machine.run(script).stdout) == []
    assert of_the_script(machine) == before
    assert machine.show("mien", "MainPID") == process
    assert machine.run("cat /etc/mien/mien.toml").stdout == CONFIG
    assert machine.run(f"{INSTALL} --dry-run --uninstall --purge").returncode == 0
    assert of_the_script(machine) == before


def test_what_was_changed_by_hand_is_mended_and_what_was_added_stays(boot: Boot) -> None:
    machine = boot()
    unit, own = "/etc/systemd/system/mien.service", "/etc/systemd/system/mien.service.d/own.conf"
    machine.write(own, "[Service]\nNice=5\n")
    machine.run(
        f"sed -i s/WatchdogSec=30/WatchdogSec=99/ {unit}; usermod -rG video mien 2>/dev/null || gpasswd -d mien video"
    )
    report = not_kept(machine.run(INSTALL).stdout)
    assert report == [
        "done  user mien, in video too",
        f"done  {unit}",
        "done  systemd and udev read their files anew",
        "done  mien.service, running",
        "done  mien-library.service, running",
    ]
    assert machine.show("mien", "WatchdogUSec") == "30s"
    assert machine.show("mien", "Nice") == "5"


def test_an_upgrade_that_fails_leaves_the_old_program_running(boot: Boot) -> None:
    machine = boot()
    process = machine.show("mien", "MainPID")
    parts = "pyproject.toml README.md LICENSE device models training convert systemd"
    machine.run(
        f"mkdir /root/newer; cd {CHECKOUT}; cp -R {parts} /root/newer; echo '# newer' >> /root/newer/pyproject.toml"
    )
    failed = machine.run("/root/newer/systemd/install", timeout_s=INSTALL_S, check=False)
    assert failed.returncode != 0
    assert "mien install: stopped at: program /opt/mien/venv-" in failed.stderr
    assert machine.show("mien", "MainPID") == process
    report = not_kept(machine.run(INSTALL).stdout)
    assert len(report) == 1
    assert report[0].endswith("no longer used, is removed")
    assert machine.show("mien", "MainPID") == process


def test_a_wheel_upgrades_what_a_checkout_installed(boot: Boot, tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, text=True)
    (wheel,) = tmp_path.glob("mien-*.whl")
    machine = boot(network=True, binds={tmp_path: "/wheels"})
    process, old = machine.show("mien", "MainPID"), machine.run("readlink /opt/mien/venv").stdout
    install = f"/opt/mien/systemd/install --from /wheels/{wheel.name}"
    machine.run(install, timeout_s=INSTALL_S)
    assert machine.show("mien", "MainPID") != process
    assert machine.run("readlink /opt/mien/venv").stdout != old
    assert machine.run("ls -d /opt/mien/venv-*").stdout.split() == [
        f"/opt/mien/{machine.run('readlink /opt/mien/venv').stdout.strip()}"
    ]
    assert not_kept(machine.run(install).stdout) == []


def test_the_password_is_a_credential(boot: Boot) -> None:
    machine = boot()
    password = "öffne dich, %s $HOME"
    report = machine.run(f"{INSTALL} --mqtt-password", text=f"{password}\n")
    assert password not in report.stdout + report.stderr
    assert password not in machine.run("cat /etc/mien/* /etc/systemd/system/mien.service.d/*").stdout
    assert machine.show("mien", "ActiveState") == "active"
    name = machine.run("ls /run/credentials/mien.service").stdout.strip()
    assert name == "mqtt_password"
    assert machine.run(f"cat /run/credentials/mien.service/{name}").stdout == password
    assert not_kept(machine.run(INSTALL).stdout) == []
    assert machine.run(f"{INSTALL} --mqtt-password", text="\n", check=False).returncode == 1


def test_what_is_missing_is_one_line_before_anything_is_done(boot: Boot) -> None:
    machine = boot()
    before = of_the_script(machine)
    machine.write("/run/cmdline", "console=tty1 overlayroot=tmpfs root=/dev/mmcblk0p2\n")
    cases = {
        f"setpriv --reuid=65534 --clear-groups {INSTALL}": "only root may install",
        f"{INSTALL} --from /nowhere.whl": "--from /nowhere.whl: there is no such file",
        f"unshare -m sh -c 'mount --bind /run/cmdline /proc/cmdline; {INSTALL}'": "the root is read-only",
        f"unshare -m sh -c 'mount --bind /bin/false /usr/bin/dpkg; {INSTALL}'": ("mien needs one of 64 bit"),
    }
    for command, words in cases.items():
        run = machine.run(command, check=False)
        assert run.returncode == 1
        assert run.stdout == ""
        assert words in run.stderr
        assert run.stderr.count("\n") == 1, run.stderr
    assert machine.run(f"{INSTALL} --purge", check=False).returncode == 2
    assert of_the_script(machine) == before


def test_uninstalling_leaves_state_and_music_and_nothing_else(boot: Boot, suite: str, tmp_path: Path) -> None:
    with Machine(bare_machine(suite), tmp_path / "bare") as bare:
        before = paths(bare)
    machine = boot()
    machine.run(f"{INSTALL} --car")
    machine.run(
        "cp /opt/mien/systemd/mien.toml.example /etc/mien/mien.toml; echo song > /srv/mien/music/happy/song.mp3"
    )
    # Outside of the service's own view the state looks as it does to whoever wants it back.
    machine.write("/var/lib/mien/state.json", '{"volume": 12}')
    machine.run("/opt/mien/systemd/install --uninstall")
    assert left_behind(machine, before) == {
        *("/var/lib/mien", "/var/lib/mien/state.json", "/var/lib/mien/library.sqlite3", "/var/lib/mien/library.lock"),
        *("/var/lib/mien/mien.lock", "/var/lib/mien/history.sqlite3"),
        *("/srv/mien", "/srv/mien/music", "/srv/mien/music/happy", "/srv/mien/music/happy/song.mp3"),
    }
    assert "mien" not in machine.run("cat /etc/passwd /etc/group").stdout
    assert machine.run(f"{INSTALL} --uninstall").stdout.count("done") == 1, "twice: nothing but the managers' reload"

    machine.run(f"{INSTALL} --uninstall --purge")
    assert left_behind(machine, before) == set()


def left_behind(machine: Machine, before: set[str]) -> set[str]:
    """The paths on it that were not on the bare Debian, belong to no package and were not written by one."""
    owned = set(machine.run("cat /var/lib/dpkg/info/*.list").stdout.splitlines())
    by_packages = ("/var/lib/dpkg/", "/var/lib/apt/", "/var/cache/", "/etc/alternatives/", "/usr/lib/python3")
    return {path for path in paths(machine) - before - owned if not path.startswith((*by_packages, *MADE_BY_THE_TEST))}


def paths(machine: Machine) -> set[str]:
    return {line.split()[0] for line in snapshot(machine)}


MADE_BY_THE_TEST = ("/mien", "/repository", "/etc/apt/sources.list.d/repository.list")
