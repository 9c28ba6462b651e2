"""Delivers to an MQTT broker: retained states, momentary events, a last will, and commands the other way."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from paho.mqtt.client import MQTTMessageInfo

from mien_device.config.schema import MqttConfig
from mien_device.home.announcer import Announcer
from mien_device.home.backoff import Backoff
from mien_device.home.client import V311, broker_port, first_version
from mien_device.home.commands import Command
from mien_device.home.grumbler import Grumbler
from mien_device.home.inbox import Inbox, WhenSaved, at_once
from mien_device.home.messages import OFFLINE, ONLINE, Availability, Info, Message, Response, Stats
from mien_device.home.outbox import Outbox
from mien_device.home.session import ClockError, RefusedError, Session, UnspokenError
from mien_device.home.tls import check_settings, tls_context
from mien_models.errors import BrokerError

log = logging.getLogger(__name__)

FAREWELL_S = 1.0
"""So long `close` waits for the broker to acknowledge `offline`."""
CLOSE_S = 2.5
"""So long `close` waits in all."""
TURN_S = 1.0
"""The network thread looks this often whether the connection wants a sign of life."""
STATS_AGAIN_S = 2.0
"""So long after each announcement the figures are sent again: they are not retained, and Home Assistant subscribes to them
up to half a second after it has read the announcement."""
ANNOUNCE_INTERVAL_S = 1.0
"""So often at most everything is sent again because somebody asks for it: each time all of the home's programs read it."""
SUBSCRIPTIONS = ("+/set", "request/+")
"""Below `<prefix>/<device id>/`."""


