"""The camera's thread: newest frame into the slot, patience with a camera that fails, and none while it is switched off."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable

from mien_device.camera import Camera, Frame
from mien_device.home import Publisher
from mien_device.home.messages import OFFLINE, ONLINE, CameraAvailability, CameraSwitch, switch
from mien_device.latest import Latest
from mien_models.errors import CameraError

log = logging.getLogger(__name__)

FIRST_WAIT_S, LONGEST_WAIT_S, TRIES = 0.5, 15.0, 6
OFF_TURN_S = 0.5
"""While the camera is off the thread looks this often whether the daemon stops."""


class Capture:
    """Reads frames until told to stop or until the source ends."""

    def __init__(
        self,
        open_camera: Callable[[], Camera],
        slot: Latest[Frame],
        publisher: Publisher,
        stop: threading.Event,
        *,
        on: bool = True,
        tries: int = TRIES,
    ) -> None:
        self._open_camera = open_camera
        self._slot = slot
        self._publisher = publisher
        self._stop = stop
        self._tries = tries
        self._camera: Camera | None = None
        self._on = threading.Event()
        if on:
            self._on.set()
        self._switched = threading.Event()
        """Whether the camera was closed from outside, so that the end of its frames is no end of the source."""
        self._told: bool | None = None

    @property
    def on(self) -> bool:
        """Whether the camera is wanted. When it is not, no frame may be looked at any more."""
        return self._on.is_set()

    def switch(self, on: bool) -> None:
        """Open or close the camera. From any thread; that it was done is told to the home by the capture thread."""
        if on == self._on.is_set():
            return
        if on:
            self._on.set()
            return
        self._switched.set()
        self._on.clear()
        self.close()

    def greet(self) -> None:
        """Give the publisher a state to begin with. A camera that is off is not out of order."""
        self._publisher.publish(CameraSwitch(switch(self.on)))
        self._tell(works=not self.on)

    def run(self) -> None:
        """The loop. A source that ends (a replay without loop) stops the daemon; so does a camera beyond hope.

        Raises:
            CameraError: the camera failed `tries` times in a row; systemd starts the daemon anew.

        """
        failures = 0
        try:
            while not self._stop.is_set():
                if not self._on.is_set():
                    self._rest()
                    failures = 0
                    continue
                try:
                    frame = self._read()
                except CameraError as error:
                    self._give_up_camera()
                    if self._was_switched():
                        continue
                    failures += 1
                    if failures > 1:  # a first time may be a hiccup; the home is not told of each
                        self._tell(works=False)
                    if failures >= self._tries:
                        raise
                    self._wait(failures, error)
                    continue
                if frame is None:
                    self._give_up_camera()
                    if self._was_switched():
                        continue
                    break
                failures = 0
                if self._on.is_set():
                    self._tell(works=True)
                    self._slot.put(frame)
        finally:
            self._give_up_camera()
            self._slot.close()

    def close(self) -> None:
        """Make a `read` that waits return soon. From another thread."""
        camera = self._camera
        if camera is not None:
            camera.close()

    def _rest(self) -> None:
        """Close the camera, say so, and wait until it is wanted again."""
        self._give_up_camera()
        self._switched.clear()
        self._tell(works=True)
        self._publisher.publish(CameraSwitch(switch(False)))
        log.info("camera: switched off")
        while not self._stop.is_set() and not self._on.wait(OFF_TURN_S):
            pass
        if self._on.is_set():
            log.info("camera: switched on")
            self._publisher.publish(CameraSwitch(switch(True)))

    def _was_switched(self) -> bool:
        """Whether the camera was closed by `switch`, and not by a fault; asked once for each time."""
        was = self._switched.is_set() or not self._on.is_set()
        self._switched.clear()
        return was

    def _tell(self, *, works: bool) -> None:
        if works != self._told:
            self._told = works
            self._publisher.publish(CameraAvailability(ONLINE if works else OFFLINE))

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
        end = time.monotonic() + wait_s
        # Also to be switched off ends the wait: whoever does it wants to see that it was done.
        while self._on.is_set() and (left := end - time.monotonic()) > 0 and not self._stop.wait(min(left, OFF_TURN_S)):
            pass
