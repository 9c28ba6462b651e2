"""The camera's thread: newest frame into the slot, patience with a camera that fails, and none while it is switched off."""

from __future__ import annotations

import logging
import math
import random
import threading
import time
from collections.abc import Callable

from mien_device.camera import Camera, Frame, WornOutError
from mien_device.camera.leash import left_behind
from mien_device.camera.living import is_plain
from mien_device.home import Publisher
from mien_device.home.messages import OFFLINE, ONLINE, CameraAvailability, CameraSwitch, switch
from mien_device.latest import Latest
from mien_models.errors import CameraError

log = logging.getLogger(__name__)

FIRST_WAIT_S, LONGEST_WAIT_S, TRIES = 0.5, 15.0, 6
SEEKING_WAIT_S = 5.0
"""The longest while there was no camera yet: somebody may stand there and plug one in."""
HICCUP_S = 3.0
"""A camera that fails once and gave a frame so shortly before is not yet told of."""
PLAIN_S = 10.0
"""Pictures of one colour are no fault of the camera's at once: somebody may pass close by."""
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
        save: Callable[[], object] = lambda: None,
    ) -> None:
        """Prepare it. `save` is called before the home is told that the camera is off or on: from then on it must be
        so after a power cut as well.
        """
        self._open_camera = open_camera
        self._slot = slot
        self._publisher = publisher
        self._stop = stop
        self._tries = tries
        self._save = save
        self._camera: Camera | None = None
        self._found = False
        """Whether a camera could be opened since the process began."""
        self._on = threading.Event()
        if on:
            self._on.set()
        self._switched = threading.Event()
        """Whether the camera was closed from outside, so that the end of its frames is no end of the source."""
        self._told: bool | None = None
        self._failures = 0
        self._frame_at = -math.inf
        self._reason = ""
        """What was wrong last; not the error itself, which would hold the camera that it came from."""
        self._plain_since: float | None = None

    @property
    def failing(self) -> bool:
        """Whether the camera is known to fail: then it is closed, waited for and opened again, each within its time."""
        return self._failures > 0

    @property
    def trouble(self) -> str | None:
        """What the home is told of the camera; None while it works, or is switched off."""
        if not self.on:
            return None
        if self._told is False and self._reason:
            return self._reason
        since = self._plain_since
        if since is not None and time.monotonic() - since >= PLAIN_S:
            return "the picture is of one colour: is the lens covered, or is it pitch dark?"
        return None

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
        """The loop. A source that ends (a replay without loop) stops the daemon; so does a camera that only a fresh process may get back.

        Where there never was one a fresh process would find none either: it is looked for again and again, and all else goes on.

        Raises:
            CameraError: the camera failed `tries` times in a row and had been there, or its driver hangs, or it cannot be closed;
                systemd starts the daemon anew.

        """
        try:
            while not self._stop.is_set():
                if not self._on.is_set():
                    self._rest()
                    continue
                try:
                    frame = self._read()
                except CameraError as error:
                    self._give_up_camera()
                    if self._was_switched():
                        continue
                    self._reason = str(error)
                    self._failures += 1
                    if self._failures > 1 or time.monotonic() - self._frame_at > HICCUP_S:
                        self._tell(works=False)
                    if self._failures >= self._tries and self._needs_fresh_process(error):
                        raise
                    self._wait(error)
                    continue
                if frame is None:
                    self._give_up_camera()
                    if self._was_switched():
                        continue
                    break
                self._failures, self._frame_at = 0, time.monotonic()
                self._mind_plainness(frame)
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
        """Close the camera, say so, and wait until it is wanted again.

        Raises:
            CameraError: its driver does not let go of it. A switch for privacy must not say that it did; the process that is started
                instead finds that the camera is to be off, and does not open it.

        """
        self._give_up_camera()
        if left_behind():
            self._save()
            raise CameraError(
                "the camera is to be off and its driver hangs, so only a fresh process is sure to let go of it"
            )
        self._switched.clear()
        self._failures, self._plain_since = 0, None
        self._tell(works=True)
        self._echo(on=False)
        log.info("camera: switched off")
        while not self._stop.is_set() and not self._on.wait(OFF_TURN_S):
            pass
        if self._on.is_set():
            log.info("camera: switched on")
            self._echo(on=True)

    def _echo(self, *, on: bool) -> None:
        self._save()
        self._publisher.publish(CameraSwitch(switch(on)))

    def _was_switched(self) -> bool:
        """Whether the camera was closed by `switch`, and not by a fault; asked once for each time."""
        was = self._switched.is_set() or not self._on.is_set()
        self._switched.clear()
        return was

    def _tell(self, *, works: bool) -> None:
        if works != self._told:
            self._told = works
            self._publisher.publish(CameraAvailability(ONLINE if works else OFFLINE))

    def _mind_plainness(self, frame: Frame) -> None:
        if not is_plain(frame.image):
            self._plain_since = None
        elif self._plain_since is None:
            self._plain_since = time.monotonic()

    def _read(self) -> Frame | None:
        if self._camera is None:
            self._camera = self._open_camera()
            self._found = True
        return self._camera.read()

    def _needs_fresh_process(self, error: CameraError) -> bool:
        """Whether another process may get the camera where this one does not: there was one, or something here is stuck."""
        return self._found or isinstance(error, WornOutError) or left_behind()

    def _give_up_camera(self) -> None:
        camera, self._camera = self._camera, None
        if camera is not None:
            camera.close()

    def _wait(self, error: CameraError) -> None:
        """Back off, longer each time and never in step with other devices on the same hub."""
        longest_s = LONGEST_WAIT_S if self._found else SEEKING_WAIT_S
        wait_s = min(longest_s, FIRST_WAIT_S * 2 ** (min(self._failures, self._tries) - 1)) * random.uniform(0.75, 1.25)  # noqa: S311
        if self._failures < self._tries:
            log.warning("camera: %s; next try in %.1f s (%d of %d)", error, wait_s, self._failures, self._tries)
        elif self._failures == self._tries:
            log.warning("camera: %s; it is looked for every %g s from now on, and no longer told of", error, longest_s)
        end = time.monotonic() + wait_s
        # Also to be switched off ends the wait: whoever does it wants to see that it was done.
        while self._on.is_set() and (left := end - time.monotonic()) > 0 and not self._stop.wait(min(left, OFF_TURN_S)):
            pass
