"""One connection to the broker, from its first packet to its last, and every way in which it can fail, in words.

Only this file and `client.py` speak to paho.
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
    DisconnectFlags,
    MQTTMessage,
    MQTTMessageInfo,
    WebsocketConnectionError,
)
from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from mien_device.config.schema import MqttConfig
from mien_device.home.client import V5, broker_port, make_client
from mien_device.home.pulse import LIVELY_S, HeldEvents, Pulse
from mien_device.home.trouble import (
    connection_trouble,
    is_not_yet_valid,
    refusal_trouble,
    silence_trouble,
    websocket_trouble,
)
from mien_models.errors import BrokerError

ANSWER_S = 5.0
"""So long a broker may take to answer, for each of: the TCP connection, the TLS handshake, and MQTT's own greeting."""
LARGEST_PACKET = 65_536
"""Bytes. With MQTT 5 the broker sends nothing larger on to us; no command comes near it."""
PACKET_OVERHEAD = 16
"""Bytes of a message beside topic and payload: header 5, length of the topic 2, number 2, expiry and its length 6."""
EVENT_EXPIRY_S = 10
"""With MQTT 5 the broker forgets an event that it could not pass on for so long."""
# Reason codes of MQTT 5, section 2.4. paho translates those of 3.1.1 into them.
_UNSUPPORTED_VERSION = 0x84
_TAKEN_OVER = 0x8E


class RefusedError(BrokerError):
    """The broker answered, and its answer was no."""


class ClockError(BrokerError):
    """The broker's certificate is not valid yet: this computer's clock is not set, which a network does at any moment."""


