"""`mien discovery`: what Home Assistant is told of this device, and taking it back."""

from __future__ import annotations

import json

from mien_device.commands import say
from mien_device.config import Config
from mien_device.features import features
from mien_device.folders import state_folder
from mien_device.home import discovery
from mien_device.home.announcer import FILE as DISCOVERY_FILE
from mien_device.home.announcer import Announced, load_announced
from mien_device.home.discovery import describe
from mien_device.home.entities import Feature
from mien_device.home.identity import device_id
from mien_device.home.purge import purge
from mien_models.errors import ConfigError


def show_discovery(config: Config, *, as_json: bool) -> int:
    """Print what Home Assistant is told of this device."""
    device = describe(config, device_id(config.mqtt.device_id, state_folder()), features(config))
    message, topic = discovery.message(device), discovery.topic(config.home_assistant.prefix, device.id)
    if as_json:
        say(json.dumps({"topic": topic, "payload": message}, indent=2, ensure_ascii=False))
        return 0
    say(f"{device.name} ({device.unique_id}), on {topic}:")
    for component in message["cmps"].values():
        if component["p"] == "device_automation":
            say(f"  trigger  {component['type']} {component['subtype']}")
        else:
            hidden = "" if component.get("en", True) else " (not enabled until you do it)"
            say(f"  {component['p']}  {component['name']}{hidden}")
    left_out = sorted(feature.value for feature in Feature if feature not in device.features)
    say(
        f"left out here, because it is not there, not configured, or only in the service: {', '.join(left_out) or 'nothing'}"
    )
    return 0


def purge_discovery(config: Config, password: str | None, named: str | None, *, as_json: bool) -> int:
    """Take a device out of Home Assistant and out of the broker.

    Raises:
        ConfigError: there is no broker in the configuration, or the name is no device id.
        BrokerError: the broker cannot be used.
        OutcomeError: the device is running.

    """
    if not config.mqtt.host:
        raise ConfigError("'mqtt.host' is not set, so there is nothing to purge; name the broker in the configuration")
    folder = state_folder()
    own = device_id(config.mqtt.device_id, folder)
    identity = named or own
    device = describe(config, identity, frozenset(Feature))
    announced = load_announced(folder / DISCOVERY_FILE) if identity == own else Announced()
    cleared = purge(config, password, device, announced)
    if identity == own:
        (folder / DISCOVERY_FILE).unlink(missing_ok=True)
    if as_json:
        say(json.dumps({"device": identity, "cleared": cleared}, indent=2))
    else:
        say("\n".join(f"cleared {topic}" for topic in cleared))
    return 0
