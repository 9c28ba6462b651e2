"""A house full of devices, or five thousand of them, on one broker: what they ask of it.

    python benchmarks/fleet.py [--devices 5000] [--seconds 20] [--broker mosquitto|aedes] [--json]

The devices are simulated: their messages are mien's own records, their waits mien's own back-off; only the socket is a
slim one. Measured: the time until all are there and what the broker takes for it, the rate and the delay of messages in
ordinary life (and the bytes that a device sends in a day of it), and the storm of connections after a node was killed and
started again, with the jitter and without.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import random
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from statistics import quantiles
from typing import Any

from brokers import KINDS, Broker
from fleet_wire import Connection, connect, publish
from mien_device.home import discovery
from mien_device.home.backoff import Backoff
from mien_device.home.contract import EXAMPLES
from mien_device.home.discovery import Device
from mien_device.home.messages import (
    Availability,
    Event,
    Message,
    MoodMessage,
    NowPlaying,
    Presence,
    Probabilities,
    Stats,
)

KEEPALIVE_S = 30
HEARTBEAT_S = STATS_S = 60.0
MOOD_S = 60.0
"""A mood changes so often, on the average, while people are there; they are there all the time."""
AWAY_S = 2.0
"""So long a killed node stays away."""
DAY_S = 86_400
OPEN_AT_ONCE = 250
"""Connections that this process has under way at a time, at the start."""
BY_KIND: dict[type[Message], bytes] = {
    type(e): str(e.payload()).encode() for e in EXAMPLES if type(e).__name__ != "Snapshot"
}
STATES = {kind: payload for kind, payload in BY_KIND.items() if kind.retained and kind is not Availability}
CHANGE = (Event, MoodMessage, Presence, Probabilities, Event, NowPlaying)
"""What a new mood makes a device send: the event, the states, and those of the music that follows."""
HEARTBEAT = (MoodMessage, Presence, Probabilities)


class SimDevice:
    """One device of the fleet."""

    def __init__(self, number: int, fleet: Fleet) -> None:
        self._fleet = fleet
        self.id = f"{number:08x}"
        self.base = f"mien/{self.id}"
        self._discovery = json.dumps(
            discovery.message(Device(self.id, f"Mien {self.id}", "mien", frozenset(), HEARTBEAT_S))
        )
        self._greeting = connect(f"mien-{self.id}", KEEPALIVE_S, (f"{self.base}/{Availability.topic}", "offline"))
        uniform = random.uniform if fleet.jitter else (lambda low, high: high)
        self._backoff = Backoff(uniform=uniform)
        self.connection = Connection()

    async def join(self) -> None:
        """Connect, announce, send all states, and `online`; return when the broker has acknowledged them."""
        self.connection = Connection()
        port = self._fleet.port()
        await self.connection.open(port, self._greeting, [f"{self.base}/+/set", f"{self.base}/request/+"])
        self._fleet.greeted()
        self.connection.state(discovery.topic("homeassistant", self.id), self._discovery.encode(), retain=False)
        for kind, payload in STATES.items():
            self.connection.state(f"{self.base}/{kind.topic}", payload)
        self.connection.state(f"{self.base}/{Availability.topic}", b"online")
        while self.connection.acknowledged < len(STATES) + 2 and not self.connection.lost.is_set():
            await asyncio.sleep(0.05)

    async def live(self) -> None:
        """Ordinary life, and after a loss the way back."""
        while True:
            life = asyncio.create_task(self._send())
            begun = time.monotonic()
            await self.connection.lost.wait()
            life.cancel()
            wait_s = self._backoff.lost(time.monotonic() - begun)
            while True:
                await asyncio.sleep(wait_s)
                try:
                    await self.join()
                    break
                except (TimeoutError, OSError):
                    self._fleet.failures += 1
                    wait_s = self._backoff.failed()

    async def _send(self) -> None:
        due = {kind: time.monotonic() + random.uniform(0, interval) for kind, interval in self._rhythm().items()}
        while True:
            first = min(due, key=lambda kind: due[kind])
            await asyncio.sleep(max(0.0, due[first] - time.monotonic()))
            interval = self._rhythm()[first]
            due[first] += random.expovariate(1 / interval) if first == "change" else interval
            if first == "ping":
                self.connection.ping()
                continue
            for kind in {"change": CHANGE, "heartbeat": HEARTBEAT, "stats": (Stats,)}[first]:
                self._tell(kind)

    @staticmethod
    def _rhythm() -> dict[str, float]:
        return {"heartbeat": HEARTBEAT_S, "stats": STATS_S, "change": MOOD_S, "ping": KEEPALIVE_S}

    def _tell(self, kind: type[Message]) -> None:
        topic, payload = f"{self.base}/{kind.topic}", BY_KIND[kind]
        if kind.retained:
            self.connection.state(topic, payload)
        else:
            stamp = json.dumps({"sent": time.monotonic()}).encode() if kind is Event else b""
            self.connection.event(topic, stamp + payload[len(stamp) :] if stamp else payload)


def bytes_a_day() -> int:
    """What one device sends in a day of ordinary life, from its connection's first packet on, without TCP's own."""

    def size(kind: type[Message]) -> int:
        return len(
            publish(f"mien/{'0' * 8}/{kind.topic}", BY_KIND[kind], number=int(kind.retained), retain=kind.retained)
        )

    each = (
        (HEARTBEAT_S, sum(map(size, HEARTBEAT))),
        (STATS_S, size(Stats)),
        (MOOD_S, sum(map(size, CHANGE))),
        (KEEPALIVE_S, 2),
    )
    return round(sum(DAY_S / interval * amount for interval, amount in each))


class Fleet:
    """All devices, the broker, and a home that listens to everything."""

    def __init__(self, broker: Broker, devices: int, *, jitter: bool = True) -> None:
        self.broker, self.jitter = broker, jitter
        self.failures = 0
        self.delays_ms: list[float] = []
        self.heard = 0
        self._greetings: list[float] = []
        self._turn = 0
        self._measuring = False
        self.devices = [SimDevice(number, self) for number in range(devices)]
        self._lives: list[asyncio.Task[None]] = []

    def port(self) -> int:
        """A node that lives, in turn: what a load balancer in front of them does."""
        live = self.broker.live or self.broker.ports
        self._turn += 1
        return live[self._turn % len(live)]

    def greeted(self) -> None:
        self._greetings.append(time.monotonic())

    async def gather(self) -> float:
        """All devices connect; the seconds that it took."""
        begun, gate = time.monotonic(), asyncio.Semaphore(OPEN_AT_ONCE)

        async def join(device: SimDevice) -> None:
            async with gate:
                await device.join()

        await asyncio.gather(*(join(device) for device in self.devices))
        took = time.monotonic() - begun
        self._lives = [asyncio.create_task(device.live()) for device in self.devices]
        return took

    async def listen(self, seconds: float) -> dict[str, float]:
        """A home that hears everything, for so long."""
        ears = Connection(self._hear)
        await ears.open(self.port(), connect("home", 0, None), ["mien/#"], qos=0)
        await asyncio.sleep(3)  # what is retained comes first
        self.heard, self.delays_ms, self._measuring = 0, [], True
        cpu, begun = self.broker.cpu_s, time.monotonic()
        await asyncio.sleep(seconds)
        took = time.monotonic() - begun
        self._measuring = False
        result = {"messages_s": self.heard / took, "broker_cpu_percent": 100 * (self.broker.cpu_s - cpu) / took}
        if len(self.delays_ms) > 1:
            cuts = quantiles(self.delays_ms, n=100)
            result |= {"event_delay_ms_p50": cuts[49], "event_delay_ms_p99": cuts[98]}
        await ears.close()
        return result

    def _hear(self, topic: str, payload: bytes, retained: bool) -> None:
        if not self._measuring or retained:
            return
        self.heard += 1
        if topic.endswith("/event") and payload.startswith(b'{"sent"'):
            sent = float(payload[9 : payload.index(b"}")])
            self.delays_ms.append(1000 * (time.monotonic() - sent))

    async def storm(self) -> dict[str, float]:
        """Kill a node, start it again, and wait until everybody is back."""
        port = self.broker.ports[0]
        before = len(self._greetings)
        cut_off = len(self.devices) // len(self.broker.ports)
        self.failures = 0
        self.broker.kill(port)
        begun = time.monotonic()
        await asyncio.sleep(AWAY_S)
        self.broker.start()
        end = time.monotonic() + 300
        while len(self._greetings) - before < cut_off and time.monotonic() < end:
            await asyncio.sleep(0.2)
        back = sorted(at - begun for at in self._greetings[before:])
        peak = max(Counter(int(at * 10) for at in back).values(), default=0)
        return {
            "back": len(back),
            "half_back_s": back[len(back) // 2] if back else 0,
            "all_back_s": back[-1] if back else 0,
            "peak_in_100_ms": peak,
            "failed_attempts": self.failures,
        }

    async def leave(self) -> None:
        for life in self._lives:
            life.cancel()
        for device in self.devices:
            await device.connection.close()


async def measure(kind: str, devices: int, seconds: float) -> dict[str, Any]:
    """Everything about one kind of broker."""
    result: dict[str, Any] = {"broker": KINDS[kind].name, "devices": devices, "bytes_a_device_a_day": bytes_a_day()}
    for jitter in (True, False):
        with tempfile.TemporaryDirectory() as folder:
            broker = KINDS[kind](Path(folder))
            try:
                broker.start()
                idle_mb = broker.memory_mb
                fleet = Fleet(broker, devices, jitter=jitter)
                gathered = await fleet.gather()
                if jitter:
                    result |= {"all_connected_s": gathered, "broker_mb": broker.memory_mb, "broker_mb_idle": idle_mb}
                    result |= await fleet.listen(seconds)
                result["storm" if jitter else "storm_without_jitter"] = await fleet.storm()
                await fleet.leave()
            finally:
                broker.stop()
    return result


def show(result: dict[str, Any], indent: str = "") -> None:
    for key, value in result.items():
        if isinstance(value, dict):
            print(f"{indent}{key.replace('_', ' ')}:")
            show(value, indent + "  ")
        else:
            print(f"{indent}{key.replace('_', ' ')}: {value if isinstance(value, str) else f'{value:,.4g}'}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--devices", type=int, default=5000)
    parser.add_argument("--seconds", type=float, default=20.0, help="of ordinary life")
    parser.add_argument("--broker", choices=sorted(KINDS), default="mosquitto")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # a device that writes to a dead broker is what is wanted here
    result = asyncio.run(measure(arguments.broker, arguments.devices, arguments.seconds))
    if arguments.json:
        print(json.dumps(result, indent=2))
    else:
        show(result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
