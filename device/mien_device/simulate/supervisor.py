"""What systemd does for the service, as the shipped unit asks for it: start, feed on signs of life, kill, start again."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

RESTART_S = 5.0
WATCHDOG_S = 30.0
STOP_S = 20.0
"""RestartSec=, WatchdogSec= and TimeoutStopSec= of systemd/base/…/mien.service."""
TURN_S = 0.2

log = logging.getLogger(__name__)


class Supervisor:
    """Runs a command for as long as the block lasts."""

    def __init__(self, command: Sequence[str], environment: dict[str, str], folder: Path, output: IO[bytes]) -> None:
        self._command = list(command)
        self._output = output
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.bind(str(folder / "notify"))
        self._socket.settimeout(TURN_S)
        self._environment = {**environment, "NOTIFY_SOCKET": str(folder / "notify")}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)
        self.ends: list[int] = []
        """The exit code of every end that was no stop of ours."""

    def __enter__(self) -> Supervisor:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> int | None:
        """End it with SIGTERM; its exit code, None if it did not run. May be called twice."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(STOP_S + 5)
        self._socket.close()
        return self._code

    _code: int | None = None

    def _run(self) -> None:
        while not self._stop.is_set():
            child = subprocess.Popen(self._command, env=self._environment, stdout=self._output, stderr=self._output)
            self._watch(child)
            if self._stop.is_set():
                self._code = self._end(child)
                return
            self.ends.append(child.wait())
            if child.returncode == 0:  # Restart=on-failure
                return
            self._stop.wait(RESTART_S)

    def _watch(self, child: subprocess.Popen[bytes]) -> None:
        """Until it has ended, or shall. Before it is ready no sign of life is asked for."""
        fed_at: float | None = None
        while child.poll() is None and not self._stop.is_set():
            try:
                message = self._socket.recv(4096)
            except TimeoutError:
                message = b""
            if b"READY=1" in message or b"WATCHDOG=1" in message:
                fed_at = time.monotonic()
            if fed_at is not None and time.monotonic() - fed_at > WATCHDOG_S:
                log.warning("no sign of life for %g s: killed", WATCHDOG_S)
                child.send_signal(signal.SIGABRT)
                child.wait(STOP_S)

    @staticmethod
    def _end(child: subprocess.Popen[bytes]) -> int:
        child.terminate()
        try:
            return child.wait(STOP_S)
        except subprocess.TimeoutExpired:
            child.kill()
            return child.wait()


def environment(state: Path, cache: Path) -> dict[str, str]:
    """That of a service: its two folders, and nothing of whoever started the simulation but where Python finds us."""
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LANG") if name in os.environ}
    return {**kept, "HOME": str(state), "MIEN_STATE_DIR": str(state), "MIEN_CACHE_DIR": str(cache)}
