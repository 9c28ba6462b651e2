"""Threads that stop together: the first failure ends all, and a thread that does not end is named."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

log = logging.getLogger(__name__)


class Crew:
    """Starts loops in threads of their own and joins them with a deadline."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._threads: list[threading.Thread] = []
        self._failure: BaseException | None = None
        self._lock = threading.Lock()

    def start(self, name: str, loop: Callable[[], None]) -> None:
        """Run `loop` in a thread; an exception that leaves it is kept and stops everyone."""
        thread = threading.Thread(target=self._guard, args=(name, loop), name=f"mien-{name}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _guard(self, name: str, loop: Callable[[], None]) -> None:
        try:
            loop()
        except BaseException as error:  # noqa: BLE001 - the loop boundary: nothing may end a thread unseen
            with self._lock:
                if self._failure is None:
                    self._failure = error
                else:
                    log.error("%s failed as well: %s", name, error)
            self._stop.set()

    def join(self, deadline_s: float) -> list[str]:
        """Wait for all threads, `deadline_s` seconds in all; the names of those that did not end."""
        end = time.monotonic() + deadline_s
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        zombies = [thread.name for thread in self._threads if thread.is_alive()]
        for name in zombies:
            log.error("thread %s did not stop within %g s", name, deadline_s)
        return zombies

    @property
    def failure(self) -> BaseException | None:
        """The first exception that left a loop, if any did."""
        return self._failure

    def raise_failure(self) -> None:
        """Raise the first exception that left a loop, if any did."""
        if self._failure is not None:
            raise self._failure
