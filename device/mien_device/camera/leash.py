"""A camera on a leash: whatever its driver does, nobody waits for it longer than was said."""

from __future__ import annotations

import copy
import logging
import threading
import time
from collections.abc import Callable
from typing import ClassVar

from mien_device.camera import Camera, Frame
from mien_device.latest import Closed, Latest
from mien_models.errors import CameraError

log = logging.getLogger(__name__)

OPEN_S = 20.0
"""So long a camera may take to be opened, beside its time-out; a network camera needs several seconds."""
GRACE_S = 1.0
"""Beside its own time-out: what keeps it says better than we what is wrong."""
FAREWELL_S = 1.0
"""So long `close` waits for the driver to let go."""


class LeashedCamera:
    """Opens and reads a camera in a thread of its own, which is left behind if the driver hangs for good.

    A driver that hangs in the kernel (state D) cannot be woken, not even by SIGKILL (raspberrypi/picamera2 issue 1275).

    Raises:
        MienError: what opening it raised.
        CameraError: it hangs while it is opened.

    """

    leaving: ClassVar[set[threading.Thread]] = set()
    """Threads of cameras that were closed and had not ended when the last one was."""

    def __init__(self, open_camera: Callable[[], Camera], timeout_s: float, open_s: float = OPEN_S) -> None:
        self.name = "camera"
        self._open_camera = open_camera
        self._timeout_s = timeout_s + GRACE_S
        self._camera: Camera | None = None
        self._error: Exception | None = None
        """A copy, and raised as one: through its traceback an error would hold this camera, its driver and its last picture."""
        self._frames: Latest[Frame] = Latest()
        self._opened, self._closed = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._work, name="mien-camera", daemon=True)
        self._thread.start()
        if not self._opened.wait(timeout_s + open_s):
            self._closed.set()
            LeashedCamera.leaving.add(self._thread)
            raise CameraError(
                f"the camera hangs while it is opened, for {timeout_s + open_s:g} s; check its plug or cable"
            )
        if self._camera is None and self._error is not None:
            raise copy.copy(self._error)

    def read(self) -> Frame | None:
        """The next frame; None at the end of the source and after `close`.

        Raises:
            CameraError: what reading it raised, or the driver hangs.

        """
        try:
            frame = self._frames.take(self._timeout_s)
        except Closed:
            if self._error is not None and not self._closed.is_set():
                raise copy.copy(self._error) from None
            return None
        if frame is None:
            raise CameraError(
                f"{self.name}: its driver hangs, no answer for {self._timeout_s:g} s; check its plug or cable"
            )
        return frame

    def close(self) -> None:
        """Let go of it, or leave it behind with its driver. May be called twice."""
        if self._closed.is_set():
            return
        farewell = threading.Thread(target=self._let_go, name="mien-camera-farewell", daemon=True)
        farewell.start()
        # Before whoever reads is woken: it may ask at once who is leaving.
        LeashedCamera.leaving = {thread for thread in LeashedCamera.leaving if thread.is_alive()} | {
            farewell,
            self._thread,
        }
        self._closed.set()
        self._frames.close()
        farewell.join(FAREWELL_S)
        self._thread.join(FAREWELL_S)
        if farewell.is_alive() or self._thread.is_alive():
            log.warning("%s: its driver hangs and is left behind", self.name)

    def _let_go(self) -> None:
        if self._camera is not None:
            self._camera.close()

    def _work(self) -> None:
        try:
            camera = self._open_camera()
            self.name, self._camera = camera.name, camera
            self._opened.set()
            try:
                while not self._closed.is_set() and (frame := camera.read()) is not None:
                    self._frames.put(frame)
            finally:
                camera.close()
        except Exception as error:  # noqa: BLE001 - the loop boundary: it is raised again where the camera is read
            self._error = copy.copy(error)
        finally:
            self._opened.set()
            self._frames.close()


def left_behind() -> bool:
    """Whether a driver still holds a camera `FAREWELL_S` from now that was closed: then only the end of the process lets go of it."""
    end = time.monotonic() + FAREWELL_S
    for thread in list(LeashedCamera.leaving):
        thread.join(max(0.0, end - time.monotonic()))
    LeashedCamera.leaving = {thread for thread in LeashedCamera.leaving if thread.is_alive()}
    return bool(LeashedCamera.leaving)
