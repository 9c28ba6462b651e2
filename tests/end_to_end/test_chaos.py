"""A broker that is killed again and again, and a home that sends rubbish: what is left must be as if nothing had been."""

from __future__ import annotations

import json
import random
import threading
import time
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from mien_device.config import Config
from mien_device.daemon import Daemon
from mien_device.home.backoff import Backoff
from mien_device.home.commands import THINGS
from mien_device.home.messages import Availability, Event
from mien_device.home.mqtt import MqttPublisher
from mien_device.parts import build_parts
from mien_models.labels import Mood
from tests.end_to_end.device import Device, toml
from tests.listener import Listener
from tests.mosquitto import HOST, Mosquitto, require_mosquitto
from tests.waiting import LIMIT_S, wait_until

pytestmark = pytest.mark.slow

KILLS = 20
LATE_S = 10.0
GROWTH_BYTES = 15_000_000
KEPT_BYTES = 3_000_000
PAYLOADS = 10_000
BLOCK = 250
"""So many payloads are sent before the daemon must answer a question."""


class Steps(Backoff):
    """Short waits, and a record of them: when each was given, and how long it was."""

    def __init__(self) -> None:
        super().__init__(first_s=0.1, most_s=0.6)
        self.given: list[tuple[float, float]] = []

    def _jitter(self, wait_s: float) -> float:
        assert wait_s <= 0.6
        wait_s = super()._jitter(wait_s)
        self.given.append((time.monotonic(), wait_s))
        return wait_s


class Ears:
    """A client that comes back by itself and notes when each event came."""

    def __init__(self, port: int, base: str) -> None:
        self.events: list[tuple[float, dict[str, Any]]] = []
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe(f"{base}/event")
        self._client.on_message = self._note
        self._client.connect(HOST, port)
        self._client.loop_start()

    def _note(self, client: Client, data: Any, message: MQTTMessage) -> None:
        assert not message.retain
        self.events.append((time.time(), json.loads(message.payload)))

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def test_a_broker_that_is_killed_again_and_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require_mosquitto()
    monkeypatch.setattr("mien_device.home.mqtt.Backoff", Steps)
    monkeypatch.setattr("mien_device.home.mqtt.TURN_S", 0.2)
    rng = random.Random(6)
    with Mosquitto(tmp_path) as broker:
        config = Config.model_validate(
            {
                "camera": {"source": "demo"},
                "mood": {"dwell_s": 0.3, "absence_s": 0.5},
                "music": {"player": "null", "folder": str(tmp_path)},
                "mqtt": {"host": HOST, "port": broker.port, "device_id": "tossed"},
                "page": {"enabled": False},
            }
        )
        daemon = Daemon(config, build_parts(config), None, tmp_path / "state")
        publisher = daemon._wiring.publisher
        assert isinstance(publisher, MqttPublisher)
        ears = Ears(broker.port, "mien/tossed")
        thread, over = threading.Thread(target=daemon.run), threading.Event()
        busy = threading.Thread(target=stir, args=(publisher, over))
        thread.start()
        busy.start()
        try:
            wait_until(lambda: publisher.connected, lambda: "it connects")
            threads = 0
            for number in range(KILLS):
                time.sleep(rng.uniform(0.0, 2.0))
                broker.kill()
                time.sleep(rng.uniform(0.0, 1.0))
                broker.start()
                if number == KILLS // 2:  # everything that is made once was made
                    threads = threading.active_count()
                    tracemalloc.start()
            wait_until(lambda: publisher.connected, lambda: "it connects again")
            wait_until(lambda: threading.active_count() <= threads, lambda: str(threading.enumerate()))
            # Made since then and still there, between two frames. The size of the process would not do: other tests ran in it.
            wait_until(lambda: tracemalloc.get_traced_memory()[0] < KEPT_BYTES, most_kept)
            wait_until(lambda: retained(broker) == own_states(publisher), lambda: "the broker knows the states")
            time.sleep(3)  # what waited somewhere would come now
            check_events(ears)
            check_steps(publisher)
        finally:
            tracemalloc.stop()
            over.set()
            daemon.stop()
            thread.join(LIMIT_S)
            busy.join(LIMIT_S)
            ears.close()


def most_kept() -> list[tracemalloc.Statistic]:
    """Where most of what is still there was made."""
    return tracemalloc.take_snapshot().statistics("lineno")[:10]


def stir(publisher: MqttPublisher, over: threading.Event) -> None:
    """More happens than in the demo's scenes, so that something happens at every kill."""
    while not over.wait(0.02):
        publisher.publish(Event(event_type="face_arrived", mood=Mood.NONE, faces=1))


