"""The daemon as a user runs it: a process of its own, with a folder of its own for all that it may write."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.mosquitto import PASSWORD, free_port
from tests.waiting import LIMIT_S, wait_until

SUPERVISED = ("sh", "-c", 'SYSTEMD_EXEC_PID=$$ exec "$@"', "sh")
"""A wrapper that starts the daemon as systemd does."""
RATE_HZ, FRAME_BYTES = 44_100, 4
STOP_S = 30.0
"""A daemon that takes longer to stop than this, on however busy a machine, is a defect."""


class Device:
    """`mien run` with a configuration, SDL's disk driver as its sound card, and nothing of this machine's home."""

    def __init__(
        self,
        folder: Path,
        config: str,
        *,
        wrapper: tuple[str, ...] = (),
        arguments: tuple[str, ...] = (),
        home: Path | None = None,
        environment: dict[str, str] | None = None,
    ) -> None:
        """`home` is where it keeps its state; one that was used before is as after a restart."""
        self.home = home or folder / "home"
        self._environment = environment or {}
        self.state, self.cache = self.home / "state", self.home / "cache"
        self.pcm = folder / "sound.raw"
        self._log = folder / "mien.log"
        self.home.mkdir(exist_ok=True)
        self.config = folder / "mien.toml"
        if "[page]" not in config:
            config += toml(page={"port": free_port()})  # others run beside
        self.config.write_text(config, encoding="utf-8")
        self._command = [
            *wrapper,
            sys.executable,
            "-m",
            "mien_device",
            "run",
            "--config",
            str(self.config),
            *arguments,
        ]
        self._folder = folder
        self._has_user = "username" in config

    def __enter__(self) -> Device:
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(sys.path),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": str(self.home),
            "MIEN_STATE_DIR": str(self.state),
            "MIEN_CACHE_DIR": str(self.cache),
            "SDL_AUDIODRIVER": "disk",
            "SDL_DISKAUDIOFILE": str(self.pcm),
            **self._environment,
        }
        if self._has_user:
            environment["MIEN_MQTT_PASSWORD"] = PASSWORD
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(self._command, env=environment, stdout=log, stderr=log, cwd=self._folder)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def hear(self, seconds: float) -> None:
        """Until so much more has gone to the sound card, which is late where everything is."""
        enough = self.pcm.stat().st_size + seconds * RATE_HZ * FRAME_BYTES
        wait_until(lambda: self.pcm.stat().st_size >= enough, lambda: self.log)

    def terminate(self) -> tuple[int, float]:
        """Send SIGTERM; the exit code and the seconds it took."""
        begin = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(LIMIT_S), time.monotonic() - begin


def toml(**sections: dict[str, Any]) -> str:
    """Settings as TOML text; strings, numbers, booleans and lists of strings only."""
    lines: list[str] = []
    for name, settings in sections.items():
        lines.append(f"[{name}]")
        for key, value in settings.items():
            text = (
                str(value).lower()
                if isinstance(value, bool)
                else json.dumps(value)
                if isinstance(value, list)
                else repr(value)
                if isinstance(value, int | float)
                else f'"{value}"'
            )
            lines.append(f"{key} = {text}")
    return "\n".join(lines) + "\n"
