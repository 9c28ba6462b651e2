"""Chooses the publisher that the configuration asks for."""

from __future__ import annotations

from collections.abc import Callable

from mien_device.config.schema import MqttConfig
from mien_device.home import Publisher
from mien_device.home.announcer import Announcer
from mien_device.home.commands import Command
from mien_device.home.inbox import WhenSaved, at_once
from mien_device.home.log import LogPublisher
from mien_models.errors import MissingDependencyError


def open_publisher(
    config: MqttConfig,
    password: str | None,
    device_id: str,
    on_command: Callable[[Command], None],
    announcer: Announcer | None = None,
    when_saved: WhenSaved = at_once,
) -> Publisher:
    """The publisher for `config`; it does nothing before its `start`.

    Args:
        config: where the broker is; without a host the log is the publisher.
        password: the broker's.
        device_id: see `identity.device_id`.
        on_command: called on the network's thread for every command of the home; must return at once. What it raises as
            `CommandError` is the answer.
        announcer: tells Home Assistant of the device; None: nobody does.
        when_saved: see `inbox.Inbox`.

    Raises:
        ConfigError: the settings contradict each other, or a file that they name cannot be used.
        MissingDependencyError: a broker is configured but paho-mqtt is not installed.

    """
    if not config.host:
        return LogPublisher()
    try:
        from mien_device.home.mqtt import MqttPublisher
    except ImportError as error:
        raise MissingDependencyError(
            f"MQTT needs paho-mqtt ({error}); install it with: pip install 'mien[device]'"
        ) from None
    return MqttPublisher(config, password, device_id, on_command, announcer, when_saved=when_saved)
