"""Whether the broker is known to listen at this moment, and the events that wait until it is."""

from __future__ import annotations

import math
import time
from collections import deque

LIVELY_S = 2.0
"""A broker counts as listening for so long after we sent what it has answered since. What leaves later may lie in a buffer
of the network until somebody wakes up, so events wait for a new answer, and for so long at most."""


class Pulse:
    """Of one connection: what the broker owes an answer for, and when the newest thing left that it has answered."""

    def __init__(self) -> None:
        self._unanswered: dict[int, tuple[str, float]] = {}
        """Topic and time of the messages with QoS 1 that the broker has not answered yet, oldest first."""
        self._heard = -math.inf

    def sent(self, number: int, topic: str) -> None:
        """The message of this number left just now, and must be acknowledged."""
        self._unanswered[number] = topic, time.monotonic()

    def acknowledged(self, number: int) -> str | None:
        """The broker answered it: its topic. None for a number that owes no answer: QoS 0, "acknowledged" when written."""
        topic, sent = self._unanswered.pop(number, (None, -math.inf))
        self.answered(sent)
        return topic

    def answered(self, sent: float) -> None:
        """The broker answered what left at `sent`."""
        self._heard = max(self._heard, sent)

    @property
    def settled(self) -> bool:
        """Whether the broker has answered every message with QoS 1."""
        return not self._unanswered

    @property
    def since_heard_s(self) -> float:
        """Seconds since the newest thing left that was answered."""
        return time.monotonic() - self._heard

    @property
    def lively(self) -> bool:
        """Whether the broker has answered something that left within the last `LIVELY_S`, and owes no older answer."""
        oldest = min(self._heard, next((sent for _, sent in self._unanswered.values()), math.inf))
        return time.monotonic() - oldest < LIVELY_S


class HeldEvents:
    """Events that wait for a sign of life, `LIVELY_S` at most.

    The sender's and the receiver's kernel take an event without a word even if the broker sleeps or the network is down,
    and deliver it whenever that ends. So only an event of the first `LIVELY_S` of such a stall can be late.
    """

    def __init__(self) -> None:
        self._held: deque[tuple[float, str, str | bytes]] = deque()
        """Since when, topic and payload."""
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._held)

    def put(self, topic: str, payload: str | bytes) -> None:
        """Hold it from now on."""
        self._held.append((time.monotonic(), topic, payload))

    def take(self) -> list[tuple[str, str | bytes]]:
        """Topic and payload of all, to be sent now."""
        taken = [(topic, payload) for _, topic, payload in self._held]
        self._held.clear()
        return taken

    def drop_old(self) -> None:
        """Forget those that waited for too long, and count them."""
        while self._held and time.monotonic() - self._held[0][0] >= LIVELY_S:
            self._held.popleft()
            self.dropped += 1
