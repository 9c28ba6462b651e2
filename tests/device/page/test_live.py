"""The live view: for those who are allowed, only while they look, and never an old picture."""

from __future__ import annotations

import email
import threading
import time
from collections.abc import Callable
from email.message import Message
from typing import Any

import cv2
import numpy as np
import pytest

from mien_device.camera import Frame
from mien_device.mood import nobody
from mien_device.page import NotAllowedError, Picture
from mien_device.page.feed import Feed
from mien_device.page.live import LOOKERS
from mien_device.pipeline import Observation, SeenFace
from mien_device.showing import live
from mien_device.showing.live import LOOKS_ON_S, WIDEST, Live
from mien_models.labels import Mood
from mien_models.preprocess import Box
from mien_models.runner import Answer
from tests.device.page.backstage import served
from tests.waiting import LIMIT_S

EYES = ((10.0, 10.0), (30.0, 10.0), (20.0, 20.0), (12.0, 30.0), (28.0, 30.0))


def turn(colour: int = 0, size: tuple[int, int] = (120, 160)) -> tuple[Observation, Frame]:
    now = time.monotonic()
    crop = np.arange(48 * 48, dtype=np.uint8).reshape(48, 48)
    answer = Answer(np.full(7, 1 / 7, np.float32), 0.9)
    faces = (SeenFace(3, Box(5, 6, 40, 50, 0.8, EYES), answer, None, crop), SeenFace(4, Box(90, 6, 20, 20), None))
    observation = Observation(nobody(now), Mood.NONE, 0, 0, 0, faces, 0.002, 0.001)
    return observation, Frame(np.full((*size, 3), colour, np.uint8), now - 0.01, 0)


class Loop:
    """A vision thread with twenty turns a second."""

    def __init__(self, view: Live, show: Callable[[], tuple[Observation, Frame | None]] = turn) -> None:
        self.view, self.show = view, show
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._stop.wait(0.05):
            observation, frame = self.show()
            self.view.see(observation, frame, time.monotonic())

    def __enter__(self) -> Loop:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def test_nobody_may_look_unless_it_is_allowed() -> None:
    view = Live(Feed(), allowed=False)
    view.see(*turn(), time.monotonic())
    with pytest.raises(NotAllowedError, match=r"page\.live = true"):
        view.picture(0)


def test_a_picture_comes_with_what_was_found_and_the_crop_as_the_network_saw_it() -> None:
    view = Live(Feed(), allowed=True)
    with Loop(view, lambda: turn(200, (1080, 1920))):
        first = view.picture(0)
        assert first is not None
        second = view.picture(first.number)
    assert second is not None
    assert second.number > first.number
    found: dict[str, Any] = dict(first.found)
    assert (found["width"], found["height"], found["find_ms"]) == (1920, 1080, 2.0)
    face, lost = found["faces"]
    assert (face["id"], face["box"], face["landmarks"][2]) == (3, [5, 6, 40, 50], [20, 20])
    assert face["probabilities"]["happy"] == pytest.approx(1 / 7, abs=1e-3)
    assert lost["probabilities"] is None
    picture = cv2.imdecode(np.frombuffer(first.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (540, WIDEST, 3)
    assert abs(int(picture.mean()) - 200) < 3
    crop = cv2.imdecode(np.frombuffer(first.crops[3], np.uint8), cv2.IMREAD_GRAYSCALE)
    assert (crop == np.arange(48 * 48, dtype=np.uint8).reshape(48, 48)).all()


def test_nothing_is_drawn_nor_held_while_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[object] = []
    draw = live._draw
    monkeypatch.setattr(live, "_draw", lambda sight: drawn.append(sight) or draw(sight))
    feed = Feed()
    view = Live(feed, allowed=True)

    def watched() -> bool:
        return bool(feed.state["topics"]["page/live"]["value"]["watched"])

    for _ in range(20):
        view.see(*turn(), time.monotonic())
    assert (drawn, view._sight, watched()) == ([], None, False)
    with Loop(view):
        looking = [threading.Thread(target=view.picture, args=(0,)) for _ in range(5)]
        for thread in looking:
            thread.start()
        for thread in looking:
            thread.join()
        assert watched()
    assert 1 <= len(drawn) <= 5
    view.see(*turn(), time.monotonic() + LOOKS_ON_S + 1)
    assert (view._sight, view._picture, watched()) == (None, None, False)


def test_with_the_camera_switched_off_there_is_no_picture_left(monkeypatch: pytest.MonkeyPatch) -> None:
    view = Live(Feed(), allowed=True)
    with Loop(view):
        assert view.picture(0) is not None
    monkeypatch.setattr(live, "PATIENCE_S", 0.3)
    with Loop(view, lambda: (turn()[0], None)):
        time.sleep(0.2)
        assert view.picture(0) is None


def test_who_waits_goes_on_when_mien_stops() -> None:
    view = Live(Feed(), allowed=True)
    threading.Timer(0.1, view.close).start()
    assert view.picture(0) is None


def parts(body: bytes, kind: str) -> dict[str, Message]:
    message = email.message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    return {str(part.get_param("name", header="content-disposition")): part for part in message.get_payload()}  # type: ignore[union-attr]


def test_pictures_over_http() -> None:
    with served() as page:
        refused = page.ask("/api/live")
        assert (refused.status, refused.json["error"]) == (403, "page.live")
        page.backstage.pictures = [Picture(7, {"number": 7}, b"\xff\xd8\r\n--x\x00", {3: b"png"})]
        answer = page.ask("/api/live?after=6")
        assert answer.status == 200
        assert answer.headers["cache-control"] == "no-store"
        found = parts(answer.body, answer.headers["content-type"])
        assert found["picture"].get_payload(decode=True) == b"\xff\xd8\r\n--x\x00"
        assert (found["found"].get_payload(), found["crop-3"].get_payload()) == ('{"number": 7}', "png")
        assert page.ask("/api/live?after=7").status == 204
        for nonsense in ("-1", "x", "1e3", "٣", "9" * 30, ""):
            assert (
                page.ask(f"/api/live?after={nonsense.encode().hex() if not nonsense.isascii() else nonsense}").status
                == 400
            )
        cross = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
        assert page.ask("/api/live", headers=cross).status == 403


def test_more_than_a_few_at_once_are_sent_away() -> None:
    with served() as page:
        full, free = threading.Barrier(LOOKERS + 1), threading.Event()

        def wait(after: int) -> Picture | None:
            full.wait(LIMIT_S)
            free.wait(LIMIT_S)
            return None

        page.backstage.picture = wait  # type: ignore[method-assign]
        answers: list[int] = []
        threads = [
            threading.Thread(target=lambda: answers.append(page.ask("/api/live").status)) for _ in range(LOOKERS)
        ]
        for thread in threads:
            thread.start()
        full.wait(LIMIT_S)
        assert page.ask("/api/live").status == 429
        free.set()
        for thread in threads:
            thread.join()
        assert answers == [204] * LOOKERS