def retained(broker: Mosquitto) -> dict[str, str]:
    """What the broker keeps of the device."""
    with Listener(broker.port, topics="mien/tossed/#") as late:
        late.wait_for("mien/tossed/availability")
        time.sleep(0.1)
        return {message.topic: message.payload.decode() for message in late.messages if message.retain}


def own_states(publisher: MqttPublisher) -> dict[str, Any]:
    """What the daemon holds to be true."""
    return {**publisher._outbox._states, publisher._topic(Availability.topic): "online"}


def check_events(ears: Ears) -> None:
    """None came twice, none late, and some did come."""
    assert len(ears.events) > 100
    ids = [event["id"] for _, event in ears.events]
    assert len(set(ids)) == len(ids)
    for came, event in ears.events:
        happened = datetime.fromisoformat(event["ts"]).replace(tzinfo=UTC).timestamp()
        assert came - happened < LATE_S, event


def check_steps(publisher: MqttPublisher) -> None:
    """No attempt came before its wait was over."""
    steps = publisher._backoff
    assert isinstance(steps, Steps)
    assert len(steps.given) >= KILLS / 2, "some kills fall together for a client that waits"
    for (at, wait_s), (after, _) in zip(steps.given, steps.given[1:], strict=False):
        assert after - at >= wait_s - 0.01


@pytest.fixture(scope="module")
def bombarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Device, Listener]]:
    """A daemon, and a listener to it."""
    require_mosquitto()
    folder = tmp_path_factory.mktemp("bombarded")
    with Mosquitto(folder) as broker, Listener(broker.port, topics="mien/target/#") as home:
        config = toml(
            camera={"source": "demo"},
            music={"player": "null", "folder": folder},
            mqtt={"host": HOST, "port": broker.port, "device_id": "target"},
        )
        with Device(folder, config) as device:
            home.wait_for("mien/target/availability", "online")
            yield device, home


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=10), inner, max_size=5),
    max_leaves=10,
)
NEARLY = st.fixed_dictionaries(
    {},
    optional={
        "value": JSON | st.sampled_from(["ON", "OFF", "PRESS", "off", "follow", "50", 50, 101, -1, 1e400]),
        "transaction": JSON,
        "Value": JSON,
    },
)
TOPICS = st.sampled_from(
    [
        *(f"{thing}/set" for thing in (*THINGS, "reboot", "%s", "é")),
        *(f"request/{verb}" for verb in (*THINGS, "stats", "info", "announce", "reboot", "a" * 60)),
    ]
)
ANYTHING = (
    st.binary(max_size=3000)
    | NEARLY.map(lambda value: json.dumps(value).encode())
    | JSON.map(lambda value: json.dumps(value).encode())
    | st.sampled_from([b"ON", b"OFF", b"PRESS", b"0", b"100", b"off", b"follow", b"[" * 3000, b'{"value":' * 300])
)


def test_ten_thousand_payloads_leave_it_answering(bombarded: tuple[Device, Listener]) -> None:
    device, home = bombarded
    memory: list[int] = []
    sent = [0]

    @given(topic=TOPICS, payload=ANYTHING)
    @settings(max_examples=PAYLOADS, database=None, suppress_health_check=list(HealthCheck))
    def bombard(topic: str, payload: bytes) -> None:
        home._client.publish(f"mien/target/{topic}", payload, qos=0)
        sent[0] += 1
        if sent[0] % BLOCK == 0:
            assert_answers(device, home, sent[0])
            home.messages.clear()
            memory.append(psutil.Process(device.process.pid).memory_info().rss)

    bombard()
    assert sent[0] >= PAYLOADS * 0.9, "hypothesis runs out of payloads only a little early"
    home.publish("mien/target/camera/set", "ON")
    home.publish("mien/target/volume/set", "42")
    assert_answers(device, home, sent[0] + 1)
    with Listener(home.port, topics="mien/target/+/state") as late:
        late.wait_for("mien/target/camera/state", "ON")
        late.wait_for("mien/target/volume/state", "42")
    # At first it grows by what is made once: a camera's pictures, a decoder's buffers.
    assert memory[-1] - memory[len(memory) // 2] < GROWTH_BYTES, memory
    assert "Traceback" not in device.log
    assert device.log.count("MQTT command") < 100, "a flood is not written down"
    assert device.terminate()[0] == 0
    assert json.loads((device.state / "state.json").read_text())["volume"] == 42


def assert_answers(device: Device, home: Listener, number: int) -> None:
    """Whatever was sent before was dealt with, and this is answered."""
    assert device.process.poll() is None, device.log
    home.publish("mien/target/request/stats", json.dumps({"transaction": f"after {number}"}))
    wait_until(
        lambda: any(f"after {number}" in text for text in home.received("mien/target/response/stats")),
        lambda: f"no answer after {number} payloads\n{device.log[-2000:]}",
    )
