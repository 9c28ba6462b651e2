"""The home in a simulation: hears what mien says, sets its volume, and knows whether all is well."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from mien_device.demo.broker import LOOPBACK
from mien_device.home.messages import (
    Availability,
    CameraAvailability,
    Health,
    Info,
    MoodMessage,
    NowPlaying,
    PartName,
    Probabilities,
    Response,
    Volume,
)

FRESH_S = 3.0
"""The mood is sent every second; one that is older is no sign of life."""


class Home:
    """A client of the broker for as long as the block lasts; comes back by itself when the broker does."""

    def __init__(self, port: int, device_id: str, *, faces: bool) -> None:
        """`faces`: somebody is in view whenever mien sees."""
        self._base = f"mien/{device_id}/"
        self._faces = faces
        self._lock = threading.Lock()
        self._states: dict[str, str] = {}
        self._looked_at = -1e9
        self.told: list[tuple[float, PartName]] = []
        """When the home was told of which part."""
        self.silence_s = 0.0
        """The longest time without a look of mien's at its people, since `begin`."""
        self.stretch = 1.0
        """So many times as old as usual may a sign of life be."""
        self.kept_volume: int | None = None
        """The last one that mien said it would keep."""
        self._port = port
        self._client = Client(CallbackAPIVersion.VERSION2, client_id="mien-simulated-home")
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = self._connected
        self._client.on_message = self._received

    def __enter__(self) -> Home:
        self._client.connect(LOOPBACK, self._port)
        self._client.loop_start()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def begin(self) -> None:
        """Count silence from now on."""
        with self._lock:
            self.silence_s = 0.0

    def set_volume(self, volume: int) -> None:
        """Ask for it; `kept_volume` follows if mien says that it is on the disk."""
        payload = json.dumps({"value": volume, "transaction": volume})
        self._client.publish(f"{self._base}request/volume", payload)

    @property
    def volume(self) -> str | None:
        """As mien says it is."""
        return self._states.get(Volume.topic)

    def trouble(self) -> str | None:
        """Why not all is well at this moment, in a few words; None if it is."""
        with self._lock:
            states, age_s = dict(self._states), time.monotonic() - self._looked_at
        health, mood = _json(states.get(Health.topic)), _json(states.get(MoodMessage.topic))
        playing = _json(states.get(NowPlaying.topic)).get("state")
        troubles = {
            "the broker is away": not self._client.is_connected(),
            "mien is offline": states.get(Availability.topic) != "online",
            f"degraded: {', '.join(health.get('reasons', {})) or 'unknown'}": health.get("state") != "ok",
            "the camera is offline": states.get(CameraAvailability.topic) != "online",
            "nobody looks": age_s > FRESH_S * self.stretch,
            "the accelerator is not used": _json(states.get(Info.topic)).get("accelerator") != "edgetpu",
            "nobody is seen": self._faces and not mood.get("faces"),
            "no music": self._faces and playing != "playing",
        }
        return next((trouble for trouble, there in troubles.items() if there), None)

    def _connected(self, client: Client, *_: Any) -> None:
        with self._lock:
            self._states.clear()  # what was heard of another broker says nothing of this one
        client.subscribe(f"{self._base}#", qos=1)

    def _received(self, _client: Any, _data: Any, message: MQTTMessage) -> None:
        topic, now = message.topic.removeprefix(self._base), time.monotonic()
        text = message.payload.decode()
        with self._lock:
            if topic == Probabilities.topic:
                self.silence_s = max(self.silence_s, now - self._looked_at)
                self._looked_at = now
                return
            self._states[topic] = text
            if topic == Health.topic:
                self.told += [(now, part) for part in _json(text).get("reasons", {})]
            elif topic == Response.topic.replace("<verb>", "volume") and _json(text).get("status") == "ok":
                self.kept_volume = int(_json(text)["transaction"])


def _json(text: str | None) -> dict[str, Any]:
    content = json.loads(text) if text else {}
    return content if isinstance(content, dict) else {}
