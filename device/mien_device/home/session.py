"""One connection to the broker, from its first packet to its last, and every way in which it can fail, in words.

This is the only file that imports paho.
"""

from __future__ import annotations

import select
import socket
import ssl
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from paho.mqtt.client import (
    Client,
    ConnectFlags,
    MQTTMessage,
    MQTTMessageInfo,
    MQTTv311,
)
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from mien_device.config.schema import MqttConfig
from mien_device.home.trouble import connection_trouble, refusal_trouble, silence_trouble
from mien_models.errors import BrokerError

ANSWER_S = 5.0
"""So long a broker may take to answer, for each of: the TCP connection, the TLS handshake, and MQTT's own greeting."""


class RefusedError(BrokerError):
    """The broker answered, and its answer was no."""


def broker_port(config: MqttConfig) -> int:
    """The port that is set, or the one that IANA registered."""
    return config.port or (8883 if config.tls else 1883)


class Session:
    """Driven by one thread, that which made it: paho's own thread is not used.

    A session is never opened a second time. paho's client would keep unacknowledged messages over a reconnect and send
    them after those of `on_connect`, so that the broker would retain an old state (paho 2.2, `_handle_connack`).
    """

    def __init__(
        self,
        config: MqttConfig,
        password: str | None,
        tls: ssl.SSLContext | None,
        client_id: str,
        *,
        will: tuple[str, str] | None = None,
        on_message: Callable[[str, bytes, bool], None] | None = None,
    ) -> None:
        """Prepare it; nothing is sent yet.

        Args:
            config: where the broker is.
            password: the broker's; handed to paho and not kept.
            tls: see `tls.tls_context`.
            client_id: unique at the broker; a second session with it ends the first.
            will: topic and payload that the broker retains for us when the connection breaks.
            on_message: called with topic, payload, and whether it was retained.

        """
        self._config = config
        self._on_message = on_message
        self._greeting: ReasonCode | None = None
        client = Client(
            CallbackAPIVersion.VERSION2, client_id, clean_session=True, protocol=MQTTv311, reconnect_on_failure=False
        )
        if config.username:
            client.username_pw_set(config.username, password)
        if tls is not None:
            client.tls_set_context(tls)
            # Also said when false: paho looks at its own flag, not only at that of the context.
            client.tls_insecure_set(config.tls_insecure)
        if will is not None:
            client.will_set(will[0], will[1], qos=1, retain=True)
        client.on_connect = self._greeted
        client.on_message = self._arrived
        self._client = client

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def open(self, timeout_s: float = ANSWER_S, give_up: threading.Event | None = None) -> None:
        """Connect and wait for the broker's greeting, for each of the steps at most `timeout_s` or until `give_up`.

        Raises:
            RefusedError: the broker does not want us.
            BrokerError: it cannot be reached, is not who it should be, or does not answer.

        """
        config = self._config
        self._client.connect_timeout = timeout_s
        try:
            self._client.connect(config.host, broker_port(config), config.keepalive_s)
        except OSError as error:  # ssl.SSLError and socket.gaierror are OSErrors
            raise BrokerError(connection_trouble(error, config.host, broker_port(config), timeout_s)) from None
        deadline = time.monotonic() + timeout_s
        while self._greeting is None and (left := deadline - time.monotonic()) > 0 and self.turn(min(left, 0.2)):
            if give_up is not None and give_up.is_set():
                break
        if self._greeting is None:
            closed = self._client.socket() is None
            raise BrokerError(silence_trouble(config.host, broker_port(config), config.tls, timeout_s, closed=closed))
        if self._greeting.is_failure:
            raise RefusedError(refusal_trouble(str(self._greeting), config.username))

    def turn(self, timeout_s: float, bell: socket.socket | None = None) -> bool:
        """Send and receive what there is, after waiting for it at most `timeout_s` or until `bell` is readable.

        Returns:
            Whether the connection still stands.

        """
        connection: Any = self._client.socket()
        if connection is None:
            return False
        # What TLS has decrypted already is not seen by `select`.
        waiting = isinstance(connection, ssl.SSLSocket) and connection.pending() > 0
        listen = [connection] if bell is None else [connection, bell]
        speak = [connection] if self._client.want_write() else []
        readable, writable, _ = select.select(listen, speak, [], 0 if waiting else timeout_s)
        if waiting or connection in readable:
            self._client.loop_read()
        if writable:
            self._client.loop_write()
        self._client.loop_misc()  # keeps the connection alive, and notices that it is dead
        return self._client.socket() is not None

    def subscribe(self, topics: list[str]) -> None:
        """Ask for the messages on `topics`."""
        self._client.subscribe([(topic, 1) for topic in topics])

    def publish_state(self, topic: str, payload: str) -> MQTTMessageInfo:
        """Send a retained message with QoS 1; the result knows when it was acknowledged."""
        return self._client.publish(topic, payload, qos=1, retain=True)

    def publish_event(self, topic: str, payload: str) -> None:
        """Send a message with QoS 0 now, or never: it is dropped if older ones still wait for the network."""
        if not self._client.want_write():
            self._client.publish(topic, payload, qos=0, retain=False)

    def close(self) -> None:
        """Say goodbye, so that the broker does not send the will, and close the socket. May be called twice."""
        if self._client.socket() is not None:
            self._client.disconnect()
            # paho closes the socket by itself once the goodbye is written, but not if the network is stuck.
            if (stuck := self._client.socket()) is not None:
                stuck.close()

    def _greeted(
        self, client: Client, userdata: Any, flags: ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        self._greeting = reason

    def _arrived(self, client: Client, userdata: Any, message: MQTTMessage) -> None:
        if self._on_message is not None:
            self._on_message(message.topic, bytes(message.payload), message.retain)
