"""A daemon as the page sees it, that does nothing; and the page served for real."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from mien_device.config import PageConfig
from mien_device.page import Cover, Described, NotAllowedError, Outcome, Picture, Reply
from mien_device.page.feed import Feed
from mien_device.page.server import PageServer
from mien_device.page.sleeve import sleeve
from mien_models.errors import DataError
from tests.waiting import wait_until

START_S = 30.0


class Workshop:
    """Remembers which brokers it tried; each look waits until `go_on`."""

    def __init__(self) -> None:
        self.tried: list[tuple[Any, ...]] = []
        self.searches = 0
        self.go_on = threading.Event()
        self.go_on.set()

    def checks(self) -> Reply:
        return Reply(Outcome.DONE, {"findings": []})

    def framing(self) -> Reply:
        return Reply(Outcome.DONE, {"advice": "Good.", "good": True, "faces": []})

    def music(self) -> Reply:
        return Reply(Outcome.DONE, {"folders": {}})

    def nearby(self) -> Reply:
        self.searches += 1
        self.go_on.wait(START_S)
        return Reply(Outcome.DONE, {"found": []})

    def try_broker(self, host: str, port: int, *, tls: bool, username: str, password: str) -> Reply:
        self.tried.append((host, port, tls, username, password))
        return Reply(Outcome.DONE, {"lines": "[mqtt]"})


class Backstage:
    """Remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []
        self.pictures: list[Picture] | None = None
        self.broken = False
        self.workshop = Workshop()

    @property
    def states(self) -> tuple[Described, ...]:
        return (Described("volume/state", "Per cent.", {"type": "integer"}),)

    @property
    def things(self) -> tuple[Described, ...]:
        return (Described("volume", "Volume.", {"type": "integer", "minimum": 0, "maximum": 100}),)

    def ask(self, thing: str, value: Any) -> Reply:
        if thing != "volume":
            return Reply(Outcome.UNKNOWN, {}, "there is no such command")
        self.asked.append((thing, value))
        return Reply(Outcome.DONE, {"value": value})

    def cover(self, key: str) -> Cover | None:
        return sleeve("<Tune>") if key == "tune" else None

    def songs(self) -> Reply:
        return Reply(Outcome.DONE, {"songs": []})

    def place(self, song: str, valence: float, arousal: float) -> Reply:
        self.asked.append((song, (valence, arousal)))
        return Reply(Outcome.DONE, {"id": song})

    def displace(self, song: str) -> Reply:
        return Reply(Outcome.UNKNOWN, {}, "there is no such song")

    def like(self, song: str, *, liked: bool) -> Reply:
        self.asked.append((song, liked))
        return Reply(Outcome.UNSAVED, {}, "the disk is full")

    def history(self, days: int, until: date | None) -> Reply:
        self.asked.append(("history", (days, until)))
        return Reply(Outcome.DONE, {})

    def history_table(self, kind: str) -> Iterator[str]:
        if self.broken:
            raise DataError("history.sqlite3: damaged")
        yield from (f"{kind} {number}\r\n" for number in range(1001))

    def erase_history(self) -> Reply:
        self.asked.append(("erase", None))
        return Reply(Outcome.DONE, {})

    def picture(self, after: int) -> Picture | None:
        if self.pictures is None:
            raise NotAllowedError("page.live")
        return next((picture for picture in self.pictures if picture.number > after), None)


@dataclass
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Served:
    """The page on a port of its own."""

    def __init__(self, server: PageServer, feed: Feed, backstage: Backstage) -> None:
        self.server, self.feed, self.backstage = server, feed, backstage
        assert server.address is not None
        self.port = int(server.address.rstrip("/").rpartition(":")[2])

    def ask(
        self,
        path: str,
        *,
        method: str = "GET",
        body: Any = None,
        at: str = "127.0.0.1",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """A request from the address `at` to the same; `body` is sent as JSON unless it is bytes."""
        connection = http.client.HTTPConnection(at, self.port, timeout=START_S)
        sent = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            body, sent = json.dumps(body).encode(), {"Content-Type": "application/json"} | sent
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, found, response.read())
        finally:
            connection.close()


@contextmanager
def served(config: PageConfig | None = None, token: str | None = None) -> Iterator[Served]:
    """Returns once the page answers."""
    feed, backstage = Feed(), Backstage()
    server = PageServer(config or PageConfig(port=0), token, backstage, feed)
    server.start()
    try:
        page = Served(server, feed, backstage)
        wait_until(lambda: server.answers)
        yield page
    finally:
        server.close()
