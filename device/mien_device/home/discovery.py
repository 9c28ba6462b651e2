"""The one message from which Home Assistant makes the device with all its entities (MQTT discovery, device form).

Written in the short keys of https://www.home-assistant.io/integrations/mqtt/#supported-abbreviations-in-mqtt-discovery-messages.
"""

from __future__ import annotations

import platform
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mien_device.config.schema import Config
from mien_device.home.entities import ENTITIES, Entity, Expiry, Feature
from mien_device.home.messages import OFFLINE, ONLINE, Availability, CameraAvailability
from mien_models import __version__

STATS_INTERVAL_S = 60.0
"""Figures are sent this often."""
BOARD = Path("/proc/device-tree/model")
"""Where Linux names the board, with a zero byte at its end."""

Component = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Device:
    """What the message says of this device."""

    id: str
    name: str
    prefix: str
    """Of mien's topics."""
    features: frozenset[Feature]
    heartbeat_s: float
    """The mood is sent again this often."""

    @property
    def base(self) -> str:
        """What all its topics begin with."""
        return f"{self.prefix}/{self.id}"

    @property
    def unique_id(self) -> str:
        return f"mien_{self.id}"

    @property
    def stem(self) -> str:
        """What entity ids begin with. Home Assistant spells it in ASCII, as it does with every other device's name."""
        return self.name if any(character.isalnum() for character in self.name) else self.unique_id


def describe(config: Config, device_id: str, features: Collection[Feature]) -> Device:
    """The device as configured."""
    return Device(
        device_id,
        config.home_assistant.name or f"Mien {device_id}",
        config.mqtt.prefix,
        frozenset(features),
        config.mood.heartbeat_s,
    )


def topic(prefix: str, device_id: str) -> str:
    """Where the message goes, below Home Assistant's discovery prefix."""
    return f"{prefix}/device/mien_{device_id}/config"


def message(device: Device, components: dict[str, Component] | None = None) -> dict[str, Any]:
    """The message, with these components instead of its own if they are given."""
    return {
        "dev": {
            "ids": [device.unique_id],
            "name": device.name,
            "mf": "mien",
            "mdl": f"mien on {board()}",
            "sw": __version__,
            "sn": device.id,
        },
        "o": {"name": "mien", "sw": __version__},
        "avty": [_available(device, Availability.topic)],
        "cmps": device_components(device) if components is None else components,
    }


def device_components(device: Device) -> dict[str, Component]:
    """The entities that this device can serve, by key."""
    return {
        entity.key: _component(entity, device)
        for entity in ENTITIES
        if entity.needs is None or entity.needs in device.features
    }


def tombstone(component: Component) -> Component:
    """What takes a component out of Home Assistant."""
    return {"p": component["p"]}


def board(path: Path = BOARD) -> str:
    """The name of this computer's board, else its processor's."""
    try:
        return path.read_text(encoding="utf-8").strip("\0\n ")
    except (OSError, UnicodeDecodeError):
        return platform.machine()


def _component(entity: Entity, device: Device) -> Component:
    component: Component = {"p": entity.platform}
    if entity.platform == "device_automation":
        component |= {"topic": f"{device.base}/{_topic(entity)}", "val_tpl": entity.template}
        return component | entity.options
    component |= {
        "uniq_id": f"{device.unique_id}_{entity.key}",
        "def_ent_id": f"{entity.platform}.{device.stem} {entity.object_id or entity.key}",
        "name": entity.name,
    }
    if entity.state is not None:
        component["img_t" if entity.platform == "image" else "stat_t"] = f"{device.base}/{_topic(entity)}"
    if entity.template:
        component["val_tpl"] = entity.template
    if entity.thing:
        component["cmd_t"] = f"{device.base}/{entity.thing}/set"
    if entity.sees:
        component["avty"] = [_available(device, Availability.topic), _available(device, CameraAvailability.topic)]
        component["avty_mode"] = "all"
    if entity.expires is not Expiry.NEVER:
        component["exp_aft"] = round(
            3 * (device.heartbeat_s if entity.expires is Expiry.HEARTBEAT else STATS_INTERVAL_S)
        )
    component |= entity.options
    if "json_attr_t" in component:
        component["json_attr_t"] = f"{device.base}/{component['json_attr_t']}"
    return component


def _topic(entity: Entity) -> str:
    return entity.state.topic if entity.state is not None else ""


def _available(device: Device, relative: str) -> dict[str, str]:
    # Home Assistant's own defaults are lost now and then while it imports another platform in another thread.
    return {"t": f"{device.base}/{relative}", "pl_avail": ONLINE, "pl_not_avail": OFFLINE}
