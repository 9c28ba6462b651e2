"""A home with a real broker: what it hears of one device, and how it configures it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.end_to_end.device import toml
from tests.listener import Listener
from tests.mosquitto import PASSWORD, USER, Mosquitto
from tests.waiting import LIMIT_S


class House:
    """Listens to everything that the device `device_id` says, through the broker's plain port; the device speaks TLS."""

    def __init__(self, broker: Mosquitto, tunes: Path, device_id: str) -> None:
        self.broker, self.tunes, self.device_id = broker, tunes, device_id
        self.ears = self.listener()

    def listener(self) -> Listener:
        """Another client, which hears what is retained and what comes from now on."""
        topics = f"mien/{self.device_id}/#"
        return Listener(self.broker.port, topics=topics, username=USER, password=PASSWORD)

    def config(self, source: str) -> str:
        """The device's configuration file."""
        return toml(
            camera={"source": source},
            music={"folder": self.tunes, "fade_s": 1.0},
            mqtt={
                "host": "localhost",
                "port": self.broker.tls_port,
                "tls": True,
                "ca_file": self.broker.ca_file,
                "username": USER,
                "device_id": self.device_id,
            },
        )

    def topic(self, relative: str) -> str:
        return f"mien/{self.device_id}/{relative}"

    def received(self, relative: str) -> list[str]:
        return self.ears.received(self.topic(relative))

    def wait_for(
        self, relative: str, payload: str | None = None, *, count: int = 1, timeout_s: float = LIMIT_S
    ) -> None:
        self.ears.wait_for(self.topic(relative), payload, count=count, timeout_s=timeout_s)

    def set(self, thing: str, payload: str | bytes) -> None:
        self.ears.publish(self.topic(f"{thing}/set"), payload)

    def events(self, kind: str) -> list[dict[str, Any]]:
        """The events of one kind, in order."""
        return [event for event in map(json.loads, self.received("event")) if event["event_type"] == kind]
