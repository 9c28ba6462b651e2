"""When the discovery message is sent, and how what is gone is taken back. Pure: time is an argument."""

from __future__ import annotations

import json
import logging
import random
from collections.abc import Callable
from pathlib import Path

from pydantic import Field, ValidationError

from mien_device.config.schema import HomeAssistantConfig
from mien_device.home import discovery
from mien_device.home.discovery import Component, Device
from mien_device.home.messages import ONLINE
from mien_device.state import write_whole
from mien_models.validation import Strict

log = logging.getLogger(__name__)

FILE = "discovery.json"
JITTER_S = (0.5, 5.0)
"""After Home Assistant's start each device waits for a time of its own between these: a house full of them must not
speak at once."""
REVIVAL_S = 3.0
"""So long what is gone is shown to a Home Assistant that was just started, before it is taken back: it forgets only what
it knows from this run, and must have finished with the one message before the next."""


class Announced(Strict):
    """What Home Assistant was told, as kept in `discovery.json`."""

    topic: str = ""
    shown: dict[str, Component] = Field(default_factory=dict)
    gone: dict[str, Component] = Field(default_factory=dict)
    """Was shown once, is not any more; kept until a Home Assistant that has just started was told so."""
    retained: bool = False
    """Whether the broker keeps what it was told."""


class Announcer:
    """Gives the messages to send, as topic and payload; used by the one thread that sends them."""

    def __init__(
        self,
        config: HomeAssistantConfig,
        device: Device,
        folder: Path,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        """Find out what is gone since the last run. `folder` is the one for what outlives a restart."""
        self._config = config
        self._device = device
        self._path = folder / FILE
        self._uniform = uniform
        self._topic = discovery.topic(config.prefix, device.id)
        self._components = discovery.device_components(device) if config.discovery else {}
        known = load_announced(self._path)
        self._elsewhere = known.topic if known.topic not in {"", self._topic} else ""
        """Where it was announced under another prefix or id."""
        if self._elsewhere:
            known = Announced()
        self._kept_there = known.retained
        """Whether the broker still keeps a message."""
        before = known.gone | known.shown
        self._gone = {key: old for key, old in before.items() if key not in self._components}
        self._revive_at: float | None = None
        self._bury_at: float | None = None

    @property
    def status_topic(self) -> str:
        """Where Home Assistant says that it has started."""
        return self._config.status_topic or f"{self._config.prefix}/status"

    @property
    def retain(self) -> bool:
        """Whether the broker keeps what is sent."""
        return self._config.retain

    def on_connect(self) -> list[tuple[str, str]]:
        """What to send first on a new connection."""
        self._revive_at = self._bury_at = None
        moved = [(self._elsewhere, "")] if self._elsewhere else []
        if not self._components:
            # Discovery was turned off: the whole device goes, once.
            return [*moved, *([(self._topic, "")] if self._gone else [])]
        # What is not to be kept any more would bring back what is gone with every start of Home Assistant.
        cleared = [(self._topic, "")] if self._kept_there and not self._config.retain else []
        self._kept_there = self._kept_there or self._config.retain
        self._keep(self._gone)
        return [*moved, *cleared, self._message(self._buried())]

    def delivered(self) -> None:
        """What `on_connect` gave has reached the broker."""
        if not self._components and (self._gone or self._elsewhere):
            self._gone = {}
            self._keep({})
        elif self._kept_there is not self._config.retain:
            self._kept_there = self._config.retain
            self._keep(self._gone)
        self._elsewhere = ""

    def on_status(self, payload: bytes, now: float) -> None:
        """Home Assistant said how it is."""
        if payload == ONLINE.encode() and self._components and self._revive_at is None:
            self._revive_at = now + self._uniform(*JITTER_S)

    def due(self, now: float) -> list[tuple[str, str]]:
        """What to send now; mostly nothing."""
        if self._revive_at is not None and now >= self._revive_at:
            self._revive_at = None
            if self._gone:
                self._bury_at = now + REVIVAL_S
            return [self._message(self._gone)]
        if self._bury_at is not None and now >= self._bury_at:
            self._bury_at = None
            message = self._message(self._buried())
            self._gone = {}
            self._keep({})
            return [message]
        return []

    def announce(self, now: float) -> None:
        """Send it again, at the next `due`."""
        if self._components:
            self._revive_at = now

    def _buried(self) -> dict[str, Component]:
        return {key: discovery.tombstone(old) for key, old in self._gone.items()}

    def _message(self, others: dict[str, Component]) -> tuple[str, str]:
        message = discovery.message(self._device, self._components | others)
        return self._topic, json.dumps(message, ensure_ascii=False, separators=(",", ":"))

    def _keep(self, gone: dict[str, Component]) -> None:
        announced = Announced(
            topic=self._topic if self._components else "",
            shown=self._components,
            gone=gone,
            retained=self._kept_there and bool(self._components),
        )
        if announced != load_announced(self._path):
            write_whole(self._path, announced.model_dump_json())


def load_announced(path: Path) -> Announced:
    """What was kept; nothing if the file is missing or damaged."""
    try:
        return Announced.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return Announced()
    except (OSError, ValidationError) as error:
        log.warning("%s: not read (%s); entities that are gone may stay in Home Assistant", path, type(error).__name__)
        return Announced()
