"""The history over HTTP, and what the daemon answers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from mien_device import clock
from mien_device.config import HistoryConfig
from mien_device.history import Minute, Play
from mien_device.history.store import FILE, History
from mien_device.mood import MoodState, nobody
from mien_device.page import Outcome
from mien_device.showing.history import Past
from mien_models.labels import Emotion, Mood
from tests.device.page.backstage import Served, served

HAPPY = MoodState(Mood.HAPPY, 0.9, 0.8, 0.5, {Emotion.HAPPY: 1.0}, faces=2, since=0.0)


class FakeTrack:
    title, artist = "Tune", "Band"


class FakeJukebox:
    playing: Any = FakeTrack()
    mode = "follow"
    paused = False


@pytest.fixture(scope="module")
def page() -> Iterator[Served]:
    with served() as page:
        yield page


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("", (1, None)),
        ("?days=7", (7, None)),
        ("?days=1&until=2026-02-28", (1, date(2026, 2, 28))),
    ],
)
def test_a_day_or_a_week_is_asked_for(page: Served, query: str, asked: object) -> None:
    assert page.ask(f"/api/history{query}").status == 200
    assert page.backstage.asked[-1] == ("history", asked)


@pytest.mark.parametrize(
    "query",
    [*(f"days={days}" for days in ("0", "2", "07", "-1", "", "1e0", "٧")), "until=", "until=yesterday"]
    + [
        f"until={day}"
        for day in ("2026-02-30", "20260228", "2026-W09-6", "1999-01-01", "9999-12-31", "2026-02-28T12:00")
    ],
)
def test_what_is_no_day_is_said(page: Served, query: str) -> None:
    answer = page.ask(f"/api/history?{quote(query, safe='=-')}")
    assert answer.status == 400
    assert "days" in answer.json["error"] or "day such as" in answer.json["error"]


def test_tables_are_saved_as_files(page: Served) -> None:
    for kind in ("moods", "songs"):
        answer = page.ask(f"/api/history/{kind}.csv")
        assert answer.status == 200
        assert answer.headers["content-type"].startswith("text/csv")
        assert answer.headers["content-disposition"] == f'attachment; filename="mien-{kind}.csv"'
        assert answer.headers["cache-control"] == "no-store"
        assert answer.body.decode().split("\r\n")[:-1] == [f"{kind} {number}" for number in range(1001)]
    assert page.ask("/api/history/others.csv").status == 404


def test_what_cannot_be_read_is_said_before_anything_is_sent(page: Served) -> None:
    page.backstage.broken = True
    try:
        answer = page.ask("/api/history/moods.csv")
    finally:
        page.backstage.broken = False
    assert (answer.status, answer.json["error"]) == (507, "history.sqlite3: damaged")


def test_it_is_erased_by_this_page_alone(page: Served) -> None:
    before = len(page.backstage.asked)
    strange = {"Origin": "http://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
    assert page.ask("/api/history", method="DELETE", body={}, headers=strange).status == 403
    assert page.ask("/api/history", method="DELETE").status == 415
    assert len(page.backstage.asked) == before
    assert page.ask("/api/history", method="DELETE", body={}).json == {"status": "ok", "data": {}}
    assert page.backstage.asked[-1] == ("erase", None)


def notice(past: Past, seconds: int = 60, state: MoodState = HAPPY) -> None:
    """As if it had been seen until now."""
    now = time.monotonic() - seconds
    for second in range(seconds):
        past.see(state, now + second)
        past.hear(FakeJukebox(), now + second)  # type: ignore[arg-type]


def test_what_is_not_written_yet_is_shown_and_saved(tmp_path: Path) -> None:
    past = Past(tmp_path, HistoryConfig())
    notice(past)
    past.hear(type("Silent", (FakeJukebox,), {"playing": None})(), 1e9)  # the song has ended
    told = past.show(7, None).data
    assert not (tmp_path / FILE).exists()
    assert told["total"]["moods"] == {"happy": 59.0}
    assert told["total"]["people"] == 2
    assert [(song["title"], song["artist"], song["mode"]) for song in told["played"]] == [("Tune", "Band", "follow")]
    assert told["first"] is not None
    lines = list(past.table("moods"))
    assert len(lines) >= 2
    assert (tmp_path / FILE).exists()
    assert past.show(7, None).data["total"]["moods"] == {"happy": 59.0}, "and not twice"
    assert past.erase().outcome is Outcome.DONE
    empty = past.show(7, None).data
    assert (empty["slots"], empty["played"], empty["first"], empty["helped"]["measured"]) == ([], [], None, 0)
    past.close()


def test_switched_off_nothing_is_noted_and_what_was_before_can_be_erased(tmp_path: Path) -> None:
    history = History(tmp_path)
    history.write([Minute(clock.now(), 5.0)], [Play(clock.now(), "Before", "", "lift", 60.0)])
    history.close()
    past = Past(tmp_path, HistoryConfig(enabled=False))
    notice(past)
    told = past.show(7, None).data
    assert (told["on"], told["total"]["seen_s"], [song["title"] for song in told["played"]]) == (False, 5.0, ["Before"])
    past.erase()
    past.close()
    with closing(History(tmp_path)) as left:
        assert left.first is None


def test_with_the_camera_off_no_mood_is_noted(tmp_path: Path) -> None:
    past = Past(tmp_path, HistoryConfig())
    notice(past, state=nobody(0.0))
    past.close()
    with closing(History(tmp_path)) as left:
        assert left.minutes(0, 1e11) == []


def test_a_damaged_history_costs_a_sentence(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"rubbish" * 1000)
    past = Past(tmp_path, HistoryConfig())
    reply = past.show(1, None)
    assert reply.outcome is Outcome.UNSAVED
    assert "damaged" in str(reply.error)
    assert past.erase().outcome is Outcome.DONE
    assert past.show(1, None).outcome is Outcome.DONE
    past.close()


def test_many_may_look_at_once(tmp_path: Path) -> None:
    past = Past(tmp_path, HistoryConfig())
    notice(past)
    past.start()

    def look() -> None:
        for _ in range(20):
            assert past.show(7, None).data["total"]["moods"] == {"happy": 59.0}
            list(past.table("moods"))

    with ThreadPoolExecutor(4) as threads:
        for looking in [threads.submit(look) for _ in range(4)]:
            looking.result()
    past.close()
