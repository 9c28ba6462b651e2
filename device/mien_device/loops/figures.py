"""What the loop measures of itself: rate, age of the frames, time of the network."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from mien_device.health import board
from mien_device.home.messages import Stats

WINDOW_S = 60.0
"""So far the figures look back."""


@dataclass(frozen=True, slots=True)
class _Look:
    """One frame that was looked at."""

    decided_at: float
    age_s: float
    inference_s: float | None
    """Of one face; None without a face."""


class Figures:
    """Collected by the vision thread, read by any."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._started = clock()
        self._looks: deque[_Look] = deque()
        self._lock = threading.Lock()

    def add(self, captured_at: float, decided_at: float, inferences_s: float, faces: int) -> None:
        """One frame: when it was taken and when its mood was decided (monotonic), and the time for its `faces`."""
        look = _Look(decided_at, decided_at - captured_at, inferences_s / faces if faces else None)
        with self._lock:
            self._looks.append(look)
            self._forget(decided_at)

    def stats(self, dropped: int) -> Stats:
        """The message for the home, with the number of frames `dropped` since the start."""
        now = self._clock()
        with self._lock:
            self._forget(now)
            looks = list(self._looks)
        ages = [look.age_s for look in looks]
        inferences = [look.inference_s for look in looks if look.inference_s is not None]
        return Stats(
            fps=round(len(looks) / max(1.0, min(WINDOW_S, now - self._started)), 2),
            frames_dropped=dropped,
            # Zero would be a time that nobody measured, and a home keeps statistics of it.
            frame_age_ms_p50=round(1000 * median(ages), 1) if ages else None,
            frame_age_ms_max=round(1000 * max(ages), 1) if ages else None,
            inference_ms_p50=round(1000 * median(inferences), 2) if inferences else None,
            uptime_s=int(now - self._started),
            rss_mb=round(resident_bytes() / 1e6, 1),
            cpu_temp_c=board.temperature_c(),
            throttled=board.throttled(),
        )

    def _forget(self, now: float) -> None:
        while self._looks and now - self._looks[0].decided_at > WINDOW_S:
            self._looks.popleft()


def resident_bytes() -> int:
    """Memory of this process that lies in RAM, from /proc/self/statm (proc(5): second field, in pages)."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
