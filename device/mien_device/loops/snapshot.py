"""Pictures for the home, only where the user allowed them: this file is the only way for a picture out of the process."""

from __future__ import annotations

import threading
import time

import cv2

from mien_device.camera import Frame
from mien_device.home import Publisher
from mien_device.home.messages import Snapshot
from mien_models.preprocess import Image

LEAST_INTERVAL_S = 1.0
"""Pictures are sent this often at most, whoever asks."""
JPEG_QUALITY = 80


class Snapshots:
    """Sends the picture that is looked at when it was asked for, from any thread, or when the mood changed."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._asked = threading.Event()
        self._sent_at = -float("inf")

    def ask(self) -> None:
        """Send the next picture that is looked at."""
        self._asked.set()

    def look(self, frame: Frame, *, changed: bool) -> None:
        """A frame was looked at; `changed`: the mood is another because of it."""
        if changed:
            self._asked.set()
        now = time.monotonic()
        if self._asked.is_set() and now - self._sent_at >= LEAST_INTERVAL_S:
            self._asked.clear()
            self._sent_at = now
            self._publisher.publish(Snapshot(as_jpeg(frame.image)))


def as_jpeg(image: Image) -> bytes:
    """The picture (height, width, 3) as JPEG, in memory."""
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()
