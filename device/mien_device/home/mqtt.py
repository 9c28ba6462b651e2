"""Delivers to an MQTT broker: retained states, momentary events, a last will, and commands the other way."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable

from mien_device.config.schema import MqttConfig
from mien_device.home.backoff import Backoff
from mien_device.home.commands import THINGS, Command, CommandInbox
from mien_device.home.messages import (
    AVAILABILITY_TOPIC,
    OFF,
    OFFLINE,
    ON,
    ONLINE,
    PAUSE_TOPIC,
    PRESENCE_TOPIC,
    VOLUME_TOPIC,
    Event,
    Info,
    MoodMessage,
    NowPlaying,
    Probabilities,
    Settings,
    Stats,
)
from mien_device.home.outbox import Outbox
from mien_device.home.session import ANSWER_S, RefusedError, Session, broker_port
from mien_device.home.tls import check_settings, tls_context
from mien_models.errors import BrokerError
from mien_models.labels import Mood

log = logging.getLogger(__name__)

FAREWELL_S = 1.0
"""So long `close` waits for the broker to acknowledge `offline`."""
CLOSE_S = 2.5
"""So long `close` waits in all."""
TURN_S = 1.0
"""The network thread looks this often whether the connection wants a sign of life."""


def try_connect(config: MqttConfig, password: str | None, timeout_s: float = ANSWER_S) -> None:
    """Connect once and hang up, under a client id of its own so that a running mien keeps its connection.

    Raises:
        BrokerError: it did not work; one line with the remedy.
        ConfigError: the settings contradict each other, or a file that they name cannot be used.

    """
    check_settings(config, password)
    with Session(config, password, tls_context(config), f"mien-check-{secrets.token_hex(4)}") as session:
        session.open(timeout_s)


class MqttPublisher:
    """Keeps a connection in one thread of its own; every call from outside only puts a message into its outbox.

    What is sent on each connect, in this order: subscriptions, `info`, all states, and `online` at last, so that whoever
    sees `online` finds everything else in place.
    """

    def __init__(
        self,
        config: MqttConfig,
        password: str | None,
        device_id: str,
        on_command: Callable[[Command], None],
        backoff: Backoff | None = None,
    ) -> None:
        """Check the settings; nothing is sent before `start`.

        Raises:
            ConfigError: the settings contradict each other, or a file that they name cannot be used.

        """
        check_settings(config, password)
        self._config = config
        self._password = password
        self._tls = tls_context(config)
        self._client_id = f"mien-{device_id}"
        self._base = f"{config.prefix}/{device_id}"
        self._inbox = CommandInbox(on_command)
        self._backoff = backoff or Backoff()
        self._outbox = Outbox()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mien-mqtt", daemon=True)
        self._connected = False
        self._last_error: str | None = None

    @property
    def name(self) -> str:
        """Where the messages go."""
        return f"MQTT broker {self._config.host}:{broker_port(self._config)}, topics {self._base}/…"

    @property
    def connected(self) -> bool:
        """Whether the broker has welcomed us and the connection stands."""
        return self._connected

    @property
    def last_error(self) -> str | None:
        """Why there is no connection, with the remedy; None while there is one."""
        return self._last_error

    def start(self, info: Info) -> None:
        """Begin to connect, in the background."""
        self._outbox.put_state(self._topic(Info.topic), info.model_dump_json())
        self._thread.start()

    def mood(self, message: MoodMessage) -> None:
        """Keep and send the mood, and the presence that follows from it."""
        # With a mood but no face the absence is not yet settled; with a face but no mood its mood is not.
        present = message.faces > 0 or message.mood is not Mood.NONE
        self._outbox.put_state(self._topic(MoodMessage.topic), message.model_dump_json())
        self._outbox.put_state(self._topic(PRESENCE_TOPIC), ON if present else OFF)

    def probabilities(self, message: Probabilities) -> None:
        """Send what is behind the mood, if there is a connection."""
        self._outbox.put_event(self._topic(Probabilities.topic), message.model_dump_json())

    def now_playing(self, message: NowPlaying) -> None:
        """Keep and send the track."""
        self._outbox.put_state(self._topic(NowPlaying.topic), message.model_dump_json())

    def settings(self, message: Settings) -> None:
        """Keep and send the echo of each setting."""
        self._outbox.put_state(self._topic(VOLUME_TOPIC), str(message.volume))
        self._outbox.put_state(self._topic(PAUSE_TOPIC), ON if message.paused else OFF)

    def stats(self, message: Stats) -> None:
        """Send figures, if there is a connection."""
        self._outbox.put_event(self._topic(Stats.topic), message.model_dump_json())

    def event(self, message: Event) -> None:
        """Send what happened, if there is a connection: an event that arrives late opens a door that nobody asked for."""
        self._outbox.put_event(self._topic(Event.topic), message.model_dump_json(exclude_none=True))

    def close(self) -> None:
        """Say `offline`, wait at most a second for the acknowledgement, disconnect. May be called twice."""
        self._closing.set()
        self._outbox.ring()
        if self._thread.ident is None:  # it was never started
            self._outbox.close()
            return
        self._thread.join(CLOSE_S)
        if self._thread.is_alive():
            log.warning("MQTT: still waiting for the network; thread %s ends by itself later", self._thread.name)

    def _topic(self, relative: str) -> str:
        return f"{self._base}/{relative}"

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                wait_s = self._connect_and_serve()
            except Exception:
                log.exception("MQTT: the connection failed in an unforeseen way")
                wait_s = self._backoff.failed()
            self._closing.wait(wait_s)
        self._outbox.close()

    def _connect_and_serve(self) -> float:
        """One connection, from the attempt to its loss.

        Returns:
            Seconds to wait before the next.

        """
        will = (self._topic(AVAILABILITY_TOPIC), OFFLINE)
        with Session(
            self._config, self._password, self._tls, self._client_id, will=will, on_message=self._received
        ) as session:
            try:
                session.open(give_up=self._closing)
            except RefusedError as error:
                self._fail(str(error))
                return self._backoff.refused()
            except BrokerError as error:
                self._fail(str(error))
                return self._backoff.failed()
            begun = time.monotonic()
            try:
                self._serve(session)
            finally:
                self._connected = False
                self._outbox.shut()
        wait_s = self._backoff.lost(time.monotonic() - begun)
        self._fail(self._loss(), wait_s)
        return wait_s

    def _serve(self, session: Session) -> None:
        """Greet, then send and receive until the connection is lost or `close` is called."""
        session.subscribe([self._topic(f"{thing}/set") for thing in THINGS])
        self._outbox.open()
        in_flight = {topic: session.publish_state(topic, payload) for topic, payload in self._outbox.take_states(set())}
        session.publish_state(self._topic(AVAILABILITY_TOPIC), ONLINE)
        self._connected, self._last_error = True, None
        log.info("MQTT: connected to %s", self.name)
        while session.turn(TURN_S, self._outbox.bell) and not self._closing.is_set():
            self._outbox.hush()
            # One message a topic is on its way at most: a slow broker gets the newest state, not a queue of old ones.
            in_flight = {topic: info for topic, info in in_flight.items() if not info.is_published()}
            for topic, payload in self._outbox.take_states(set(in_flight)):
                in_flight[topic] = session.publish_state(topic, payload)
            for topic, payload in self._outbox.take_events():
                session.publish_event(topic, payload)
        if self._closing.is_set():
            self._say_farewell(session)

    def _say_farewell(self, session: Session) -> None:
        deadline = time.monotonic() + FAREWELL_S
        farewell = session.publish_state(self._topic(AVAILABILITY_TOPIC), OFFLINE)
        while not farewell.is_published() and (left := deadline - time.monotonic()) > 0 and session.turn(left):
            pass
        if not farewell.is_published():
            log.warning("MQTT: the broker did not acknowledge `offline`; it will notice by itself")

    def _received(self, topic: str, payload: bytes, retained: bool) -> None:
        thing = topic.removeprefix(f"{self._base}/").removesuffix("/set")
        self._inbox.receive(thing, payload, retained=retained)

    def _loss(self) -> str:
        if self._backoff.taken_over:
            return (
                f"MQTT: connections end within seconds; another device probably uses the client id {self._client_id}: "
                "set another mqtt.device_id on one of them"
            )
        return "MQTT: the connection to the broker was lost"

    def _fail(self, error: str, wait_s: float | None = None) -> None:
        """Say it once, not at every attempt, and not when nobody wants to know any more."""
        if self._closing.is_set():
            return
        level = logging.DEBUG if error == self._last_error else logging.WARNING
        log.log(level, "%s%s", error, f"; next attempt in {wait_s:.0f} s" if wait_s is not None else "; trying again")
        self._last_error = error
