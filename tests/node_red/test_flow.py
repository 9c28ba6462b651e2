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
from tests.end_to_end.device import Device, toml
from tests.listener import Listener
from tests.mosquitto import HOST, Mosquitto, free_port, require_mosquitto
from tests.needs import give_up

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
    """Runs the shipped flow, with what its user sets: broker and device id."""

    def __init__(self, folder: Path, broker_port: int, device_id: str) -> None:
        self.port = free_port()
        self._log = folder / "node-red.log"
        flow: list[dict[str, Any]] = json.loads(FLOW.read_text(encoding="utf-8"))
        for node in flow:
            if node["type"] == "mqtt-broker":
                node |= {"broker": HOST, "port": str(broker_port)}
            if node["type"] == "tab":
                node["env"] = [{"name": "MIEN", "value": device_id, "type": "str"}]
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
        urllib.request.urlopen(request, timeout=10).close()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    find_program()
    require_mosquitto()
    (tmp_path / "broker").mkdir()
    with Mosquitto(tmp_path / "broker") as broker:
        yield broker


def test_the_flow(broker: Mosquitto, tmp_path: Path) -> None:
    tunes = tmp_path / "tunes"
    write_tunes(tunes)
    (tmp_path / "red").mkdir()
    red = NodeRed(tmp_path / "red", broker.port, "flows")
    try:
        red.wait_started()
        with Listener(broker.port) as home:
            config = toml(
                camera={"source": "demo"},
                music={"folder": tunes},
                mqtt={"host": HOST, "port": broker.port, "device_id": "flows"},
            )
            with Device(tmp_path, config) as device:
                home.wait_for("flows/mood", timeout_s=60)
                assert home.received("flows/mood")[0] in {
                    "happy",
                    "sad",
                    "angry",
                    "fear",
                    "disgust",
                    "surprise",
                    "neutral",
                }
                red.inject("try it")
                home.wait_for("mien/flows/volume/state", "30")
                home.wait_for("flows/quieter")
                assert json.loads(home.received("flows/quieter")[0])["transaction"] == "quieter"
                assert device.terminate()[0] == 0
        assert "[error]" not in red.log, red.log
        assert "[warn] [" not in red.log, f"a node complains: {red.log}"
    finally:
        red.process.terminate()
        red.process.wait(20)
