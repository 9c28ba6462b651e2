"""What waits to be sent: the newest state of every topic, and the few events of this moment."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections import deque

Payload = str | bytes

EVENTS = 32
"""So many events wait at most, while the network thread is busy; the oldest goes first."""
ANSWERS = 64
"""So many answers to requests: kept apart, so that a flood of nonsense pushes no event out."""


class Outbox:
    """Filled by any thread, emptied by the one that owns the connection. Memory is bounded by the number of topics.

    States are kept for good and are handed out again after `open`; events are taken only between `open` and `shut`.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._states: dict[str, Payload] = {}
        self._changed: dict[str, None] = {}  # a set that keeps its order
        self._events: deque[tuple[str, Payload]] = deque(maxlen=EVENTS)
        self._answers: deque[tuple[str, Payload]] = deque(maxlen=ANSWERS)
        self._open = False
        self._bell, self._ringer = socket.socketpair()
        self._bell.setblocking(False)
        self._ringer.setblocking(False)

    def put_state(self, topic: str, payload: Payload) -> None:
        """Make `payload` the state of `topic`; what was not sent yet is forgotten."""
        with self._lock:
            self._states[topic] = payload
            self._changed[topic] = None
        self.ring()

    def put_event(self, topic: str, payload: Payload) -> None:
        """Send it now; a no-op without a connection."""
        with self._lock:
            if not self._open:
                return
            self._events.append((topic, payload))
        self.ring()

    def put_answer(self, topic: str, payload: Payload) -> None:
        """As `put_event`, for an answer."""
        with self._lock:
            if not self._open:
                return
            self._answers.append((topic, payload))
        self.ring()

    def renew(self) -> None:
        """Every state is to be sent again."""
        with self._lock:
            self._changed = dict.fromkeys(self._states)

    def open(self) -> None:
        """A connection was made: every state is to be sent, and events are taken."""
        with self._lock:
            self._changed = dict.fromkeys(self._states)
            self._drop()
            self._open = True

    def shut(self) -> None:
        """The connection is gone."""
        with self._lock:
            self._open = False
            self._drop()

    def take_states(self, busy: set[str]) -> list[tuple[str, Payload]]:
        """Topics and payloads that changed since they were last taken, but for those `busy`: they stay."""
        with self._lock:
            topics = [topic for topic in self._changed if topic not in busy]
            for topic in topics:
                del self._changed[topic]
            return [(topic, self._states[topic]) for topic in topics]

    def take_events(self) -> list[tuple[str, Payload]]:
        """Topics and payloads of the events and answers since the last call."""
        with self._lock:
            taken = [*self._events, *self._answers]
            self._drop()
            return taken

    def _drop(self) -> None:
        self._events.clear()
        self._answers.clear()

    @property
    def bell(self) -> socket.socket:
        """Readable when there is something to take: for `select`."""
        return self._bell

    def ring(self) -> None:
        """Wake the thread that waits for the bell."""
        with contextlib.suppress(OSError):  # full: it rings already; closed: nobody listens any more
            self._ringer.send(b"\0")

    def hush(self) -> None:
        """Stop the bell."""
        with contextlib.suppress(BlockingIOError):
            while self._bell.recv(4096):
                pass

    def close(self) -> None:
        """Give the bell's two sockets back. May be called twice."""
        self._bell.close()
        self._ringer.close()
