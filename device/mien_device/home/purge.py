"""Taking a device out of the home: out of Home Assistant, and out of what the broker keeps."""

from __future__ import annotations

import json
import time

from mien_device.config.schema import Config
from mien_device.home import discovery
from mien_device.home.announcer import REVIVAL_S, Announced
from mien_device.home.discovery import Device
from mien_device.home.messages import ONLINE, Availability
from mien_device.home.once import connected
from mien_device.home.session import Session
from mien_models.errors import BrokerError, OutcomeError

QUIET_S = 1.0
"""What the broker keeps has come when nothing more came for so long."""
LONGEST_S = 15.0
"""In all, for each of the steps."""


def purge(config: Config, password: str | None, device: Device, announced: Announced) -> list[str]:
    """Clear everything retained of the device, and make Home Assistant forget it; the topics that were cleared.

    Home Assistant forgets only what it knows from its present run, so it is told of the device once more before.

    Raises:
        BrokerError: the broker cannot be reached, or does not take the messages.
        OutcomeError: the device is running, and would announce itself again.
        ConfigError: the broker's settings contradict each other.

    """
    found: dict[str, bytes] = {}
    topic = discovery.topic(config.home_assistant.prefix, device.id)

    def keep(name: str, payload: bytes, retained: bool) -> None:
        if retained:
            found[name] = payload

    with connected(config.mqtt, password, "purge", on_message=keep) as session:
        session.subscribe([topic])
        session.subscribe([f"{device.base}/#"])
        _listen(session, found)
        if found.get(f"{device.base}/{Availability.topic}") == ONLINE.encode():
            raise OutcomeError(
                f"{device.base}: the device is online and would announce itself again; stop it first (systemctl stop mien)"
            )
        components = announced.gone | announced.shown or discovery.device_components(device)
        _deliver(session, [(topic, json.dumps(discovery.message(device, components)))], retain=False)
        _turn_for(session, REVIVAL_S)
        cleared = sorted({topic, *found})
        _deliver(session, [(name, "") for name in cleared], retain=True)
    return cleared


def _listen(session: Session, found: dict[str, bytes]) -> None:
    """Until no more retained messages come."""
    end = time.monotonic() + LONGEST_S
    before = -1
    while len(found) != before and time.monotonic() < end:
        before = len(found)
        _turn_for(session, QUIET_S)


def _turn_for(session: Session, seconds: float) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if not session.turn(left):
            raise BrokerError("MQTT: the connection to the broker was lost; try again")


def _deliver(session: Session, messages: list[tuple[str, str]], *, retain: bool) -> None:
    """Send them and wait until the broker has them."""
    sent = [session.publish_state(topic, payload, retain=retain) for topic, payload in messages]
    end = time.monotonic() + LONGEST_S
    while not all(info.is_published() for info in sent):
        if time.monotonic() > end or not session.turn(1.0):
            raise BrokerError("MQTT: the broker did not acknowledge all messages; see its log")