class MqttPublisher:
    """Keeps a connection in one thread of its own; every call from outside only puts a message into its outbox.

    What is sent on each connect, in this order: subscriptions, Home Assistant's discovery, all states, and `online` at
    last, so that whoever sees `online` finds everything else in place.
    """

    def __init__(
        self,
        config: MqttConfig,
        password: str | None,
        device_id: str,
        on_command: Callable[[Command], None],
        announcer: Announcer | None = None,
        backoff: Backoff | None = None,
        when_saved: WhenSaved = at_once,
    ) -> None:
        """Check the settings; nothing is sent before `start`.

        Raises:
            ConfigError: the settings contradict each other, or a file that they name cannot be used.

        """
        check_settings(config, password)
        self._config = config
        self._password = password
        self._tls = tls_context(config)
        self._version = first_version(config)
        self._client_id = f"mien-{device_id}"
        self._base = f"{config.prefix}/{device_id}"
        queries = {"info": self._tell_info, "stats": self._tell_stats, "announce": self._announce}
        self._inbox = Inbox(on_command, self._answer, queries, when_saved)
        self._announcer = announcer
        self._backoff = backoff or Backoff()
        self._outbox = Outbox()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mien-mqtt", daemon=True)
        self._info: Info | None = None
        self._stats: Stats | None = None
        self._stats_at: float | None = None
        self._announce_at: float | None = None
        """When everything is to be sent again that was asked for."""
        self._announced_at = -math.inf
        self._reason = "stopped"
        self._connected = False
        self._grumbler = Grumbler()

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
        return self._grumbler.last_error

    def start(self, info: Info) -> None:
        """Begin to connect, in the background."""
        self._info = info
        self.publish(info)
        self._thread.start()

    def publish(self, message: Message) -> None:
        """Keep and send a state; send what is momentary if there is a connection: late, it opens a door nobody asked for."""
        if isinstance(message, Stats):
            self._stats = message
        if isinstance(message, Info):
            self._info = message
        put = self._outbox.put_state if message.retained else self._outbox.put_event
        put(self._topic(message.topic), message.payload())

    def close(self, reason: str = "stopped") -> None:
        """Say why, then `offline`, wait at most a second for the acknowledgement, disconnect. May be called twice."""
        if not self._closing.is_set():
            self._reason = reason
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
        will = (self._topic(Availability.topic), OFFLINE)
        with Session(
            self._config,
            self._password,
            self._tls,
            self._client_id,
            version=self._version,
            will=will,
            on_message=self._received,
        ) as session:
            try:
                session.open(give_up=self._closing)
            except BrokerError as error:
                return self._after(error)
            begun = time.monotonic()
            try:
                self._serve(session)
            finally:
                self._connected = False
                self._outbox.shut()
        lasted_s = time.monotonic() - begun
        explained = session.farewell is not None
        wait_s = self._backoff.displaced() if session.taken_over else self._backoff.lost(lasted_s, explained=explained)
        if not self._closing.is_set():
            taken_over = session.taken_over or (self._backoff.taken_over and not explained)
            self._grumbler.lost(wait_s, session.farewell, taken_over_as=self._client_id if taken_over else None)
        return wait_s

    def _after(self, error: BrokerError) -> float:
        """Seconds to wait after an attempt that failed with `error`."""
        if self._closing.is_set():
            return 0.0
        if isinstance(error, UnspokenError) and self._config.protocol != "5":
            log.debug("%s; trying MQTT 3.1.1", error)
            self._version = V311
            return 0.0
        self._grumbler.failed(str(error))
        if isinstance(error, RefusedError):
            return self._backoff.refused()
        if isinstance(error, ClockError):
            return self._backoff.clock_unset()
        self._version = first_version(self._config)
        return self._backoff.failed()

    def _serve(self, session: Session) -> None:
        """Greet, then send and receive until the connection is lost or `close` is called."""
        announced = self._greet(session)
        in_flight = self._send(session, self._outbox.take_states(set()))
        session.publish_state(self._topic(Availability.topic), ONLINE)
        self._connected = True
        self._grumbler.content()
        log.info("MQTT: connected to %s, MQTT %s", self.name, session.version)
        while session.turn(TURN_S, self._outbox.bell) and not self._closing.is_set():
            self._outbox.hush()
            self._grumbler.refused(session.refused_topics)
            if session.settled:  # not at the first of many
                self._grumbler.unwritable(session.unwritable_topics)
            if self._announcer is not None and announced and all(info.is_published() for info in announced):
                self._announcer.delivered()
                announced = []
            self._keep_time(session)
            # Taken before the states and sent after them: the state that an event tells of was put before it.
            events = self._outbox.take_events()
            # One message a topic is on its way at most: a slow broker gets the newest state, not a queue of old ones.
            in_flight = {topic: info for topic, info in in_flight.items() if not info.is_published()}
            in_flight |= self._send(session, self._outbox.take_states(set(in_flight)))
            for topic, payload in events:
                if session.fits(topic, payload):
                    session.publish_event(topic, payload)
            session.send_events()
            self._grumbler.silent(session.dropped_events)
            self._grumbler.too_large(session.too_large, session.largest_packet)
        if self._closing.is_set():
            self._say_farewell(session)

    def _greet(self, session: Session) -> list[MQTTMessageInfo]:
        """Subscribe and announce; states follow, for which the outbox is opened. The announcement, until it is delivered."""
        session.subscribe([self._topic(relative) for relative in SUBSCRIPTIONS])
        announced: list[MQTTMessageInfo] = []
        if self._announcer is not None:
            # On its own: a broker that grants us our own topics may well not grant this one.
            session.subscribe([self._announcer.status_topic])
            for topic, payload in self._announcer.on_connect():
                if not session.fits(topic, payload):
                    announced = []  # what is not told completely is told again at the next connect
                    break
                retain = self._announcer.retain or not payload
                announced.append(session.publish_state(topic, payload, retain=retain))
        self._stats_at = time.monotonic() + STATS_AGAIN_S
        self._outbox.open()
        return announced

    @staticmethod
    def _send(
        session: Session, states: Iterable[tuple[str, str | bytes]], *, retain: bool = True
    ) -> dict[str, MQTTMessageInfo]:
        """What of `states` the broker takes, by topic."""
        return {
            topic: session.publish_state(topic, payload, retain=retain)
            for topic, payload in states
            if session.fits(topic, payload)
        }

    def _keep_time(self, session: Session) -> None:
        """What is due by the clock."""
        now = time.monotonic()
        if self._announce_at is not None and now >= self._announce_at:
            self._announce_at, self._announced_at = None, now
            self._outbox.renew()
            if self._announcer is not None:
                self._announcer.announce(now)
        if self._announcer is not None and (due := self._announcer.due(now)):
            self._send(session, due, retain=self._announcer.retain)
            self._outbox.renew()
            self._stats_at = now + STATS_AGAIN_S
        if self._stats_at is not None and now >= self._stats_at:
            self._stats_at = None
            if self._stats is not None:
                self.publish(self._stats)

    def _say_farewell(self, session: Session) -> None:
        """First why, then `offline`."""
        deadline = time.monotonic() + FAREWELL_S
        if self._info is not None:
            reason = self._info.model_copy(update={"stopped": self._reason})
            session.publish_state(self._topic(Info.topic), reason.payload())
        farewell = session.publish_state(self._topic(Availability.topic), OFFLINE)
        while not farewell.is_published() and (left := deadline - time.monotonic()) > 0 and session.turn(left):
            pass
        if not farewell.is_published():
            log.warning("MQTT: the broker did not acknowledge `offline`; it will notice by itself")

    def _received(self, topic: str, payload: bytes, retained: bool) -> None:
        if self._announcer is not None and topic == self._announcer.status_topic:
            self._announcer.on_status(payload, time.monotonic())
            return
        self._inbox.receive(topic.removeprefix(f"{self._base}/"), payload, retained=retained)

    def _answer(self, verb: str, response: Response) -> None:
        self._outbox.put_answer(self._topic(response.topic.replace("<verb>", verb)), response.payload())

    def _tell_info(self) -> dict[str, Any]:
        return self._info.model_dump(mode="json") if self._info else {}

    def _tell_stats(self) -> dict[str, Any]:
        return self._stats.model_dump(mode="json") if self._stats else {}

    def _announce(self) -> dict[str, Any]:
        """See that Home Assistant's discovery and every state are sent again."""
        if self._announce_at is None:
            self._announce_at = max(time.monotonic(), self._announced_at + ANNOUNCE_INTERVAL_S)
        return {}
