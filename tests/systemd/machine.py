"""A Debian with a systemd of its own, booted in a container: a machine that a test may spoil, switch off and throw away."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

from tests.needs import give_up, need_program

ROOT = Path(__file__).parents[2]
CHECKOUT = "/mien"
"""Where a machine sees this repository, read-only."""
BOOT_S, STOP_S = 60.0, 30.0
REBOOT_CODE = 133
"""Exit code of `systemd-nspawn --keep-unit` for a machine that reboots."""
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
Layers = tuple[Path, ...]
"""Folders that lie above each other, the uppermost first: a machine's file system."""


def bare_machine(suite: str) -> Layers:
    """A Debian without mien, made by scripts/ensure-machines; skips the test where it or what boots it is not there."""
    need_program("systemd-nspawn")
    if os.geteuid() != 0:
        give_up("only root may boot a system")
    root = ROOT / ".machines" / suite
    if not list(root.parent.glob(f"made-{suite}-*")):
        give_up(f"there is no {root} (scripts/ensure-machines)")
    return (root,)


class Machine:
    """Running between `with` and its end. What it writes lies in a layer of its own, so the layers below stay as they are."""

    def __init__(
        self, layers: Layers, folder: Path, *, network: bool = False, binds: Mapping[Path, str] | None = None
    ) -> None:
        """`binds`: folders of this machine that it sees, read-only. Without `network` it has none but its own 127.0.0.1."""
        self._upper, self._work, self._root = folder / "upper", folder / "work", folder / "root"
        for path in (self._upper, self._work, self._root):
            path.mkdir(parents=True, exist_ok=True)
        self.layers: Layers = (self._upper, *layers)
        self._below = layers
        self._log = folder / "console.log"
        self._cache = Path.home() / ".cache" / "pip"
        self._cache.mkdir(parents=True, exist_ok=True)
        self._options = [f"--bind-ro={ROOT}:{CHECKOUT}", f"--bind={self._cache}:/root/.cache/pip"]
        self._options += [f"--bind-ro={here}:{there}" for here, there in (binds or {}).items()]
        self._options += [] if network else ["--private-network"]

    def __enter__(self) -> Machine:
        below = ":".join(map(str, self._below))
        options = f"lowerdir={below},upperdir={self._upper},workdir={self._work}"
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, self._root], check=True)
        try:
            self._boot()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.pull_the_plug()
        subprocess.run(["umount", self._root], check=True)

    @property
    def running(self) -> bool:
        """Whether it has not been switched off."""
        return self._process.poll() is None

    @property
    def wants_a_reboot(self) -> bool:
        """Whether it went down to come up again: nspawn leaves that to whoever started it."""
        return self._process.poll() == REBOOT_CODE

    @property
    def first_process(self) -> int | None:
        """The number here of its process 1; None while it is off.

        Asked for anew each time: nspawn's first child only sets the machine up.
        """
        try:
            children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return int(children[0]) if children else None

    def run(
        self, command: str, *, timeout_s: float = 180, check: bool = True, text: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """A shell's command line on it, as root, with a text to read."""
        environment = ["env", "-i", f"PATH={PATH}", "HOME=/root", "LANG=C.UTF-8", "PIP_CACHE_DIR=/root/.cache/pip"]
        environment += [f"{key}={value}" for key, value in os.environ.items() if key in {"PIP_INDEX_URL"}]
        run = subprocess.run(
            ["nsenter", "--target", str(self.first_process), "--all", *environment, "sh", "-c", command],
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
            input=text,
        )
        assert not check or run.returncode == 0, f"{command}: exit code {run.returncode}\n{run.stdout}{run.stderr}"
        return run

    def write(self, path: str, text: str) -> None:
        """A file on it, with its folder."""
        self.run(f"mkdir -p {Path(path).parent}; cat > {path}", text=text)

    def start(self, command: str) -> None:
        """Run it on the machine beside everything else."""
        self.run(f"systemd-run --quiet --collect -- sh -c '{command}'")

    def show(self, unit: str, what: str) -> str:
        """A property of a unit, as `systemctl show` prints it."""
        return self.run(f"systemctl show --value -p {what} {unit}").stdout.strip()

    def journal(self, unit: str = "mien") -> str:
        """What the journal has of a unit."""
        return self.run(f"journalctl --no-pager -u {unit}").stdout

    def wait_until(self, true: Callable[[], bool], timeout_s: float) -> None:
        """Until it is true; the test fails after the time."""
        end = time.monotonic() + timeout_s
        while not true():
            assert time.monotonic() < end, f"not within {timeout_s} s\n{self._log.read_text(errors='replace')[-2000:]}"
            time.sleep(0.5)

    def switch_off(self) -> None:
        """An orderly shutdown."""
        with contextlib.suppress(AssertionError):  # the machine may be gone before the answer is
            self.run("systemctl poweroff")
        self._process.wait(STOP_S)

    def pull_the_plug(self) -> None:
        """Everything on it ends at once."""
        if (process := self.first_process) is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self._process.wait(STOP_S)

    def _boot(self) -> None:
        command = ["systemd-nspawn", "--directory", str(self._root), "--boot", "--register=no", "--keep-unit"]
        command += ["--console=pipe", f"--machine=mien-{os.getpid()}", *self._options]
        # The system's own housekeeping would come in between what a test does and what it looks at.
        command += ["systemd.mask=apt-daily.timer", "systemd.mask=apt-daily-upgrade.timer"]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        self.wait_until(lambda: self.first_process is not None, BOOT_S)
        try:
            self.wait_until(lambda: "running" in self.run("systemctl is-system-running", check=False).stdout, BOOT_S)
        except AssertionError as error:
            state = self.run("systemctl is-system-running; systemctl --failed; systemctl list-jobs", check=False)
            raise AssertionError(f"{error}\n{state.stdout}{state.stderr}") from None


def clean(folder: Path) -> None:
    """Remove what a machine wrote: hundreds of megabytes that pytest would keep."""
    shutil.rmtree(folder, ignore_errors=True)
