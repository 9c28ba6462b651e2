"""Just enough of MQTT 3.1.1 for thousands of devices in one process: paho wants a select loop of its own for each.

The packets are those of mien's own session: a will, subscriptions, retained QoS 1 states that are acknowledged, QoS 0 events.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable


def text(value: str) -> bytes:
    data = value.encode()
    return len(data).to_bytes(2, "big") + data


def packet(head: int, body: bytes) -> bytes:
    """With the remaining length as section 2.2.3 writes it."""
    length, digits = len(body), bytearray()
    while True:
        length, digit = divmod(length, 128)
        digits.append(digit | (0x80 if length else 0))
        if not length:
            return bytes([head]) + bytes(digits) + body


def connect(client_id: str, keepalive_s: int, will: tuple[str, str] | None) -> bytes:
    """Clean session; the will with QoS 1, retained."""
    flags = 0x02 | (0x2C if will else 0)
    body = text("MQTT") + bytes([4, flags]) + keepalive_s.to_bytes(2, "big") + text(client_id)
    return packet(0x10, body + (text(will[0]) + text(will[1]) if will else b""))


def publish(topic: str, payload: bytes, *, number: int = 0, retain: bool = False) -> bytes:
    """With QoS 1 if there is a packet number."""
    head = 0x30 | (0x02 if number else 0) | (0x01 if retain else 0)
    return packet(head, text(topic) + (number.to_bytes(2, "big") if number else b"") + payload)


def subscribe(topics: list[str], qos: int) -> bytes:
    return packet(0x82, (1).to_bytes(2, "big") + b"".join(text(topic) + bytes([qos]) for topic in topics))


class Connection:
    """One client. `lost` is set when the broker is gone."""

    def __init__(self, on_publish: Callable[[str, bytes, bool], None] | None = None) -> None:
        self.lost = asyncio.Event()
        self.acknowledged = 0
        self._on_publish = on_publish
        self._subscribed = asyncio.Event()
        self._number = 0

    async def open(self, port: int, greeting: bytes, topics: list[str], qos: int = 1) -> None:
        """Connect and subscribe.

        Raises:
            OSError: the broker is not there, or it hung up.

        """
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
        self._writer.write(greeting)
        try:
            answer = await self._reader.readexactly(4)
        except asyncio.IncompleteReadError:
            raise ConnectionResetError("hung up at the greeting") from None
        if answer[3]:
            raise ConnectionRefusedError(f"CONNACK {answer[3]}")
        self._task = asyncio.create_task(self._read())
        self._writer.write(subscribe(topics, qos))
        await asyncio.wait_for(self._subscribed.wait(), 60)

    def state(self, topic: str, payload: bytes, *, retain: bool = True) -> None:
        self._number = self._number % 65535 + 1
        self._writer.write(publish(topic, payload, number=self._number, retain=retain))

    def event(self, topic: str, payload: bytes) -> None:
        self._writer.write(publish(topic, payload))

    def ping(self) -> None:
        self._writer.write(b"\xc0\x00")

    async def _read(self) -> None:
        try:
            while True:
                head = (await self._reader.readexactly(1))[0]
                length, shift = 0, 0
                while True:
                    digit = (await self._reader.readexactly(1))[0]
                    length |= (digit & 0x7F) << shift
                    shift += 7
                    if digit < 0x80:
                        break
                body = await self._reader.readexactly(length)
                self._take(head, body)
        except (OSError, asyncio.IncompleteReadError):
            self.lost.set()
            self._writer.close()

    def _take(self, head: int, body: bytes) -> None:
        kind = head >> 4
        if kind == 4:
            self.acknowledged += 1
        elif kind == 9:
            self._subscribed.set()
        elif kind == 3:
            end = 2 + int.from_bytes(body[:2], "big")
            start = end
            if head & 0x06:
                self._writer.write(bytes([0x40, 2]) + body[end : end + 2])
                start += 2
            if self._on_publish:
                self._on_publish(body[2:end].decode(), body[start:], bool(head & 1))

    async def close(self) -> None:
        self._writer.close()
        self._task.cancel()
