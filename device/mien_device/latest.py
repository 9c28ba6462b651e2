"""A slot that holds only the newest item: back-pressure without a queue."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class Closed(Exception):  # noqa: N818 - a state of the slot, not an error
    """The slot was closed: nothing will come any more."""


class Latest(Generic[T]):
    """One place. `put` replaces what nobody took yet and counts it as dropped; `take` waits for the next item.

    With a source that is faster than its consumer the consumer always sees the newest item, at most one period old.
    """

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._item: T | None = None
        self._closed = self._nudged = False
        self.dropped = 0
        """Items that were replaced before anyone took them."""

    def put(self, item: T) -> None:
        """Make `item` the newest. A no-op once the slot is closed."""
        with self._condition:
            if self._closed:
                return
            if self._item is not None:
                self.dropped += 1
            self._item = item
            self._condition.notify()

    def take(self, timeout_s: float | None = None) -> T | None:
        """The newest item not yet taken; None when `timeout_s` passed without one, or at a nudge.

        Raises:
            Closed: the slot was closed and holds nothing any more.

        """
        with self._condition:
            self._condition.wait_for(lambda: self._item is not None or self._closed or self._nudged, timeout_s)
            self._nudged = False
            item, self._item = self._item, None
            if item is None and self._closed:
                raise Closed
            return item

    def nudge(self) -> None:
        """Let who waits go on without an item: something else happened."""
        with self._condition:
            self._nudged = True
            self._condition.notify()

    def close(self) -> None:
        """Wake every waiter. An item already in the slot can still be taken."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()
