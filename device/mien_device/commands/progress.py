"""How far a long command is, on standard error."""

from __future__ import annotations

import sys
import time

WIDTH = 30
EVERY_S = {True: 0.1, False: 10.0}
"""Between two lines, on a terminal and in a log."""


class Bar:
    """A bar with what is left, rewritten on a terminal; elsewhere a line now and then."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._terminal = sys.stderr.isatty()
        self._began = self._shown = time.monotonic()
        self._drawn = False

    def show(self, done: int, total: int) -> None:
        """Draw it anew, unless that was done just now."""
        now = time.monotonic()
        if now - self._shown < EVERY_S[self._terminal] and not (done == total and self._drawn):
            return
        self._shown, self._drawn = now, True
        left = (now - self._began) / max(done, 1) * (total - done)
        words = f"{self._title} {done}/{total}, {_duration(left)} left"
        if self._terminal:
            filled = WIDTH * done // max(total, 1)
            sys.stderr.write(f"\r\033[K[{'#' * filled}{'.' * (WIDTH - filled)}] {words}")
        else:
            sys.stderr.write(f"{words}\n")
        sys.stderr.flush()

    def line(self, text: str) -> None:
        """Write a line above it."""
        sys.stderr.write(("\r\033[K" if self._terminal and self._drawn else "") + text + "\n")
        sys.stderr.flush()

    def close(self) -> None:
        """Wipe it off a terminal."""
        if self._terminal and self._drawn:
            sys.stderr.write("\r\033[K")
            sys.stderr.flush()


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
