"""Webcams and network cameras, through OpenCV."""

from __future__ import annotations

import threading
import time
from typing import Any

import cv2

from mien_device.camera import Frame
from mien_device.camera.addresses import stream_host
from mien_device.camera.colour import as_colour
from mien_device.camera.living import Liveliness
from mien_device.camera.quiet import silence_opencv
from mien_device.config.schema import CameraConfig
from mien_device.latest import Closed, Latest
from mien_models.errors import CameraError

_PAUSE_S = 0.01
"""Between two tries on a device that answers at once with nothing."""
_STUTTER_S = 1.0
"""A webcam may give nothing for so long (it wakes up, or one of its pictures is spoiled) and is not yet gone."""
_FAREWELL_S = 0.4
"""How long `close` waits for a driver that hangs. Its thread lets go of the device when the driver answers."""


class OpenCvCamera:
    """A webcam (a number or /dev/videoN) or a stream (rtsp://…, http://…).

    A thread of its own empties the driver's queue, so that `read` gives the newest picture, keeps its time-out whatever
    the driver does (V4L2 waits ten seconds, FFmpeg three times what it was told), and can be left by `close`.

    Raises:
        CameraError: it cannot be opened.

    """

    def __init__(self, source: str, config: CameraConfig) -> None:
        silence_opencv()
        self._is_device = "://" not in source
        self.name = f"webcam {source}" if self._is_device else f"stream {stream_host(source)}"
        self._timeout_s = config.timeout_s
        self._period_s = 1 / config.fps
        self._next_at = 0.0
        self._capture = self._open(source, config)
        self._pictures: Latest[tuple[Any, float]] = Latest()
        self._number = 0
        # Of a stream a still picture may be all that it has to show.
        self._liveliness = Liveliness(self.name, self._timeout_s) if self._is_device else None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._drain, name="mien-camera-driver", daemon=True)
        self._thread.start()

    def _open(self, source: str, config: CameraConfig) -> cv2.VideoCapture:
        if self._is_device:
            capture = cv2.VideoCapture(int(source) if source.isdecimal() else source, cv2.CAP_V4L2)
            capture.set(cv2.CAP_PROP_FRAME_WIDTH, config.width)
            capture.set(cv2.CAP_PROP_FRAME_HEIGHT, config.height)
            capture.set(cv2.CAP_PROP_FPS, config.fps)
        else:
            wait_ms = round(1000 * config.timeout_s)
            limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, wait_ms, cv2.CAP_PROP_READ_TIMEOUT_MSEC, wait_ms]
            capture = cv2.VideoCapture(source, cv2.CAP_FFMPEG, limits)
        if not capture.isOpened():
            capture.release()
            remedy = "`mien check` lists what is there" if self._is_device else "check its address and password"
            raise CameraError(f"{self.name} cannot be opened; {remedy}")
        return capture

    def read(self) -> Frame | None:
        """The newest picture, at most `fps` a second whatever the camera sends; None after `close`.

        Raises:
            CameraError: no picture came in time, always the same one comes, it is no picture, or the camera is gone.

        """
        if self._stop.wait(max(0.0, self._next_at - time.monotonic())):
            return None
        try:
            newest = self._pictures.take(self._timeout_s)
        except Closed:
            if self._stop.is_set():
                return None
            raise CameraError(f"{self.name} has gone; check its plug or its network") from None
        if newest is None:
            raise CameraError(f"{self.name} gave no frame for {self._timeout_s:g} s; check its plug or its network")
        given, captured_at = newest
        image = as_colour(given, self.name)
        if self._liveliness is not None:
            self._liveliness.check(image, captured_at)
        # A tenth less than the period: two clocks that nearly agree would otherwise skip every second frame.
        self._next_at = captured_at + 0.9 * self._period_s
        frame = Frame(image, captured_at, self._number)
        self._number += 1
        return frame

    def close(self) -> None:
        """Make `read` return and let go of the device, at the latest when the driver's own wait ends."""
        if self._stop.is_set():
            return
        self._stop.set()
        self._pictures.close()
        self._thread.join(_FAREWELL_S)

    def _drain(self) -> None:
        """The thread: owns the capture, so that nobody releases it while it reads."""
        silent_since: float | None = None
        try:
            while not self._stop.is_set():
                there, image = self._capture.read()
                now = time.monotonic()
                if there:
                    silent_since = None
                    self._pictures.put((image, now))
                    continue
                silent_since = silent_since or now
                if now - silent_since >= (_STUTTER_S if self._is_device else 0):
                    break  # a stream says by this that it has ended, a webcam only if it does not stop saying it
                self._stop.wait(_PAUSE_S)
        finally:
            self._capture.release()
            self._pictures.close()
