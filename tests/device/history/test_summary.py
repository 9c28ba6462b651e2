"""Charts and tables of the history: shares of the time, days of this place, and no more said than was seen."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien_device.history import SEVEN, Minute, Play, export, summary
from mien_models.labels import AFFECT, Emotion

UTC_NOON = 1_792_324_800  # 18 October 2026


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Berlin, which sets its clocks."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def minute(at: float, **seconds: float) -> Minute:
    moods = [seconds.get(emotion, 0.0) for emotion in Emotion]
    valence, arousal = (
        sum(s * AFFECT[emotion][axis] for s, emotion in zip(moods, Emotion, strict=True)) for axis in (0, 1)
    )
    return Minute(at, sum(moods) + seconds.get("unread", 0.0), moods, valence, arousal, 1)


def play(change: float | None, title: str = "One", mode: str = "follow") -> Play:
    return Play(UTC_NOON, title, "", mode, 200.0, None if change is None else 0.0, change)


def test_a_total_is_by_time() -> None:
    total = summary.total([minute(0, happy=1), minute(60, happy=1), minute(120, sad=60, unread=20)])
    assert total["moods"] == {"happy": 2.0, "sad": 60.0}
    assert total["seen_s"] == 82.0
    assert total["valence"] == pytest.approx(
        (2 * AFFECT[Emotion.HAPPY][0] + 60 * AFFECT[Emotion.SAD][0]) / 62, abs=1e-3
    )
    assert summary.total([]) == {"seen_s": 0.0, "moods": {}, "valence": None, "arousal": None, "people": 0}


def test_slots_are_of_the_wall_clock(zone: None) -> None:
    slots = summary.slots([minute(UTC_NOON, happy=10), minute(UTC_NOON + 14 * 60, sad=5), minute(UTC_NOON + 900)], 15)
    assert [(slot["day"], slot["minute"], slot["seen_s"]) for slot in slots] == [
        ("2026-10-18", 14 * 60, 15.0),
        ("2026-10-18", 14 * 60 + 15, 0.0),
    ]


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 7, 1), 24)])
def test_a_day_is_as_long_as_it_is(zone: None, day: date, hours: int) -> None:
    since, until = summary.span(day, 1)
    assert until - since == hours * 3600
    slots = summary.slots([minute(since + 60 * n, neutral=60) for n in range(hours * 60)], 60)
    assert {slot["day"] for slot in slots} == {day.isoformat()}
    assert sum(slot["seen_s"] for slot in slots) == hours * 3600
    assert len(slots) == min(hours, 24)


def test_a_week_ends_with_the_day_and_has_seven(zone: None) -> None:
    since, until = summary.span(date(2026, 10, 27), 7)
    assert (summary.local(since).date(), summary.local(until).date()) == (date(2026, 10, 21), date(2026, 10, 28))


def test_from_little_nothing_is_said() -> None:
    assert summary.helped([])["change"] is None
    told = summary.helped([play(0.5), play(0.5), play(None)])
    assert (told["measured"], told["songs"], told["modes"]) == (2, [], [])


def test_what_helped_rose_more_often_than_not_and_more_than_all_did() -> None:
    plays = [play(0.4, "Good"), play(0.3, "Good"), play(-0.1, "Good"), *(play(0.0, "Same") for _ in range(4))]
    plays += [play(0.9, "Once"), play(0.05, "Faint"), play(0.05, "Faint"), play(0.05, "Faint")]
    told = summary.helped(plays)
    assert told["songs"] == [{"title": "Good", "artist": "", "plays": 3, "rose": 2, "change": 0.2}]
    assert told["modes"] == [], "it is the mean of all, and not more"
    everything_rises = summary.helped([play(0.3, title) for title in "ABC" for _ in range(3)])
    assert everything_rises["songs"] == [], "with any song faces brightened as much"


def test_a_mode_is_named_from_more_plays() -> None:
    lifted = [play(0.3, str(n), "lift") for n in range(5)]
    others = [play(-0.1, str(n)) for n in range(5)]
    assert summary.helped([*lifted[:4], *others])["modes"] == []
    (found,) = summary.helped([*lifted, *others])["modes"]
    assert found == {"mode": "lift", "plays": 5, "rose": 5, "change": 0.3}


def rows(lines: Iterator[str]) -> list[list[str]]:
    return list(csv.reader(io.StringIO("".join(lines), newline="")))


def test_the_table_of_moods(zone: None) -> None:
    header, row, unread = rows(export.moods([minute(UTC_NOON, happy=10.04, sad=5.0), minute(UTC_NOON + 60, unread=3)]))
    assert dict(zip(header, row, strict=True)) == {
        "begins": "2026-10-18T14:00:00+02:00",
        "seen_s": "15.0",
        **{f"{emotion}_s": "0.0" for emotion in Emotion},
        "happy_s": "10.0",
        "sad_s": "5.0",
        "valence": "0.331",
        "arousal": "0.251",
        "people": "1",
    }
    assert unread[-3:-1] == ["", ""]


@given(
    st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")),
    st.sampled_from(["", "=", "+", "-", "@", "＝", "'=", "\t", "\r", '"', "\n", ","]),
)
def test_any_title_comes_through_and_none_is_a_formula(words: str, beginning: str) -> None:
    title = beginning + words
    header, row = rows(export.songs([Play(UTC_NOON, title, title, "lift", 100.0, None, 0.25)]))
    told = dict(zip(header, row, strict=True))
    assert told["title"] in {title, f"'{title}"}
    assert told["title"] == told["artist"]
    assert not told["title"].startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n"))
    assert (told["valence_before"], told["valence_after"]) == ("", "0.25")


def test_seven_moods_are_in_the_order_of_the_labels() -> None:
    assert len(export.MOODS_HEADER) == SEVEN + 5
    assert export.MOODS_HEADER[2] == "angry_s"
