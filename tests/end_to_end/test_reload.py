"""SIGHUP to a daemon that runs."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

from tests.end_to_end.device import Device, toml
from tests.listener import Listener
from tests.mosquitto import HOST, Mosquitto, require_mosquitto
from tests.waiting import wait_until


def test_what_can_change_does_and_the_home_is_told_of_the_rest(tmp_path: Path) -> None:
    require_mosquitto()
    with Mosquitto(tmp_path) as broker, Listener(broker.port, topics="mien/again/#") as home:
        mqtt = {"host": HOST, "port": broker.port, "device_id": "again"}
        music = {"player": "null", "folder": tmp_path, "volume": 50}
        camera = {"source": "demo"}

        def written(**more: dict[str, object]) -> str:
            return toml(**({"camera": camera, "music": music, "mqtt": mqtt, "page": {"enabled": False}} | more))

        with Device(tmp_path, written()) as device:
            home.wait_for("mien/again/availability", "online")

            def reload(text: str) -> str:
                """What the log says of it."""
                device.config.write_text(text)
                before = device.log.count("configuration read again")
                os.kill(device.process.pid, signal.SIGHUP)
                wait_until(lambda: device.log.count("configuration read again") > before, lambda: device.log)
                return [line for line in device.log.splitlines() if "configuration read again" in line][-1]

            said = reload(written(music=music | {"volume": 23}, mood={"dwell_s": 0.2}, camera=camera | {"fps": 5}))
            assert said.endswith("in force now: mood.dwell_s, music.volume; after a restart: camera.fps")
            home.wait_for("mien/again/volume/state", "23")
            wait_until(
                lambda: json.loads(home.received("mien/again/info")[-1])["restart_required"] == ["camera.fps"],
                lambda: home.received("mien/again/info")[-1],
            )
            said = reload("[mood]\ndwel_s = 3\n")
            assert "nothing is changed" in said
            assert "'mood.dwel_s'" in said
            assert "did you mean" in said
            assert device.process.poll() is None
            reload(written(log={"level": "error"}, music=music | {"volume": 24}))
            home.wait_for("mien/again/volume/state", "24")
            assert device.terminate()[0] == 0
        assert json.loads((device.state / "state.json").read_text())["volume"] == 24


def test_a_hup_while_it_starts_does_not_end_it(tmp_path: Path) -> None:
    with Device(tmp_path, toml(camera={"source": "demo"}, music={"player": "null", "folder": tmp_path})) as device:
        wait_until(lambda: "runtime:" in device.log, lambda: device.log)
        os.kill(device.process.pid, signal.SIGHUP)
        wait_until(lambda: "configuration read again" in device.log, lambda: device.log)
        assert device.terminate()[0] == 0
