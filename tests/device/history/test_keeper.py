"""When the history is written and what it forgets, whatever disk and clock do."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mien_device.config import HistoryConfig
from mien_device.history import Minute, Play
from mien_device.history.keeper import DAY_S, PRUNE_S, STEADY_S, Keeper
from mien_device.history.store import FILE
from mien_device.mood import MoodState
from mien_models.errors import DataError
from mien_models.labels import Emotion, Mood
from tests.device.history.test_diary import NOON
from tests.waiting import wait_until

HAPPY = MoodState(Mood.HAPPY, 0.9, 0.8, 0.5, {Emotion.HAPPY: 1.0}, faces=1, since=0.0)


def noticed(keeper: Keeper) -> None:
    now = time.monotonic()
    for tenth in range(30):
        keeper.diary.see(HAPPY, now - 3 + tenth / 10)


def kept(keeper: Keeper) -> list[Minute]:
    return keeper.history.minutes(0, 2 * NOON)


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    keeper = Keeper(tmp_path, HistoryConfig(), lambda: float(NOON))
    yield keeper
    keeper.close()
    keeper.history.close()  # who looks into it after its end opens it again


def test_it_is_written_at_the_end_at_the_latest(keeper: Keeper, tmp_path: Path) -> None:
    keeper.start()
    noticed(keeper)
    assert not (tmp_path / FILE).exists(), "not at once: a card wears out"
    keeper.close()
    keeper.close()
    assert sum(minute.seen_s for minute in kept(keeper)) == pytest.approx(2.9)


def test_it_is_written_every_few_minutes(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mien_device.history.keeper.WRITE_S", 0.05)
    keeper.start()
    noticed(keeper)
    wait_until(lambda: kept(keeper))
    keeper.close()


def test_what_the_disk_does_not_take_is_said_once_and_written_later(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(minutes: object, plays: object) -> None:
        raise DataError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(keeper.history, "write", refuse)
        noticed(keeper)
        keeper.write()
        keeper.write()
    assert caplog.messages == ["history: the disk is full"]
    keeper.write()
    assert sum(minute.seen_s for minute in kept(keeper)) == pytest.approx(2.9)
    keeper.close()


def test_what_is_noted_and_not_written_is_erased_too(keeper: Keeper) -> None:
    noticed(keeper)
    keeper.write()
    noticed(keeper)
    keeper.erase()
    keeper.close()
    assert kept(keeper) == []


class Clock:
    def __init__(self) -> None:
        self.unix = float(NOON)

    def __call__(self) -> float:
        return self.unix


def test_old_is_forgotten_and_not_before_the_clock_can_be_believed(tmp_path: Path) -> None:
    clock = Clock()
    keeper = Keeper(tmp_path, HistoryConfig(days=30), clock)
    days = (40, 29, 0)
    keeper.history.write(
        [Minute(NOON - day * DAY_S, 1.0) for day in days], [Play(NOON - 40 * DAY_S, "Old", "", "lift", 60.0)]
    )
    keeper.keep_house(0.0)
    assert len(kept(keeper)) == 3, "the clock has just been met"
    clock.unix += 20 * 365 * DAY_S  # it is set to a year far away, and back
    keeper.keep_house(STEADY_S + 1)
    clock.unix = NOON + 2 * STEADY_S
    keeper.keep_house(2 * STEADY_S)
    assert len(kept(keeper)) == 3
    clock.unix += STEADY_S
    keeper.keep_house(3 * STEADY_S)
    assert [round((NOON - minute.at) / DAY_S) for minute in kept(keeper)] == [29, 0]
    assert keeper.history.plays(0, NOON) == []
    clock.unix += 40 * DAY_S
    keeper.keep_house(3 * STEADY_S + 40 * DAY_S)
    assert kept(keeper) == []
    assert PRUNE_S < DAY_S, "every day at least"
    keeper.close()
