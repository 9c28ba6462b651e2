"""Home Assistant takes our message, and none of the ways in which such messages are usually broken."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from mien_device.home import discovery
from mien_device.home.discovery import Device
from mien_device.home.entities import Feature
from tests.home_assistant.core import HomeAssistant
from tests.listener import Listener
from tests.mosquitto import PASSWORD, USER, Mosquitto

pytestmark = pytest.mark.slow

Message = dict[str, Any]


def put(message: Message, *path: str, value: object) -> None:
    for key in path[:-1]:
        message = message[key]
    message[path[-1]] = value


def take(message: Message, *path: str) -> None:
    for key in path[:-1]:
        message = message[key]
    del message[path[-1]]


BROKEN: dict[str, Callable[[Message], None]] = {
    "root-tilde": lambda m: put(m, "~", value="mien/hall"),
    "no-origin": lambda m: take(m, "o"),
    "no-unique-id": lambda m: take(m, "cmps", "mood", "uniq_id"),
    "two-availabilities": lambda m: put(m, "avty_t", value="mien/hall/availability"),
    "unknown-device-key": lambda m: put(m, "dev", "colour", value="red"),
    "enum-with-class": lambda m: put(m, "cmps", "mood", "stat_cla", value="measurement"),
}


def announce(ears: Listener, name: str, change: Callable[[Message], None]) -> None:
    """A message under a name of its own, whole but for one change."""
    message = discovery.message(Device(name, f"Mien {name}", "mien", frozenset(Feature), 60.0))
    change(message)
    ears.publish(f"homeassistant/device/mien_{name}/config", json.dumps(message))


def registered(core: HomeAssistant, part: str) -> set[str]:
    return {entry["unique_id"] for entry in core.registry().values() if part in entry["unique_id"]}


def test_whole_it_is_taken_and_broken_it_is_not(broker: Mosquitto, core: HomeAssistant) -> None:
    with Listener(broker.port, username=USER, password=PASSWORD) as ears:
        for name, change in BROKEN.items():
            announce(ears, name, change)
        announce(ears, "whole", lambda message: None)
        whole = discovery.device_components(Device("whole", "Mien whole", "mien", frozenset(Feature), 60.0)).values()
        wanted = {part["uniq_id"] for part in whole if "uniq_id" in part}
        core.wait(lambda: registered(core, "_whole_") == wanted, "with every entity there can be")
        unique_ids = {entry["unique_id"] for entry in core.registry().values()}
        for name in BROKEN:
            assert f"mien_{name}_mood" not in unique_ids, name
        for name in ("root-tilde", "no-origin", "two-availabilities", "unknown-device-key"):
            assert not any(f"mien_{name}_" in unique_id for unique_id in unique_ids), f"{name}: all of it is rejected"
        said = [line for line in core.log.splitlines() if "mien_whole" in line]
        assert [line for line in said if "WARNING" in line or "ERROR" in line] == []
