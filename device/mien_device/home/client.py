"""paho's client as we set it up, with what it lacks."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion

from mien_device.config.schema import MqttConfig

V5, V311 = MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311


def broker_port(config: MqttConfig) -> int:
    """The port that is set, or the one that IANA registered."""
    if config.port:
        return config.port
    if config.transport == "websockets":
        return 443 if config.tls else 80
    return 8883 if config.tls else 1883


def first_version(config: MqttConfig) -> MQTTProtocolVersion:
    """The version of MQTT to begin with."""
    return V311 if config.protocol == "3.1.1" else V5


class PingingClient(Client):
    """Adds two things to paho 2.2.

    It closes the socket of a websocket that did not come about, which paho leaves to the garbage collector. And it sends
    a ping when we ask for it, paho only when the connection has been quiet, and knows when the answered one was sent.
    """

    _raw: socket.socket | None = None
    _pinged: float | None = None
    on_pong: Callable[[float], None] = staticmethod(lambda sent: None)

    def ping(self) -> None:
        """Unless one is on its way already."""
        if self._pinged is None:
            self._send_pingreq()

    def _send_pingreq(self) -> MQTTErrorCode:
        if self._pinged is None:
            self._pinged = time.monotonic()
        return super()._send_pingreq()

    def _handle_pingresp(self) -> MQTTErrorCode:
        if self._pinged is not None:
            self.on_pong(self._pinged)
        self._pinged = None
        return super()._handle_pingresp()

    def _create_socket_connection(self) -> socket.socket:
        self._raw = super()._create_socket_connection()
        return self._raw

    def close_raw(self) -> None:
        if self._raw is not None:
            self._raw.close()


def make_client(
    config: MqttConfig,
    password: str | None,
    tls: ssl.SSLContext | None,
    client_id: str,
    version: MQTTProtocolVersion,
    will: tuple[str, str] | None,
) -> PingingClient:
    """A client for one connection; the arguments are those of `session.Session`."""
    client = PingingClient(
        CallbackAPIVersion.VERSION2,
        client_id,
        clean_session=None if version is V5 else True,
        protocol=version,
        transport=config.transport,
        reconnect_on_failure=False,
    )
    if config.transport == "websockets":
        client.ws_set_options(config.websocket_path)
    if config.username:
        client.username_pw_set(config.username, password)
    if tls is not None:
        client.tls_set_context(tls)
        # Also said when false: paho looks at its own flag, not only at that of the context.
        client.tls_insecure_set(config.tls_insecure)
    if will is not None:
        client.will_set(will[0], will[1], qos=1, retain=True)
    return client
