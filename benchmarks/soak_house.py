"""What the house does to the daemon of soak.py in each round of ten simulated minutes: commands, viewers, a broker that goes away."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from brokers import Mosquitto

HOST = "127.0.0.1"
ID = "soak"
ROUND_S = 600.0
MODES = ("follow", "lift", "calm", "energise", "vent", "shuffle")


class House:
    """Carries out what is due. `done` counts what was done and what came back."""

    def __init__(self, broker: Mosquitto, page_port: int, device: subprocess.Popen[bytes], speed: float) -> None:
        self.done: Counter[str] = Counter()
        self._broker, self._page_port, self._device, self._speed = broker, page_port, device, speed
        self.online = threading.Event()
        self._number = 0
        self._viewers: list[_Viewer] = []
        self._client = Client(CallbackAPIVersion.VERSION2, client_id="soak-house")
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe(f"mien/{ID}/#", qos=1)
        self._client.on_message = self._heard
        self._client.connect(HOST, broker.ports[0])
        self._client.loop_start()

    def rounds(self, end_s: float, pause_s: float) -> Iterator[float]:
        """Live through rounds until the simulated second `end_s`; yields it, once in `pause_s`."""
        begun, due_s = time.monotonic(), 0.0
        for number in itertools.count():
            for second, action in self._plan():
                at_s = number * ROUND_S + second
                while due_s <= min(at_s, end_s):
                    self._sleep_until(begun, due_s)
                    yield (time.monotonic() - begun) * self._speed
                    due_s += pause_s
                if at_s > end_s:
                    return
                self._sleep_until(begun, at_s)
                with contextlib.suppress(OSError, http.client.HTTPException):  # a page may be busy, as for any browser
                    action()
            self.done["rounds"] += 1

    def _sleep_until(self, begun: float, second: float) -> None:
        time.sleep(max(0.0, begun + second / self._speed - time.monotonic()))

    def _plan(self) -> list[tuple[float, Callable[[], object]]]:
        return [
            (20, lambda: self._ask("volume", self._next() % 101)),
            (35, lambda: self._set("next", "PRESS")),
            (50, lambda: self._set("like", "PRESS")),
            (90, lambda: self._look(3)),
            (100, lambda: self._set("mode", MODES[self._next() % len(MODES)])),
            (120, self._read_page),
            (190, self._leave),
            (210, self._cut_broker),
            (225, self._broker.start),
            (265, lambda: self._set("volume", "a lot")),
            (266, lambda: self._ask("nonsense", [self._next()])),
            (280, lambda: self._publish("homeassistant/status", "online")),
            (290, lambda: self._look(6)),
            (310, self._read_page),
            (320, self._correct_song),
            (340, self._leave),
            (480, lambda: self._set("message", f"message {self._next()}")),
            (500, lambda: self._device.send_signal(signal.SIGHUP)),
            (520, lambda: self._set("pause", "ON")),
            (526, lambda: self._set("pause", "OFF")),
            (570, lambda: self._command_by_page("dislike", None)),
            # Long after the driver hung: while one does, mien ends rather than say that the camera is off.
            (578, lambda: self._set("camera", "OFF")),
            (592, lambda: self._set("camera", "ON")),
        ]

    def close(self) -> None:
        self._leave()
        self._client.loop_stop()
        self._client.disconnect()

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _publish(self, topic: str, payload: str) -> None:
        self.done["commands"] += 1
        self._client.publish(topic, payload)

    def _set(self, thing: str, payload: str) -> None:
        self._publish(f"mien/{ID}/{thing}/set", payload)

    def _ask(self, thing: str, value: Any) -> None:
        self._publish(f"mien/{ID}/request/{thing}", json.dumps({"value": value, "transaction": f"t{self._next()}"}))

    def _heard(self, client: Client, userdata: Any, message: MQTTMessage) -> None:
        self.done["messages"] += 1
        topic = message.topic.removeprefix(f"mien/{ID}/")
        if topic == "event":
            self.done[json.loads(message.payload)["event_type"]] += 1
        elif topic == "health/state":
            self.done["degraded"] += json.loads(message.payload)["state"] == "degraded"
        elif topic == "stats":
            self.done["frames"] += round(60 * json.loads(message.payload)["fps"])
        elif topic == "availability":
            self.done["online"] += message.payload == b"online"
            self.online.set()

    def _cut_broker(self) -> None:
        self._broker.kill(self._broker.ports[0])
        self.done["broker cut"] += 1

    def _look(self, number: int) -> None:
        self._viewers += [_Viewer(self._page_port) for _ in range(number)]
        self.done["viewers"] += number

    def _leave(self) -> None:
        for viewer in self._viewers:
            viewer.close()
        self._viewers = []

    def _read_page(self) -> None:
        for path in (
            "/",
            "/static/js/main.js",
            "/api/state",
            "/api/songs",
            "/api/openapi.json",
            "/nothing",
            *(["/api/live"] * 5),
        ):
            self._request("GET", path)

    def _correct_song(self) -> None:
        songs = json.loads(self._request("GET", "/api/songs"))["data"]["songs"]
        song, place = songs[self._next() % len(songs)]["id"], {"valence": 0.1, "arousal": -0.2}
        self._request("PUT", f"/api/songs/{song}/place", place)
        self._request("PUT", f"/api/songs/{song}/liked", {"liked": True})

    def _command_by_page(self, thing: str, value: Any) -> None:
        self._request("POST", f"/api/commands/{thing}", {"value": value})

    def _request(self, method: str, path: str, body: Any = None) -> bytes:
        connection = http.client.HTTPConnection(HOST, self._page_port, timeout=10)
        try:
            text = None if method == "GET" else json.dumps(body or {})
            connection.request(method, path, text, {"Content-Type": "application/json"} if text else {})
            self.done["requests"] += 1
            return connection.getresponse().read()
        finally:
            connection.close()


class _Viewer:
    """A browser that shows the page: it reads the stream of events until it goes away."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection(HOST, port, timeout=10)
        self._connection.request("GET", "/api/events")
        self._answer = self._connection.getresponse()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with contextlib.suppress(OSError, ValueError, http.client.HTTPException, AttributeError):
            while self._answer.read1(4096):
                pass

    def close(self) -> None:
        socket = self._connection.sock
        if socket is not None:
            with contextlib.suppress(OSError):
                socket.shutdown(2)
        self._thread.join(5)
        self._connection.close()
