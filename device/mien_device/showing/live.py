"""What the camera sees, for those who look, if the user allows it. Costs a comparison a frame while nobody does."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

import cv2

from mien_device.camera import Frame
from mien_device.page import NotAllowedError, Picture
from mien_device.page.feed import Feed
from mien_device.pipeline import Observation, SeenFace
from mien_device.showing.records import LiveNow
from mien_models.labels import by_label
from mien_models.preprocess import Image

log = logging.getLogger(__name__)

PATIENCE_S = 4.0
"""Who asks for a picture waits for so long."""
LOOKS_ON_S = 2.5
"""Who asked within this time still looks."""
WIDEST = 960
"""Pixels; a wider picture is made smaller before it is sent."""
JPEG_QUALITY = 75
RATE_OVER = 20
"""Frames over which the rate is measured."""
HOW = "nobody may see through the camera; page.live = true in mien's configuration allows it"


@dataclass(frozen=True, slots=True)
class _Sight:
    number: int
    frame: Frame
    observation: Observation
    seen_at: float
    fps: float


class Live:
    """`see` is for the vision thread, `picture` for any."""

    def __init__(self, feed: Feed, *, allowed: bool) -> None:
        self._feed = feed
        self._allowed = allowed
        self._closed = False
        self._news = threading.Condition()
        self._sight: _Sight | None = None
        self._picture: Picture | None = None
        """Of `_sight`, once somebody wanted it."""
        self._drawing = threading.Lock()
        self._number = 0
        self._waiting = 0
        """So many wait for a picture now."""
        self._asked_at = -math.inf
        """When the last one got theirs."""
        self._watched = False
        self._times: deque[float] = deque(maxlen=RATE_OVER)
        self._tell()
        if allowed:
            log.info("live view: the page may show what the camera sees (page.live)")

    def see(self, observation: Observation, frame: Frame | None, now: float) -> None:
        """A turn of the loop; without a frame there is nothing to see any more."""
        if not self._allowed:
            return
        watched = self._waiting > 0 or now - self._asked_at < LOOKS_ON_S
        if watched != self._watched:
            self._watched = watched
            self._tell()
            log.info("live view: %s", "somebody looks through the camera" if watched else "nobody looks any more")
        if not watched and self._sight is None:
            return
        with self._news:
            if watched and frame is not None:
                self._times.append(now)
                self._number += 1
                self._sight = _Sight(self._number, frame, observation, now, self._rate())
                self._news.notify_all()
            else:  # no picture outlasts those who look at it, nor the camera
                self._sight = self._picture = None
                self._times.clear()

    def picture(self, after: int) -> Picture | None:
        """The newest, as soon as its number is not `after`; drawn once for all who look. None if none comes.

        Raises:
            NotAllowedError: the user did not allow it.

        """
        if not self._allowed:
            raise NotAllowedError(HOW)
        with self._news:
            self._waiting += 1
            self._news.wait_for(
                lambda: self._closed or (self._sight is not None and self._sight.number != after), PATIENCE_S
            )
            sight = self._sight
            self._waiting -= 1
            self._asked_at = time.monotonic()
        if sight is None or sight.number == after:
            return None
        with self._drawing:
            picture = self._picture
            if picture is None or picture.number != sight.number:
                picture = _draw(sight)
                with self._news:
                    self._picture = picture if self._sight is not None else None
        return picture

    def close(self) -> None:
        """Let those who wait go on: nothing will come any more."""
        with self._news:
            self._closed = True
            self._news.notify_all()

    def _rate(self) -> float:
        passed = self._times[-1] - self._times[0]
        return round((len(self._times) - 1) / passed, 1) if passed > 0 else 0.0

    def _tell(self) -> None:
        self._feed.put(LiveNow.topic, LiveNow(allowed=self._allowed, watched=self._watched).model_dump())


def _draw(sight: _Sight) -> Picture:
    image, observation = sight.frame.image, sight.observation
    height, width = image.shape[:2]
    found = {
        "number": sight.number,
        "width": width,
        "height": height,
        "fps": sight.fps,
        "age_ms": round(1000 * (sight.seen_at - sight.frame.captured_at), 1),
        "find_ms": round(1000 * observation.find_s, 1),
        "read_ms": round(1000 * observation.classify_s, 1),
        "faces": [_face(face) for face in observation.faces],
    }
    if width > WIDEST:
        size = (WIDEST, round(height * WIDEST / width))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    jpeg = _encode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    crops = {face.id: _encode(".png", face.crop, []) for face in observation.faces if face.crop is not None}
    return Picture(sight.number, found, jpeg, crops)


def _encode(suffix: str, image: Image, options: list[int]) -> bytes:
    return cv2.imencode(suffix, image, options)[1].tobytes()


def _face(face: SeenFace) -> Mapping[str, object]:
    box, answer = face.box, face.answer
    shares = None if answer is None else by_label(answer.probabilities)
    return {
        "id": face.id,
        "box": [round(value, 1) for value in (box.x, box.y, box.width, box.height)],
        "score": round(box.score, 2),
        "landmarks": [[round(x, 1), round(y, 1)] for x, y in box.landmarks],
        "probabilities": shares and {emotion: round(share, 3) for emotion, share in shares.items()},
        "readable": None if answer is None else round(answer.readable, 2),
        "trouble": face.trouble,
    }
