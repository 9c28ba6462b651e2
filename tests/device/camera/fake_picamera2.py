"""A stand-in for the package picamera2 that minds how it is used and fails as the real one does."""

from __future__ import annotations

import threading
import time
from types import ModuleType
from typing import Any

import numpy as np

from mien_models.preprocess import Image

PADDING = 8
"""Pixels that a row of the buffer is wider than the picture."""


class Board:
    """What is attached, how it behaves, and every camera that was opened on it."""

    def __init__(self) -> None:
        self.attached: list[dict[str, Any]] = [{"Model": "imx708", "Id": "/base/soc/i2c0mux/i2c@1/imx708@1a", "Num": 0}]
        self.opened: list[FakePicamera2] = []
        self.fails_in: dict[str, Exception] = {}
        """Raised by the method of this name."""
        self.hangs = threading.Event()
        """While set, no frame comes."""

    def module(self) -> ModuleType:
        board = self

        class Picamera2(FakePicamera2):
            def __init__(self, camera_num: int = 0) -> None:
                super().__init__(board, camera_num)

            @staticmethod
            def global_camera_info() -> list[dict[str, Any]]:
                return board.attached

        module = ModuleType("picamera2")
        module.Picamera2 = Picamera2  # type: ignore[attr-defined]
        return module


class FakePicamera2:
    """One camera. Its buffers run out if requests are not released; it is configured once and must be closed."""

    def __init__(self, board: Board, number: int) -> None:
        self.board = board
        self.number = number
        self._may_fail("init")
        assert all(camera.closed for camera in board.opened), "the camera is still open elsewhere"
        board.opened.append(self)
        self.configuration: dict[str, Any] | None = None
        self.started = self.closed = False
        self.out = 0
        """Requests that were asked for and not released."""
        self.frames = 0

    def _may_fail(self, method: str) -> None:
        if method in self.board.fails_in:
            raise self.board.fails_in[method]

    def create_video_configuration(
        self, *, main: dict[str, Any], buffer_count: int, controls: dict[str, Any]
    ) -> dict[str, Any]:
        return {"main": main, "buffer_count": buffer_count, "controls": controls}

    def configure(self, configuration: dict[str, Any]) -> None:
        self._may_fail("configure")
        assert self.configuration is None, "configured twice"
        assert not self.closed
        self.configuration = configuration

    def start(self) -> None:
        self._may_fail("start")
        assert self.configuration is not None, "started before it was configured"
        assert not self.started
        self.started = True

    def capture_request(self, wait: bool | float | None = None) -> Job:
        assert self.started
        assert not self.closed, "used after it was closed"
        assert wait is False, "would block for ever"
        assert self.configuration is not None
        assert self.out < self.configuration["buffer_count"], "no buffer left: requests were not released"
        self.out += 1
        return Job(self)

    def close(self) -> None:
        assert not self.closed, "closed twice"
        self.closed = True


class Job:
    """The promise of a frame."""

    def __init__(self, camera: FakePicamera2) -> None:
        self._camera = camera
        self._taken = False

    def get_result(self, timeout: float | None = None) -> Request:
        assert timeout is not None, "would block for ever"
        assert not self._taken
        deadline = time.monotonic() + timeout
        while self._camera.board.hangs.is_set():
            if time.monotonic() >= deadline:
                raise TimeoutError
            time.sleep(0.005)
        self._taken = True
        return Request(self._camera)


class Request:
    """A frame in one of the camera's buffers."""

    def __init__(self, camera: FakePicamera2) -> None:
        self._camera = camera
        self._released = False

    def make_array(self, name: str) -> Image:
        assert name == "main"
        assert not self._released
        assert not self._camera.closed
        self._camera._may_fail("make_array")
        assert self._camera.configuration is not None
        main = self._camera.configuration["main"]
        assert main["format"] == "RGB888", "anything else is not blue, green, red in memory"
        width, height = main["size"]
        image = np.zeros((height, width + PADDING, 3), np.uint8)
        image[:, :width] = (200, 100, self._camera.frames)
        self._camera.frames += 1
        return image

    def release(self) -> None:
        assert not self._released
        self._released = True
        self._camera.out -= 1
