"""The device in the home: mien's own daemon, started as a user starts it."""

from __future__ import annotations

import re
import signal
from pathlib import Path
from types import TracebackType
from typing import Any

from mien_models.signing import make_key
from tests.device.updates.conftest import Key
from tests.end_to_end.device import SUPERVISED, Device, toml
from tests.home_assistant.core import HomeAssistant
from tests.listener import Listener
from tests.mosquitto import PASSWORD, USER, Mosquitto

ID, NAME = "hall", "Mien hallway"


class Home:
    """`start` and `stop` the device as often as needed; it keeps its state folder over them."""

    def __init__(self, broker: Mosquitto, core: HomeAssistant, folder: Path, tunes: Path) -> None:
        self.broker, self.core = broker, core
        self._folder = folder
        self._tunes = tunes
        self._runs = 0
        self.key = Key(folder / "secret.key", make_key(folder / "secret.key"))
        self.drop = folder / "drop"
        """Where new models are dropped."""
        self.device: Device | None = None
        self.ears = self.listener()

    def listener(self) -> Listener:
        return Listener(self.broker.port, username=USER, password=PASSWORD)

    def start(self, *, supervised: bool = True, **sections: dict[str, Any]) -> None:
        """Start the device and wait until it is online."""
        config = {
            "camera": {"source": "demo"},
            "music": {"folder": self._tunes, "fade_s": 1.0},
            "mqtt": {
                "host": "localhost",
                "port": self.broker.tls_port,
                "tls": True,
                "ca_file": self.broker.ca_file,
                "username": USER,
                "device_id": ID,
            },
            "home_assistant": {"name": NAME},
            "privacy": {"snapshot": True},
            "updates": {"keys": [self.key.public], "folder": self.drop, "shadow_minutes": 0.02, "shadow_faces": 10},
        } | sections
        self._runs += 1
        folder = self._folder / str(self._runs)
        folder.mkdir()
        self.device = Device(
            folder,
            toml(**config),
            home=self._folder / "home",
            wrapper=SUPERVISED if supervised else (),
        )
        self.ears.messages.clear()
        self.device.__enter__()
        self.ears.wait_for(self.topic("availability"), "online")

    def stop(self) -> None:
        if self.device is not None and self.device.process.poll() is None:
            code, _ = self.device.terminate()
            assert code == 0, self.device.log
        self.device = None

    def kill(self) -> None:
        """As a power cut would."""
        assert self.device is not None
        self.device.process.send_signal(signal.SIGKILL)
        self.device.process.wait()

    def topic(self, relative: str) -> str:
        return f"mien/{ID}/{relative}"

    def wait_for(self, relative: str, payload: str | None = None, **rest: Any) -> None:
        self.ears.wait_for(self.topic(relative), payload, **rest)

    def complaints(self) -> list[str]:
        """Warnings and errors of Home Assistant, of all its runs, that speak of mien."""
        lines = (self.core.all_logs + self.core.log).splitlines()
        # When a device is removed Home Assistant clears its topic itself, and then wonders at its own message.
        lines = [line for line in lines if "No device components to cleanup for" not in line]
        return [
            line
            for line in lines
            if re.search("WARNING|ERROR|CRITICAL", line) and re.search("mien|hallway", line, re.I)
        ]

    def __enter__(self) -> Home:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.device is not None:
            self.device.__exit__(kind, error, trace)
        self.ears.close()
