"""What becomes of a device's name: the ids that Home Assistant gives, whatever alphabet it is written in."""

from __future__ import annotations

import json

import pytest

from mien_device.home import discovery
from mien_device.home.discovery import Device
from tests.home_assistant.core import HomeAssistant
from tests.listener import Listener
from tests.mosquitto import PASSWORD, USER, Mosquitto

pytestmark = pytest.mark.slow

SPELT = {
    "Mien hallway": "mien_hallway",
    "Straße": "strasse",
    "Łódź": "lodz",
    "Øst": "ost",
    "Кухня": "kukhnia",
    "玄関": "xuan_guan",
    "Ann's room": "ann_s_room",
    "Mien 2.0": "mien_2_0",
    "☺": "mien_n8",
}
"""By hand: Home Assistant's spelling."""


def announce(ears: Listener, number: int, name: str) -> Device:
    device = Device(f"n{number}", name, "mien", frozenset(), 60.0)
    message = discovery.message(device)
    # And one entity whose id is left to Home Assistant.
    message["cmps"]["own"] = {"p": "sensor", "uniq_id": f"{device.unique_id}_own", "name": "Own", "stat_t": "nothing"}
    ears.publish(f"homeassistant/device/mien_n{number}/config", json.dumps(message))
    return device


def test_entity_ids_begin_as_home_assistant_spells_the_name(broker: Mosquitto, core: HomeAssistant) -> None:
    with Listener(broker.port, username=USER, password=PASSWORD) as ears:
        devices = [announce(ears, number, name) for number, name in enumerate(SPELT)]

        def ids() -> dict[str, str]:
            return {entry["unique_id"]: entity for entity, entry in core.registry().items()}

        wanted = {f"{device.unique_id}_{part}" for device in devices for part in ("mood", "presence", "own")}
        core.wait(lambda: wanted <= set(ids()), "all devices", 60)
        found = ids()
        for device, slug in zip(devices, SPELT.values(), strict=True):
            assert found[f"{device.unique_id}_mood"] == f"sensor.{slug}_mood"
            assert found[f"{device.unique_id}_presence"] == f"binary_sensor.{slug}_face"
            if device.name != "☺":
                assert found[f"{device.unique_id}_own"] == f"sensor.{slug}_own", "as its own would"
        again = announce(ears, len(SPELT), "Straße")
        core.wait(lambda: f"{again.unique_id}_mood" in ids(), "a second device of that name")
        assert ids()[f"{again.unique_id}_mood"] == "sensor.strasse_mood_2"
        assert ids()[f"{devices[1].unique_id}_mood"] == "sensor.strasse_mood"
        said = [line for line in core.log.splitlines() if "WARNING" in line or "ERROR" in line]
        assert [line for line in said if "mien_n" in line] == []
