"""Who may hold a connection, and for how long without asking for anything: others must not use up what the device's own screen needs.

The operating system gives a process about a thousand open files, which camera, music and broker want a part of.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from mien_device.page.access import is_loopback

BACKLOG = 64
"""So many connections wait to be taken; all of them may be taken at once before the first is looked at."""
OWN = 128
"""So many the device itself may hold: its screen, its programs, and a proxy before the page."""
OTHERS = 128
"""So many all other devices together."""
AN_ADDRESS = 32
"""So many one of them. A browser keeps six."""
ASKING_S = 10.0
"""A request must be there as a whole so soon after it was begun, the first one after the connection was."""

Ledger = Counter[str]
"""Connections by address; those of this device under `HERE`, all others under `ELSEWHERE` as well."""
HERE, ELSEWHERE = "here", "elsewhere"


class Connection(H11Protocol):
    """A connection that is counted. One too many is closed at once: an answer would be more work than its question."""

    def __init__(self, ledger: Ledger, **of_uvicorn: Any) -> None:
        super().__init__(**of_uvicorn)
        self._ledger = ledger
        self._names: tuple[str, ...] = ()
        self._waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Count it, and give it time to ask."""
        super().connection_made(transport)
        peer = self.client[0] if self.client else ""
        names = (HERE,) if is_loopback(peer) else (ELSEWHERE, peer)
        limits = {HERE: OWN, ELSEWHERE: OTHERS, peer: AN_ADDRESS}
        if any(self._ledger[name] >= limits[name] for name in names):
            transport.abort()
            return
        self._names = names
        self._ledger.update(names)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """It counts no more."""
        super().connection_lost(exc)
        self._stop_waiting()
        self._ledger -= Counter(self._names)
        self._names = ()

    def data_received(self, data: bytes) -> None:
        """A part of a request, or all of it."""
        super().data_received(data)
        if self.cycle is not None and not self.cycle.more_body and not self.cycle.response_complete:
            self._stop_waiting()
        elif self._waiting is None:
            self._wait()

    def on_response_complete(self) -> None:
        """What comes now is another request, which uvicorn waits for, for a while."""
        self._stop_waiting()
        super().on_response_complete()

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(ASKING_S, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
