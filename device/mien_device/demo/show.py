"""`mien demo`: the very daemon, with scenes for a camera, tunes for music and a broker of its own."""

from __future__ import annotations

import json
import socket
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from mien_device import clock
from mien_device.commands.config import with_camera
from mien_device.config import Config, MqttConfig, MusicConfig, PageConfig
from mien_device.daemon import Daemon
from mien_device.demo.broker import LOOPBACK, DemoBroker
from mien_device.demo.tunes import write_tunes
from mien_device.folders import cache_folder
from mien_device.home.messages import Event, MoodMessage, NowPlaying
from mien_device.parts import build_parts
from mien_device.signals import stop_on_signals
from mien_models.errors import BrokerError, OutcomeError

DEVICE_ID = "demo"


def run_demo(source: str, port: int, seconds: float | None, *, as_json: bool) -> int:
    """Run the daemon against a broker of its own and print every mood that comes back over MQTT.

    Raises:
        OutcomeError: not one mood event arrived.
        BrokenPipeError: the reader of the output went away.
        MienError: a part could not be started.

    """
    tunes = cache_folder() / "demo" / "tunes"
    write_tunes(tunes)
    # What is set in one demo must not be found in the next: a camera that somebody switched off, say.
    with tempfile.TemporaryDirectory(prefix="mien-demo-") as state, DemoBroker(port) as broker:
        config = with_camera(
            Config(
                music=MusicConfig(folder=tunes, choose="folders", fade_s=1.5),
                mqtt=MqttConfig(host=LOOPBACK, port=broker.port, device_id=DEVICE_ID, protocol="3.1.1"),
                page=PageConfig(port=free_port()),
            ),
            source,
        )
        daemon = Daemon(config, build_parts(config), password=None, folder=Path(state))
        with Spectator(broker.port, daemon.stop, as_json=as_json) as spectator, stop_on_signals(daemon.stop):
            spectator.say(f"mien demo: watch with any MQTT client: mosquitto_sub -p {broker.port} -t 'mien/#' -v")
            spectator.say(f"mien demo: the page is at http://{LOOPBACK}:{config.page.port}/")
            daemon.run(seconds)
    if spectator.is_alone:
        raise BrokenPipeError
    if not spectator.moods:
        raise OutcomeError("no mood event came back over MQTT; run `mien check` and `mien demo --verbose`")
    spectator.say(f"{spectator.moods} moods came back over MQTT")
    return 0


def free_port() -> int:
    """One that nobody uses at this moment."""
    with socket.create_server((LOOPBACK, 0)) as probe:
        return int(probe.getsockname()[1])


class Spectator:
    """Any MQTT client of the home: subscribes to the daemon's topics and prints what comes."""

    def __init__(self, port: int, on_alone: Callable[[], None], *, as_json: bool) -> None:
        """`on_alone` is called when nobody reads the output any more."""
        self.moods = 0
        """Mood events that arrived."""
        self.is_alone = False
        self._on_alone = on_alone
        self._port = port
        self._as_json = as_json
        self._answered = threading.Event()
        self._subscribed = False
        self._client = Client(CallbackAPIVersion.VERSION2, client_id="mien-demo-spectator")
        self._client.on_connect = lambda client, *_: client.subscribe(f"mien/{DEVICE_ID}/#", qos=1)
        self._client.on_subscribe = self._granted
        self._client.on_disconnect = lambda *_: self._answered.set()
        self._client.on_message = self._received
        self._last: MoodMessage | None = None

    def __enter__(self) -> Spectator:
        """Subscribe before the daemon starts, so that nothing is missed, however slow the processor is.

        Raises:
            BrokerError: the demo's broker hangs up.

        """
        self._client.connect(LOOPBACK, self._port)
        self._client.loop_start()
        self._answered.wait()
        if not self._subscribed:
            self._client.loop_stop()
            raise BrokerError(f"the demo's broker on port {self._port} hung up")
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def say(self, words: str) -> None:
        """A line for the reader, none in JSON."""
        if not self._as_json:
            self._write(words)

    def _granted(self, *_: Any) -> None:
        self._subscribed = True
        self._answered.set()

    def _received(self, _client: Any, _data: Any, message: MQTTMessage) -> None:
        topic = message.topic.removeprefix(f"mien/{DEVICE_ID}/")
        text = message.payload.decode()
        if topic == Event.topic:
            self._event(Event.model_validate_json(text))
        elif topic == MoodMessage.topic:
            self._last = MoodMessage.model_validate_json(text)
        if self._as_json and topic in {Event.topic, MoodMessage.topic, NowPlaying.topic}:
            self._write(json.dumps({"topic": message.topic, "retain": message.retain, "payload": json.loads(text)}))

    def _event(self, event: Event) -> None:
        when = clock.utc().astimezone().strftime("%H:%M:%S")
        if event.event_type == "mood_changed":
            self.moods += 1
            self.say(f"{when}  mood   {event.mood:<9} (was {event.previous or 'unknown'}, {event.faces} in view)")
        elif event.event_type == "track_started":
            self.say(f"{when}  music  {event.title}")

    def _write(self, line: str) -> None:
        if self.is_alone:
            return
        try:
            sys.stdout.write(line + "\n")
            sys.stdout.flush()
        except BrokenPipeError:  # in paho's thread, which must go on to disconnect
            self.is_alone = True
            self._on_alone()
