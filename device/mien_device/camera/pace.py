"""The pace of a camera that draws or replays: which picture is due when."""

from __future__ import annotations

import threading
import time
from typing import Protocol


class Clock(Protocol):
    """What a pace goes by."""

    def now(self) -> float:
        """A monotonic second."""

    def wait_until(self, due: float, closed: threading.Event) -> None:
        """Until that second, or until somebody closes."""


class RealClock:
    """The machine's own. A `Clock`."""

    def now(self) -> float:
        return time.monotonic()

    def wait_until(self, due: float, closed: threading.Event) -> None:
        closed.wait(max(0.0, due - self.now()))


class LeapingClock:
    """Stands still but for waiting, which takes no time. A `Clock`: nothing is ever late by it."""

    def __init__(self) -> None:
        self._now = time.monotonic()

    def now(self) -> float:
        return self._now

    def wait_until(self, due: float, closed: threading.Event) -> None:
        self._now = max(self._now, due)


class Pace:
    """Pictures at a steady rate from `begin` on, counted from 0. `close` may come from any thread."""

    def __init__(self, fps: float, clock: Clock | None = None) -> None:
        self._fps = fps
        self._clock = clock or RealClock()
        self._closed = threading.Event()
        self.started = self._clock.now()
        """The second of picture 0."""

    def begin(self, at: float | None = None) -> None:
        """Picture 0 is due now, or at a second that has not passed yet."""
        now = self._clock.now()
        self.started = now if at is None else max(at, now)

    def due(self, number: int) -> float:
        """The second of a picture."""
        return self.started + number / self._fps

    def now(self) -> float:
        """The second by which all this counts."""
        return self._clock.now()

    def reached(self) -> int:
        """The number of the picture whose time it is."""
        return int((self.now() - self.started) * self._fps)

    def wait(self, number: int) -> bool:
        """Until a picture is due; False if it was closed before."""
        self._clock.wait_until(self.due(number), self._closed)
        return not self._closed.is_set()

    @property
    def closed(self) -> bool:
        """Whether nothing is to come any more."""
        return self._closed.is_set()

    def close(self) -> None:
        """Wake who waits. May be called twice."""
        self._closed.set()
