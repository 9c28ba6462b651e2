"""What the vision loop tells of a mood's beginning: a home stores every change of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mien_device import clock
from mien_device.loops.vision import CLOCK_WAS_SET, Calendar

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The time of day that the clock on the wall shows."""
    shown = [NOON]

    def now() -> float:
        return shown[0].timestamp()

    monkeypatch.setattr(clock, "now", now)
    return shown


def test_it_does_not_waver(wall: list[datetime]) -> None:
    calendar = Calendar()
    first = calendar.time_of_day(100.0, now=130.0)
    assert first == NOON - timedelta(seconds=30)
    wall[0] += timedelta(seconds=60, milliseconds=3)  # it was looked at a little later than the other clock
    assert calendar.time_of_day(100.0, now=190.0) == first
    assert calendar.time_of_day(189.0, now=190.0) == wall[0] - timedelta(seconds=1), "another mood, another time"
    assert calendar.time_of_day(191.0, now=190.0) == wall[0], "never in the future"


def test_when_the_clock_is_set_it_is_told_anew(wall: list[datetime]) -> None:
    """A Pi has no clock of its own: it learns the time when the network comes."""
    wall[0] = datetime(1970, 1, 1, tzinfo=UTC)
    calendar = Calendar()
    calendar.time_of_day(10.0, now=20.0)
    wall[0] = NOON
    right = calendar.time_of_day(10.0, now=40.0)
    assert right == NOON - timedelta(seconds=30)
    wall[0] += CLOCK_WAS_SET / 2
    assert calendar.time_of_day(10.0, now=40.0) == right
