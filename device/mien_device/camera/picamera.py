"""The Raspberry Pi's own camera, through Picamera2 (a package of Raspberry Pi OS, not of PyPI)."""

from __future__ import annotations

import threading
import time
from typing import Any, ClassVar

import numpy as np

from mien_device.camera import Frame, WornOutError
from mien_device.camera.living import Liveliness
from mien_device.config.schema import CameraConfig
from mien_models.errors import CameraError, MissingDependencyError

_BUFFERS = 4
"""Each is a whole picture in the scarce contiguous memory; fewer cure "Cannot allocate memory" (picamera2 #972)."""
_OPENINGS = 3
"""Picamera2 loses contiguous memory with every opening and fails after about seven (picamera2 #887, #958)."""
_TURN_S = 0.2
"""How quickly a waiting `read` notices `close`."""


class PiCamera:
    """One camera, configured once, its buffers given back as soon as they are copied.

    Raises:
        MissingDependencyError: Picamera2 is not installed.
        CameraError: there is no camera, or it cannot be opened.
        WornOutError: this process has opened it too often; a fresh process can.

    """

    openings: ClassVar[int] = 0
    """How often this process has opened it."""

    def __init__(self, config: CameraConfig) -> None:
        picamera2 = import_picamera2()
        attached = pi_cameras(picamera2)
        if not attached:
            raise CameraError("no Pi camera is attached; check its cable and `rpicam-hello --list-cameras`")
        if PiCamera.openings >= _OPENINGS:
            raise WornOutError(f"the Pi camera failed {_OPENINGS} times; it needs a fresh process: restart mien")
        PiCamera.openings += 1
        self.name = f"Pi camera {attached[0].get('Model', '')}".rstrip()
        self._timeout_s = config.timeout_s
        self._size = (config.width, config.height)
        self._liveliness = Liveliness(self.name, self._timeout_s)
        self._number = 0
        self._waiting: Any = None
        """A request that was asked for and has not come yet: forgotten, it would keep its buffer."""
        self._closed = threading.Event()
        self._in_use = threading.Lock()
        try:
            self._camera = picamera2(attached[0].get("Num", 0))
            self._start(config.fps)
        except (RuntimeError, IndexError, OSError) as error:  # busy or broken; OSError: no contiguous memory left
            raise CameraError(f"the Pi camera cannot be opened ({error}); is another program using it?") from error

    def _start(self, fps: float) -> None:
        period_us = round(1e6 / fps)
        configuration = self._camera.create_video_configuration(
            main={"size": self._size, "format": "RGB888"},  # libcamera's name for what NumPy sees as blue, green, red
            buffer_count=_BUFFERS,
            controls={"FrameDurationLimits": (period_us, period_us)},
        )
        try:
            self._camera.configure(configuration)
            self._camera.start()
        except (RuntimeError, OSError):
            self._camera.close()
            raise

    def read(self) -> Frame | None:
        """The next frame; None after `close`.

        Raises:
            CameraError: it did not come in time, or always the same one comes.

        """
        with self._in_use:
            return None if self._closed.is_set() else self._read()

    def _read(self) -> Frame | None:
        if self._waiting is None:
            self._waiting = self._camera.capture_request(wait=False)
        deadline = time.monotonic() + self._timeout_s
        while not self._closed.is_set():
            try:
                request = self._waiting.get_result(timeout=min(_TURN_S, self._timeout_s))
            except TimeoutError:
                if time.monotonic() >= deadline:
                    raise CameraError(f"{self.name} gave no frame for {self._timeout_s:g} s; check its cable") from None
                continue
            self._waiting = None
            return self._copy(request)
        return None

    def _copy(self, request: Any) -> Frame:
        captured_at = time.monotonic()
        width, height = self._size
        try:
            # Rows may be padded. `make_array` is a copy already, so the buffer can go back.
            image = np.ascontiguousarray(request.make_array("main")[:height, :width])
        finally:
            request.release()
        self._liveliness.check(image, captured_at)
        frame = Frame(image, captured_at, self._number)
        self._number += 1
        return frame

    def close(self) -> None:
        """Stop the camera, as soon as a `read` that waits has noticed."""
        if self._closed.is_set():
            return
        self._closed.set()
        with self._in_use:
            self._camera.close()


def import_picamera2() -> Any:
    """The class Picamera2.

    Raises:
        MissingDependencyError: it is not installed, or not for this Python.

    """
    try:
        from picamera2 import Picamera2
    except ImportError as error:
        raise MissingDependencyError(
            f"Picamera2 cannot be imported ({error}); `sudo apt install python3-picamera2`, "
            "and make the virtual environment with --system-site-packages"
        ) from error
    return Picamera2


def pi_cameras(picamera2: Any) -> list[dict[str, Any]]:
    """What Picamera2 knows about the cameras on the board's own connectors; it lists webcams too, but serves them ill."""
    return [info for info in picamera2.global_camera_info() if "/usb" not in str(info.get("Id", ""))]
