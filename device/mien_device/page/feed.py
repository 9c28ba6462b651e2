"""The newest of everything, for whoever looks: filled by any thread, read by the page's event loop."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable

from mien_device.page import Json

MOMENTS = 32
"""So many momentary things wait for a slow viewer; the oldest goes first."""
BREATH_S = 15.0
"""After so long without news a line is sent all the same: a viewer who went away is noticed."""
BREATH = b": still here\n\n"


class Feed:
    """By topic. A viewer who is slow misses what was replaced meanwhile, and never the newest."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[Json, bytes]] = {}
        self._viewers: set[_Viewer] = set()
        self._closed = False

    def put(self, topic: str, value: Json, *, keep: bool = True) -> None:
        """Show `value` on `topic`; `keep`: also to who comes later."""
        news = {"topic": topic, "at": self._now(), "value": value} | ({} if keep else {"moment": True})
        line = _line(news)
        with self._lock:
            kept = self._kept.get(topic)
            if self._closed or (keep and kept is not None and kept[0]["value"] == value):
                return
            if keep:
                self._kept[topic] = (news, line)
            viewers = list(self._viewers)
        for viewer in viewers:
            viewer.put(topic if keep else None, line)
        _wake(viewers)

    @property
    def state(self) -> Json:
        """All that is kept, with the second of this device's clock at which it came and that of this moment."""
        with self._lock:
            topics = {topic: {"at": news["at"], "value": news["value"]} for topic, (news, _) in self._kept.items()}
        return {"now": self._now(), "topics": topics}

    def _now(self) -> float:
        return round(self._clock(), 3)

    @property
    def viewers(self) -> int:
        """How many look now."""
        return len(self._viewers)

    async def watch(self) -> AsyncIterator[bytes]:
        """The time, all that is kept, then what comes, as server-sent events (WHATWG HTML, 9.2), until `close`."""
        viewer = _Viewer(asyncio.get_running_loop())
        with self._lock:
            if self._closed:
                return
            self._viewers.add(viewer)
            for topic, (_, line) in self._kept.items():
                viewer.put(topic, line)
        try:
            yield b"retry: 2000\n" + _line({"now": self._now()})
            while not self._closed:
                lines = viewer.take()
                if lines:
                    yield b"".join(lines)
                elif not await viewer.wait(BREATH_S):
                    yield BREATH
        finally:
            with self._lock:
                self._viewers.discard(viewer)

    def close(self) -> None:
        """Tell every viewer that nothing will come any more. May be called twice."""
        with self._lock:
            self._closed = True
            viewers = list(self._viewers)
        _wake(viewers)


class _Viewer:
    """What one viewer has not been sent yet."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.news = asyncio.Event()
        self._lock = threading.Lock()
        self._kept: dict[str, bytes] = {}
        self._moments: deque[bytes] = deque(maxlen=MOMENTS)

    def put(self, topic: str | None, line: bytes) -> None:
        with self._lock:
            if topic is None:
                self._moments.append(line)
            else:
                self._kept[topic] = line

    def take(self) -> list[bytes]:
        """The states first: what happened is told when what it led to is known."""
        self.news.clear()
        with self._lock:
            lines = [*self._kept.values(), *self._moments]
            self._kept.clear()
            self._moments.clear()
        return lines

    async def wait(self, timeout_s: float) -> bool:
        """Whether there is news."""
        try:
            await asyncio.wait_for(self.news.wait(), timeout_s)
        except TimeoutError:
            return False
        return True


def _line(news: Json) -> bytes:
    return b"data: " + json.dumps(news).encode() + b"\n\n"


def _wake(viewers: list[_Viewer]) -> None:
    """All have one event loop; it is woken once, however many they are."""
    if not viewers:
        return

    def ring() -> None:
        for viewer in viewers:
            viewer.news.set()

    with contextlib.suppress(RuntimeError):  # the loop has ended, and with it everybody who looked
        viewers[0].loop.call_soon_threadsafe(ring)
