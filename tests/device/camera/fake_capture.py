"""A stand-in for cv2.VideoCapture that does what bad drivers do."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable

import numpy as np

from mien_models.preprocess import Image

Answer = tuple[bool, Image | None]


def noise() -> Callable[[], Answer]:
    """A living camera: no two pictures are the same. The first pixel counts them."""
    numbers = itertools.count()

    def answer() -> Answer:
        image = np.zeros((4, 4, 3), np.uint8)
        image[0, 0] = next(numbers) % 256
        return True, image

    return answer


def nothing() -> Answer:
    return False, None


class FakeCapture:
    """Opens what it is told to, remembers how, and answers each `read` after a period as `answer` says."""

    def __init__(
        self, answer: Callable[[], Answer], period_s: float = 0.02, opens: Callable[[object], bool] = lambda _: True
    ) -> None:
        self._answer = answer
        self._period_s = period_s
        self._opens = opens
        self.opened: list[tuple[object, ...]] = []
        self.properties: dict[int, float] = {}
        self.hang = threading.Event()
        """While set, `read` does not return."""
        self.released = 0
        self.reading = False

    def __call__(self, *arguments: object) -> FakeCapture:
        """In the place of the class."""
        self.opened.append(arguments)
        return self

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
        return self._opens(self.opened[-1][0])

    def set(self, name: int, value: float) -> bool:
        self.properties[name] = value
        return True

    def read(self) -> Answer:
        assert self.isOpened()
        self.reading = True
        time.sleep(self._period_s)
        while self.hang.is_set():
            time.sleep(0.01)
        self.reading = False
        return self._answer()

    def release(self) -> None:
        assert not self.reading, "released while another thread reads: this crashes the real one"
        self.released += 1
