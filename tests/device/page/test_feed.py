"""What viewers get: all that is known, then what comes, and of what came too fast the newest."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

from mien_device.page.feed import MOMENTS, Feed


def read(chunk: bytes) -> list[Any]:
    return [json.loads(line[6:]) for line in chunk.decode().splitlines() if line.startswith("data: ")]


async def first_two(feed: Feed, between: Any = lambda: None) -> tuple[list[Any], list[Any], list[Any]]:
    """What a viewer is greeted with, what is known, and what comes when `between` was called."""
    watching = feed.watch()
    greeting, known = read(await anext(watching)), read(await anext(watching))
    thread = threading.Thread(target=between)
    thread.start()
    thread.join()
    news = read(await asyncio.wait_for(anext(watching), 5))
    await watching.aclose()
    return greeting, known, news


def test_a_viewer_gets_the_clock_then_all_that_is_known_then_news() -> None:
    times = iter(range(1, 100))
    feed = Feed(lambda: next(times))
    feed.put("a", 1)
    feed.put("b", {"x": "ü\udc80"})
    feed.put("moment", "missed", keep=False)

    def later() -> None:
        feed.put("moment", "seen", keep=False)
        feed.put("a", 2)

    greeting, known, news = asyncio.run(first_two(feed, later))
    assert greeting == [{"now": 4}]
    assert known == [{"topic": "a", "at": 1, "value": 1}, {"topic": "b", "at": 2, "value": {"x": "ü\udc80"}}]
    assert [(each["topic"], each["value"]) for each in news] == [("a", 2), ("moment", "seen")], "the state goes first"
    assert feed.state["topics"]["a"]["value"] == 2
    assert feed.viewers == 0, "who went away is forgotten"


def test_a_slow_viewer_gets_the_newest_and_no_queue() -> None:
    feed = Feed()
    feed.put("a", -1)

    def flood() -> None:
        for number in range(1000):
            feed.put("a", number)
            feed.put("moment", number, keep=False)

    _, _, news = asyncio.run(first_two(feed, flood))
    assert [each["value"] for each in news if each["topic"] == "a"] == [999]
    assert [each["value"] for each in news if each["topic"] == "moment"] == list(range(1000 - MOMENTS, 1000))


def test_what_is_the_same_is_not_sent_again() -> None:
    feed = Feed()
    feed.put("a", {"x": 1})

    def again() -> None:
        feed.put("a", {"x": 1})
        feed.put("b", 0)

    _, _, news = asyncio.run(first_two(feed, again))
    assert [each["topic"] for each in news] == ["b"]


def test_closing_ends_every_stream() -> None:
    async def watch() -> int:
        feed = Feed()
        chunks = 0
        async for _ in feed.watch():
            chunks += 1
            threading.Thread(target=feed.close).start()
        feed.put("a", 1)
        async for _ in feed.watch():
            chunks += 100
        return chunks

    assert asyncio.run(asyncio.wait_for(watch(), 5)) == 1
