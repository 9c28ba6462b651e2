"""The camera's thread: newest frame into the slot, and patience with a camera that fails."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable

from mien_device.camera import Camera, Frame
from mien_device.latest import Latest
from mien_models.errors import CameraError

log = logging.getLogger(__name__)

FIRST_WAIT_S, LONGEST_WAIT_S, TRIES = 0.5, 15.0, 6


class Capture:
    """Reads frames until told to stop or until the source ends."""

    def __init__(
        self, open_camera: Callable[[], Camera], slot: Latest[Frame], stop: threading.Event, tries: int = TRIES
    ) -> None:
        self._open_camera = open_camera
        self._slot = slot
        self._stop = stop
        self._tries = tries
        self._camera: Camera | None = None

    def run(self) -> None:
        """The loop. A source that ends (a replay without loop) stops the daemon; so does a camera beyond hope.

        Raises:
            CameraError: the camera failed `tries` times in a row; systemd starts the daemon anew.

        """
        failures = 0
        try:
            while not self._stop.is_set():
                try:
                    frame = self._read()
                except CameraError as error:
                    failures += 1
                    self._give_up_camera()
                    if failures >= self._tries:
                        raise
                    self._wait(failures, error)
                    continue
                failures = 0
                if frame is None:
                    break
                self._slot.put(frame)
        finally:
            self._give_up_camera()
            self._slot.close()

    def close(self) -> None:
        """Make a `read` that waits return soon. From another thread."""
        camera = self._camera
        if camera is not None:
            camera.close()

    def _read(self) -> Frame | None:
        if self._camera is None:
            self._camera = self._open_camera()
        return self._camera.read()

    def _give_up_camera(self) -> None:
        camera, self._camera = self._camera, None
        if camera is not None:
            camera.close()

    def _wait(self, failures: int, error: CameraError) -> None:
        """Back off, longer each time and never in step with other devices on the same hub."""
        wait_s = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** (failures - 1)) * random.uniform(0.75, 1.25)  # noqa: S311
        log.warning("camera: %s; next try in %.1f s (%d of %d)", error, wait_s, failures, self._tries)
        self._stop.wait(wait_s)
