"""Another client of the broker: what the home would see."""

from __future__ import annotations

import socket
import threading
import time
from types import TracebackType
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from tests.waiting import LIMIT_S


class Listener:
    """Subscribes to everything and remembers it, in order of arrival."""

    def __init__(
        self,
        port: int,
        *,
        topics: str = "#",
        username: str | None = None,
        password: str | None = None,
        will: tuple[str, str] | None = None,
    ) -> None:
        self.port = port
        self.messages: list[MQTTMessage] = []
        self._news = threading.Condition()
        self._subscribed = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2)
        if username is not None:
            self._client.username_pw_set(username, password)
        if will is not None:
            self._client.will_set(will[0], will[1], qos=1, retain=True)
        self._client.on_connect = lambda client, *_: client.subscribe(topics, qos=1)
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = self._remember
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._subscribed.wait(LIMIT_S), "the broker did not accept the subscription"

    def _remember(self, client: Client, userdata: Any, message: MQTTMessage) -> None:
        with self._news:
            self.messages.append(message)
            self._news.notify_all()

    def publish(self, topic: str, payload: str | bytes, *, retain: bool = False) -> None:
        self._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(LIMIT_S)

    def received(self, topic: str) -> list[str]:
        """Payloads on `topic`."""
        with self._news:
            return [message.payload.decode() for message in self.messages if message.topic == topic]

    def topics(self) -> list[str]:
        with self._news:
            return [message.topic for message in self.messages]

    def wait_for(self, topic: str, payload: str | None = None, *, count: int = 1, timeout_s: float = LIMIT_S) -> None:
        """Until so many messages on `topic` (with that payload) have come."""

        def enough() -> bool:
            hits = [m for m in self.messages if m.topic == topic and payload in {None, m.payload.decode()}]
            return len(hits) >= count

        with self._news:
            assert self._news.wait_for(enough, timeout_s), (
                f"no {topic} = {payload} among {[(m.topic, m.payload[:80]) for m in self.messages]}"
            )

    def cut(self) -> None:
        """End the connection as a power failure would: without a goodbye."""
        self._client.reconnect_delay_set(3600, 3600)
        connection = self._client.socket()
        assert isinstance(connection, socket.socket)
        connection.shutdown(socket.SHUT_RDWR)
        time.sleep(0.05)
        self.close()

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def __enter__(self) -> Listener:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
