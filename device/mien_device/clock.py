"""The time of day. The one place that asks for it: it jumps, because a Pi has no battery clock; durations are never made of it."""

from __future__ import annotations

import time
from datetime import UTC, datetime

_ahead_s = 0.0


def now() -> float:
    """Seconds since 1970."""
    return time.time() + _ahead_s


def utc() -> datetime:
    """The same with its date, in UTC."""
    return datetime.fromtimestamp(now(), UTC)


def set_ahead(seconds: float) -> None:
    """Let the clock be wrong by so much: for `mien simulate`."""
    global _ahead_s  # noqa: PLW0603 - there is one clock
    _ahead_s = seconds
