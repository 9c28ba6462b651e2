"""Pictures for the home, only where the user allowed them: this file is the only way for a picture out of the process."""

from __future__ import annotations

import time

import cv2

from mien_device.camera import Frame
from mien_device.home import Publisher
from mien_device.home.messages import Snapshot
from mien_models.preprocess import Image

LEAST_INTERVAL_S = 1.0
"""Pictures are sent this often at most, whoever asks."""
PATIENCE_S = 2.0
"""A picture that could not be taken for so long after it was asked for is not taken: who asked meant that moment."""
JPEG_QUALITY = 80


class Snapshots:
    """Sends the picture that is looked at when it was asked for, from any thread, or when the mood changed."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._asked_at = self._sent_at = -float("inf")

    def ask(self) -> None:
        """Send the next picture that is looked at."""
        self._asked_at = time.monotonic()

    def forget(self) -> None:
        """Nothing that was asked for before the camera was switched off is done when it is on again."""
        self._asked_at = -float("inf")

    def look(self, frame: Frame, *, changed: bool) -> None:
        """A frame was looked at; `changed`: the mood is another because of it."""
        now = time.monotonic()
        if changed:
            self._asked_at = now
        if now - self._asked_at <= PATIENCE_S and now - self._sent_at >= LEAST_INTERVAL_S:
            self._asked_at = -float("inf")
            self._sent_at = now
            self._publisher.publish(Snapshot(as_jpeg(frame.image)))


def as_jpeg(image: Image) -> bytes:
    """The picture (height, width, 3) as JPEG, in memory."""
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()
