"""What the loop measures of itself: rate, age of the frames, time of the network."""

from __future__ import annotations

import os
import time
from collections import deque
from pathlib import Path
from statistics import median

from mien_device.home.messages import Stats

WINDOW = 600
"""Frames that the figures look back on: a minute at ten a second."""


class Figures:
    """Collected by the vision thread, read by it too."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._decided: deque[float] = deque(maxlen=WINDOW)
        self._ages_s: deque[float] = deque(maxlen=WINDOW)
        self._inferences_s: deque[float] = deque(maxlen=WINDOW)

    def add(self, captured_at: float, decided_at: float, inferences_s: float, faces: int) -> None:
        """One frame: when it was taken and when its mood was decided (monotonic), and the time for its `faces`."""
        self._decided.append(decided_at)
        self._ages_s.append(decided_at - captured_at)
        if faces:
            self._inferences_s.append(inferences_s / faces)

    def stats(self, dropped: int) -> Stats:
        """The message for the home, with the number of frames `dropped` since the start."""
        span = self._decided[-1] - self._decided[0] if len(self._decided) > 1 else 0.0
        return Stats(
            fps=round((len(self._decided) - 1) / span, 2) if span > 0 else 0.0,
            frames_dropped=dropped,
            frame_age_ms_p50=round(1000 * median(self._ages_s), 1) if self._ages_s else 0.0,
            frame_age_ms_max=round(1000 * max(self._ages_s), 1) if self._ages_s else 0.0,
            inference_ms_p50=round(1000 * median(self._inferences_s), 2) if self._inferences_s else 0.0,
            uptime_s=int(time.monotonic() - self._started),
            rss_mb=round(resident_bytes() / 1e6, 1),
        )


def resident_bytes() -> int:
    """Memory of this process that lies in RAM, from /proc/self/statm (proc(5): second field, in pages)."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
