"""How long to wait before the next attempt to reach the broker. Pure: no clock, no sleep."""

from __future__ import annotations

import random
from collections.abc import Callable

STABLE_S = 30.0
"""A connection that held for so long was a good one: the next loss starts from the shortest wait."""
SHORT_S = 5.0
"""A connection that ended sooner was perhaps taken over by a second device with our client id."""
TAKE_OVERS = 3
"""So many short connections in a row are taken as proof of it."""
STABLE_AFTER_TAKE_OVER_S = 600.0
"""Two devices that both wait a minute hold the connection for a minute each; only more than that shows that one is gone."""

CLOCK_S = 5.0
"""A board without a battery for its clock gets the time soon after its network."""


class Backoff:
    """Waits that double from `first_s` to `most_s`, each shortened at random by up to a half.

    The jitter keeps a house full of devices from storming a broker that just came back. Unlike paho's own, the wait is
    not reset by every CONNACK: two devices with one client id would otherwise throw each other out every second.
    """

    def __init__(
        self, first_s: float = 1.0, most_s: float = 60.0, uniform: Callable[[float, float], float] = random.uniform
    ) -> None:
        self._first_s = first_s
        self._most_s = most_s
        self._uniform = uniform
        self._failures = 0
        self._short = 0

    @property
    def taken_over(self) -> bool:
        """Whether another device seems to use our client id."""
        return self._short >= TAKE_OVERS

    def failed(self) -> float:
        """Seconds to wait after an attempt that did not reach the broker."""
        self._short = 0  # who takes our place does not make the broker go away: it was restarted
        return self._next()

    def clock_unset(self) -> float:
        """Seconds to wait for this computer's clock to be set: not long, and not longer each time."""
        return self._jitter(min(CLOCK_S, self._most_s))

    def refused(self) -> float:
        """Seconds to wait after the broker said no: trying fast helps nobody and may get us locked out."""
        return self._jitter(self._most_s)

    def displaced(self) -> float:
        """Seconds to wait after the broker said that another device took our client id (MQTT 5)."""
        self._short = max(self._short, TAKE_OVERS)
        return self._jitter(self._most_s)

    def lost(self, lasted_s: float, *, explained: bool = False) -> float:
        """Seconds to wait after a connection that held for `lasted_s`; `explained`: the broker said why it ended."""
        if lasted_s >= (STABLE_AFTER_TAKE_OVER_S if self.taken_over else STABLE_S):
            self._failures = self._short = 0
        elif lasted_s < SHORT_S and not explained:
            self._short += 1
        return self._jitter(self._most_s) if self.taken_over else self._next()

    def _next(self) -> float:
        wait_s = min(self._first_s * 2.0**self._failures, self._most_s)
        self._failures = min(self._failures + 1, 32)  # 2.0**32 is beyond any sensible limit already
        return self._jitter(wait_s)

    def _jitter(self, wait_s: float) -> float:
        return self._uniform(wait_s / 2, wait_s)
