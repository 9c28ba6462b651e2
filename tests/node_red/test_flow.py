"""The flow of docs/node-red/ in a real Node-RED, with mien's own daemon: it loads, and it does what it says."""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mien_device.demo.tunes import write_tunes
from mien_device.home.messages import Event
from mien_models.labels import Mood
from tests.end_to_end.device import Device, toml
from tests.listener import Listener
from tests.mosquitto import HOST, Mosquitto, free_port, require_mosquitto
from tests.needs import give_up
from tests.waiting import LIMIT_S

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
FLOW = ROOT / "docs" / "node-red" / "mien.json"
START_S = 60.0
SETTINGS = "module.exports = { uiHost: '127.0.0.1', telemetry: { enabled: false }, editorTheme: { tours: false } };\n"


def find_program() -> Path:
    folder = Path(os.environ.get("MIEN_NODE_RED", ROOT / ".node-red"))
    program = folder / "node_modules" / "node-red" / "red.js"
    if not program.exists():
        give_up(f"no Node-RED in {folder} (scripts/ensure-node-red installs it)")
    return program


class NodeRed:
    """Runs the shipped flow, with what its user sets: broker and device ids."""

    def __init__(self, folder: Path, broker_port: int, devices: str) -> None:
        self.port = free_port()
        self._log = folder / "node-red.log"
        flow: list[dict[str, Any]] = json.loads(FLOW.read_text(encoding="utf-8"))
        for node in flow:
            if node["type"] == "mqtt-broker":
                node |= {"broker": HOST, "port": str(broker_port)}
            if node["type"] == "tab":
                node["env"] = [{"name": "MIEN", "value": devices, "type": "str"}]
        (folder / "flows.json").write_text(json.dumps(flow))
        (folder / "settings.js").write_text(SETTINGS)
        command = ["node", str(find_program()), "--userDir", str(folder), "--port", str(self.port), "flows.json"]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def wait_started(self) -> None:
        end = time.monotonic() + START_S
        while "Started flows" not in self.log or "Connected to broker" not in self.log:
            assert self.process.poll() is None, self.log
            assert time.monotonic() < end, self.log
            time.sleep(0.1)

    def inject(self, name: str) -> None:
        """Press an inject node's button."""
        node = next(node["id"] for node in json.loads(FLOW.read_text(encoding="utf-8")) if node.get("name") == name)
        request = urllib.request.Request(f"http://{HOST}:{self.port}/inject/{node}", b"{}", method="POST")
        request.add_header("Content-Type", "application/json")
        urllib.request.urlopen(request, timeout=LIMIT_S).close()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    find_program()
    require_mosquitto()
    (tmp_path / "broker").mkdir()
    with Mosquitto(tmp_path / "broker") as broker:
        yield broker


@pytest.fixture
def red(broker: Mosquitto, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[NodeRed]:
    """The flow for the devices that the test names; at its end nothing has complained."""
    (tmp_path / "red").mkdir()
    red = NodeRed(tmp_path / "red", broker.port, request.param)
    try:
        red.wait_started()
        yield red
        assert "[error]" not in red.log, red.log
        assert "[warn] [" not in red.log, f"a node complains: {red.log}"
    finally:
        red.process.terminate()
        red.process.wait(LIMIT_S)


def device(folder: Path, broker: Mosquitto, device_id: str) -> Device:
    (folder / device_id).mkdir()
    write_tunes(folder / device_id / "tunes")
    config = toml(
        camera={"source": "demo"},
        music={"folder": folder / device_id / "tunes"},
        mqtt={"host": HOST, "port": broker.port, "device_id": device_id},
    )
    return Device(folder / device_id, config)


MOODS = {"happy", "sad", "angry", "fear", "disgust", "surprise", "neutral"}


@pytest.mark.parametrize("red", ["flows"], indirect=True)
def test_one_device(red: NodeRed, broker: Mosquitto, tmp_path: Path) -> None:
    with Listener(broker.port) as home, device(tmp_path, broker, "flows") as mien:
        home.wait_for("flows/flows/mood", timeout_s=60)
        assert home.received("flows/flows/mood")[0] in MOODS
        red.inject("try it")
        home.wait_for("mien/flows/volume/state", "30")
        home.wait_for("flows/flows/quieter")
        answer = json.loads(home.received("flows/flows/quieter")[0])
        assert (answer["status"], answer["data"]) == ("ok", {"value": 30})
        assert mien.terminate()[0] == 0


@pytest.mark.parametrize("red", ["flows, attic"], indirect=True)
def test_several_devices_and_a_neighbour(red: NodeRed, broker: Mosquitto, tmp_path: Path) -> None:
    angry = Event(event_type="mood_changed", mood=Mood.ANGRY, previous=Mood.NONE, faces=1).payload()
    with (
        Listener(broker.port) as home,
        device(tmp_path, broker, "flows") as one,
        device(tmp_path, broker, "attic") as other,
    ):
        for name in ("flows", "attic"):
            home.wait_for(f"mien/{name}/availability", "online", timeout_s=60)
        home.publish("mien/neighbour/event", angry)
        home.publish("mien/flow/event", angry)  # part of a name is not the name
        for name in ("flows", "attic"):
            home.publish(
                f"mien/{name}/response/volume", '{"status": "ok", "data": {}, "transaction": "of another flow"}'
            )
            home.publish(f"mien/{name}/request/volume", '{"value": 55, "transaction": 7}')
            home.wait_for(f"mien/{name}/response/volume", count=2)
            home.publish(f"mien/{name}/volume/set", "loud")  # its answer has no transaction
            home.wait_for(f"mien/{name}/response/volume", count=3)
        home.publish("mien/attic/event", angry)
        home.wait_for("flows/attic/mood", "angry")
        home.wait_for("mien/attic/volume/state", "30")
        home.wait_for("flows/attic/quieter")
        red.inject("try it")
        home.wait_for("mien/flows/volume/state", "30")
        home.wait_for("flows/flows/quieter")
        home.wait_for("flows/attic/quieter", count=2)
        time.sleep(0.5)
        assert {topic for topic in home.topics() if topic.startswith("flows/")} <= {
            f"flows/{name}/{what}" for name in ("flows", "attic") for what in ("mood", "quieter")
        }
        for name in ("flows", "attic"):
            answers = [json.loads(text)["transaction"] for text in home.received(f"flows/{name}/quieter")]
            assert all(str(transaction).startswith("quieter ") for transaction in answers)
            assert len(set(answers)) == len(answers)
        assert "mien/neighbour/request/volume" not in home.topics()
        assert one.terminate()[0] == other.terminate()[0] == 0