class UnspokenError(BrokerError):
    """The broker does not seem to know this version of MQTT: it said so, or hung up at our greeting."""


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
        version: MQTTProtocolVersion = V5,
        will: tuple[str, str] | None = None,
        on_message: Callable[[str, bytes, bool], None] | None = None,
    ) -> None:
        """Prepare it; nothing is sent yet.

        Args:
            config: where the broker is.
            password: the broker's; handed to paho and not kept.
            tls: see `tls.tls_context`.
            client_id: unique at the broker; a second session with it ends the first.
            version: of MQTT.
            will: topic and payload that the broker retains for us when the connection breaks.
            on_message: called with topic, payload, and whether it was retained; with MQTT 3.1.1 what comes while we
                are connected never is.

        """
        self._config = config
        self._on_message = on_message
        self._version = version
        self._greeting: ReasonCode | None = None
        self._farewell: ReasonCode | None = None
        self.refused_topics: tuple[str, ...] = ()
        """Subscriptions that the broker did not grant."""
        self.unwritable_topics: tuple[str, ...] = ()
        """Those of which the broker refused a message with QoS 1. Only MQTT 5 has a word for it."""
        self._asked: dict[int, list[str]] = {}
        self.largest_packet: int | None = None
        """Bytes that the broker takes at most, if it said so (MQTT 5)."""
        self.too_large: dict[str, int] = {}
        """Topics whose messages `fits` found to be larger, and how many bytes they had."""
        self._pulse = Pulse()
        self._held = HeldEvents()
        client = make_client(config, password, tls, client_id, version, will)
        client.on_connect = self._greeted
        client.on_disconnect = self._ended
        client.on_subscribe = self._granted
        client.on_publish = self._acknowledged
        client.on_message = self._arrived
        client.on_pong = self._pulse.answered
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
            UnspokenError: the broker does not speak MQTT 5; try 3.1.1.
            BrokerError: it cannot be reached, is not who it should be, or does not answer.

        """
        config = self._config
        self._client.connect_timeout = timeout_s
        begun = time.monotonic()
        try:
            self._client.connect(config.host, broker_port(config), config.keepalive_s, **self._terms())
        except WebsocketConnectionError as error:
            self._client.close_raw()
            raise BrokerError(
                websocket_trouble(error, config.host, broker_port(config), config.websocket_path)
            ) from None
        except OSError as error:  # ssl.SSLError and socket.gaierror are OSErrors
            kind = ClockError if is_not_yet_valid(error) else BrokerError
            raise kind(connection_trouble(error, config.host, broker_port(config), timeout_s)) from None
        deadline = time.monotonic() + timeout_s
        while self._greeting is None and (left := deadline - time.monotonic()) > 0 and self.turn(min(left, 0.2)):
            if give_up is not None and give_up.is_set():
                break
        if self._greeting is None:
            closed = self._client.socket() is None
            kind = UnspokenError if closed and self._version is V5 else BrokerError
            raise kind(silence_trouble(config.host, broker_port(config), config.tls, timeout_s, closed=closed))
        if self._greeting.is_failure:
            kind = (
                UnspokenError if self._greeting.value == _UNSUPPORTED_VERSION and self._version is V5 else RefusedError
            )
            raise kind(refusal_trouble(str(self._greeting), config.host, broker_port(config), config.username))
        self._pulse.answered(begun)

    def _terms(self) -> dict[str, Any]:
        """What MQTT 5 lets a client say in its greeting."""
        if self._version is not V5:
            return {}
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.MaximumPacketSize = LARGEST_PACKET
        return {"clean_start": True, "properties": properties}

    @property
    def version(self) -> str:
        """Of MQTT, for the log."""
        return "5" if self._version is V5 else "3.1.1"

    @property
    def taken_over(self) -> bool:
        """Whether the broker said that another client with our id came. Only MQTT 5 has a word for it."""
        return self._farewell is not None and self._farewell.value == _TAKEN_OVER

    @property
    def farewell(self) -> str | None:
        """Why the broker ended the connection, in MQTT's own word, if it said so. Only MQTT 5 lets it."""
        return None if self._farewell is None else str(self._farewell).lower()

    def turn(self, timeout_s: float, bell: socket.socket | None = None) -> bool:
        """Send and receive what there is, after waiting for it at most `timeout_s` or until `bell` is readable.

        Returns:
            Whether the connection still stands.

        """
        connection: Any = self._client.socket()
        if connection is None:
            return False
        # What TLS has decrypted already is not seen by `select`.
        waiting = hasattr(connection, "pending") and connection.pending() > 0
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
        """Ask for the messages on `topics`; those that are not granted stand in `refused_topics` after a while."""
        if self._version is V5:
            # Without it the broker takes the retain flag off what comes while we are subscribed (MQTT 5, 3.3.1.3).
            options = SubscribeOptions(qos=1, retainAsPublished=True)
            _, number = self._client.subscribe([(topic, options) for topic in topics])
        else:
            _, number = self._client.subscribe([(topic, 1) for topic in topics])
        if number is not None:
            self._asked[number] = topics

    def fits(self, topic: str, payload: str | bytes) -> bool:
        """Whether the broker takes so large a message; one that is too large would make it hang up."""
        size = PACKET_OVERHEAD + len(topic.encode()) + len(payload.encode() if isinstance(payload, str) else payload)
        if self.largest_packet is None or size <= self.largest_packet:
            return True
        self.too_large[topic] = size
        return False

    def publish_state(self, topic: str, payload: str | bytes, *, retain: bool = True) -> MQTTMessageInfo:
        """Send a message with QoS 1, retained by default; the result knows when it was acknowledged."""
        info = self._client.publish(topic, payload, qos=1, retain=retain)
        self._pulse.sent(info.mid, topic)
        return info

    @property
    def settled(self) -> bool:
        """Whether the broker has answered every message with QoS 1."""
        return self._pulse.settled

    def publish_event(self, topic: str, payload: str | bytes) -> None:
        """Send a message with QoS 0 with the next `send_events`."""
        self._held.put(topic, payload)

    def send_events(self) -> None:
        """Send what `publish_event` took, if the broker is known to listen; else ask it, and wait `LIVELY_S` at most."""
        if not self._held:
            return
        if self._pulse.since_heard_s > LIVELY_S / 2:
            self._client.ping()
        if self._pulse.lively and not self._client.want_write():
            for topic, payload in self._held.take():
                self._send_event(topic, payload)
        self._held.drop_old()

    @property
    def dropped_events(self) -> int:
        """So many were not sent because the broker did not answer."""
        return self._held.dropped

    def _send_event(self, topic: str, payload: str | bytes) -> None:
        properties = None
        if self._version is V5:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            properties.MessageExpiryInterval = EVENT_EXPIRY_S
        self._client.publish(topic, payload, qos=0, retain=False, properties=properties)

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
        self.largest_packet = getattr(properties, "MaximumPacketSize", None)

    def _ended(
        self, client: Client, userdata: Any, flags: DisconnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        if flags.is_disconnect_packet_from_server:
            self._farewell = reason

    def _granted(
        self, client: Client, userdata: Any, number: int, reasons: list[ReasonCode], properties: Properties | None
    ) -> None:
        topics = self._asked.pop(number, [])
        refused = (topic for topic, reason in zip(topics, reasons, strict=False) if reason.is_failure)
        self.refused_topics += tuple(refused)

    def _acknowledged(
        self, client: Client, userdata: Any, number: int, reason: ReasonCode, properties: Properties | None
    ) -> None:
        topic = self._pulse.acknowledged(number)
        if topic is not None and reason.is_failure and topic not in self.unwritable_topics:
            self.unwritable_topics += (topic,)

    def _arrived(self, client: Client, userdata: Any, message: MQTTMessage) -> None:
        if self._on_message is not None:
            self._on_message(message.topic, bytes(message.payload), message.retain)
