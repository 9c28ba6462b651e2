"""mien's own daemon on a clustered broker of two nodes, behind a balancer; one node is killed."""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from tests.end_to_end.device import Device, toml
from tests.listener import Listener
from tests.mosquitto import HOST
from tests.needs import give_up, need_program
from tests.waiting import LIMIT_S, wait_until

pytestmark = pytest.mark.slow

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


class Balancer:
    """Passes each connection on to the first node that answers, as HAProxy would."""

    def __init__(self, ports: list[int]) -> None:
        self._ports = ports
        self._server = socket.create_server((HOST, 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._server.accept()
                threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        for port in self._ports:
            with contextlib.suppress(OSError):
                far = socket.create_connection((HOST, port))
                break
        else:
            near.close()
            return
        with near, far:
            back = threading.Thread(target=_pump, args=(far, near), daemon=True)
            back.start()
            _pump(near, far)
            back.join()

    def close(self) -> None:
        self._server.close()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    need_program("node")
    need_program("redis-server")
    if not (BENCHMARKS / "cluster" / "node_modules").is_dir():
        give_up("no clustered broker in benchmarks/cluster (scripts/ensure-cluster installs it)")
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    from brokers import Aedes

    (tmp_path / "cluster").mkdir()
    cluster = Aedes(tmp_path / "cluster")
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        sys.modules.pop("brokers", None)


def test_a_node_is_killed(cluster: Any, tmp_path: Path) -> None:
    first, second = cluster.ports
    balancer = Balancer([first, second])
    config = toml(
        camera={"source": "demo"},
        music={"player": "null", "folder": tmp_path},
        mqtt={"host": HOST, "port": balancer.port, "device_id": "roams"},
    )
    with Listener(second, topics="mien/roams/#") as home, Device(tmp_path, config) as device:
        home.wait_for("mien/roams/availability", "online")
        assert "MQTT 3.1.1" in device.log, "aedes knows no MQTT 5"
        home.wait_for("mien/roams/event")
        home.publish("mien/roams/request/volume", '{"value": 12, "transaction": "a"}')
        home.wait_for("mien/roams/volume/state", "12")
        home.messages.clear()
        cluster.kill(first)
        home.wait_for("mien/roams/availability", "online")
        states = {topic: home.received(topic)[-1] for topic in set(home.topics()) if topic.endswith("/state")}
        home.publish("mien/roams/volume/set", "13")
        home.wait_for("mien/roams/volume/state", "13")
        assert json.loads(states["mien/roams/mood/state"])
        with Listener(second, topics="mien/roams/#") as late:
            late.wait_for("mien/roams/availability", "online")
            wait_until(
                lambda: {message.topic for message in late.messages if message.retain} >= set(states), "with wildcards"
            )
        device.process.kill()
        wait_until(lambda: home.received("mien/roams/availability")[-1] == "offline", lambda: "the last will")
    balancer.close()


def test_the_will_of_a_client_whose_node_died(cluster: Any) -> None:
    """The other node sends it: else a dead device is online for ever."""
    first, second = cluster.ports
    with Listener(second, topics="wills/#") as home, Listener(first, topics="none", will=("wills/one", "gone")):
        cluster.kill(first)
        home.wait_for("wills/one", "gone")


def test_a_client_that_comes_back_on_the_other_node(cluster: Any) -> None:
    """The first node lets go of it, and it is not said to be dead."""
    first, second = cluster.ports
    gone = threading.Event()
    old, new = (Client(CallbackAPIVersion.VERSION2, client_id="roams") for _ in range(2))
    old.on_disconnect = lambda *_: gone.set()
    old.connect(HOST, first)
    old.loop_start()
    try:
        wait_until(old.is_connected, lambda: "it connects")
        new.connect(HOST, second)
        new.loop_start()
        wait_until(new.is_connected, lambda: "it connects to the other node")
        old.reconnect_delay_set(3600, 3600)
        assert gone.wait(LIMIT_S)
        time.sleep(0.5)
        assert new.is_connected()
    finally:
        for client in (old, new):
            client.disconnect()
            client.loop_stop()
