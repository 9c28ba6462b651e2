"""`kill -9` of the daemon itself, while a home sets its volume over MQTT and believes the answers."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from brokers import Mosquitto
from power_cuts_report import Outcome

ID = "cuts"
START_S = 60.0
PAUSE_S = 0.1
"""Between two settings; mien writes once a second at most."""
LONGEST_S = 2.5


class House:
    """Sets the volume to one number after the other, and remembers which were answered."""

    def __init__(self, port: int) -> None:
        self.answered = 0
        self.sent = 0
        self.volume: int | None = None
        """As the daemon says it; None until it does, after `forget`."""
        self.online = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._heard
        self._client.connect("127.0.0.1", port)
        self._client.subscribe(f"mien/{ID}/#", qos=1)
        self._client.loop_start()

    def set_next(self) -> None:
        self.sent += 1
        request = {"value": self.sent % 101, "transaction": self.sent}
        self._client.publish(f"mien/{ID}/request/volume", json.dumps(request))

    def forget(self) -> None:
        self.online.clear()
        for topic in ("availability", "volume/state"):  # the broker would tell us of the one that was killed
            self._client.publish(f"mien/{ID}/{topic}", b"", retain=True)
        time.sleep(0.1)
        self.volume = None

    def close(self) -> None:
        self._client.loop_stop()
        self._client.disconnect()

    def _heard(self, client: Client, userdata: Any, message: MQTTMessage) -> None:
        topic = message.topic.removeprefix(f"mien/{ID}/")
        if topic == "volume/state" and message.payload:
            self.volume = int(message.payload)
        elif topic == "availability" and message.payload == b"online":
            self.online.set()
        elif topic == "response/volume":
            answer = json.loads(message.payload)
            if answer["status"] == "ok":
                self.answered = max(self.answered, int(answer["transaction"]))


def cut_daemons(cuts: int, place: Path, chance: random.Random, say: Callable[[str], None]) -> Outcome:
    """Start it, let the home set its volume, kill its process group; the next one must remember."""
    outcome, begun = Outcome("daemon"), time.monotonic()
    broker = Mosquitto(place)
    broker.start()
    (port,) = broker.ports
    try:
        house = House(port)
        config = place / "mien.toml"
        config.write_text(
            f'[camera]\nsource = "demo"\n[music]\nplayer = "null"\nfolder = "{place}"\n'
            f'[mqtt]\nhost = "127.0.0.1"\nport = {port}\ndevice_id = "{ID}"\n'
        )
        for number in range(cuts + 1):
            daemon = _start(config, place)
            try:
                if not house.online.wait(START_S):
                    outcome.wrong.append(f"cut {number}: it did not start again: {(place / 'log').read_text()[-300:]}")
                    break
                if number and house.volume not in _possible(house):
                    outcome.wrong.append(
                        f"cut {number}: volume: {house.volume}, of {house.answered} acknowledged and {house.sent} sent"
                    )
                if number == cuts:
                    break
                outcome.acknowledged["volume"] -= house.answered
                end = time.monotonic() + chance.uniform(0.2, LONGEST_S)
                while time.monotonic() < end:
                    house.set_next()
                    time.sleep(PAUSE_S)
            finally:
                os.killpg(daemon.pid, signal.SIGKILL)
                daemon.wait()
            time.sleep(0.2)  # answers that were on their way
            outcome.acknowledged["volume"] += house.answered
            outcome.cuts += 1
            outcome.ahead += house.sent > house.answered
            house.forget()
            if (number + 1) % 20 == 0:
                say(f"daemon: {number + 1} of {cuts} cuts, {len(outcome.wrong)} wrong")
        house.close()
    finally:
        broker.stop()
    outcome.seconds = time.monotonic() - begun
    return outcome


def _possible(house: House) -> set[int]:
    """The last one that was answered, or one that was sent after it."""
    return {number % 101 for number in range(house.answered, house.sent + 1)}


def _start(config: Path, place: Path) -> subprocess.Popen[bytes]:
    environment = os.environ | {"MIEN_STATE_DIR": str(place / "state"), "MIEN_CACHE_DIR": str(place / "cache")}
    with (place / "log").open("wb") as log:
        command = [sys.executable, "-m", "mien_device", "run", "--config", str(config)]
        return subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
