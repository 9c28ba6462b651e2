"""The capture loop: patient with a camera that fails, and gone when there is no hope."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from mien_device.camera import Frame
from mien_device.latest import Closed, Latest
from mien_device.loops import capture
from mien_device.loops.capture import Capture
from mien_models.errors import CameraError

PICTURE = np.zeros((4, 4, 3), np.uint8)


class ScriptedCamera:
    """Gives what its script says: frames, errors, or the end. Refuses to be read after `close`."""

    name = "scripted"

    def __init__(self, script: Iterator[Callable[[], Frame | None]]) -> None:
        self._script = script
        self.closed = False

    def read(self) -> Frame | None:
        assert not self.closed
        return next(self._script)()

    def close(self) -> None:
        self.closed = True


def frame(number: int) -> Callable[[], Frame]:
    return lambda: Frame(PICTURE, float(number), number)


def failure() -> Frame:
    raise CameraError("no frame came")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture, "FIRST_WAIT_S", 0.001)


def test_a_camera_that_fails_is_opened_again() -> None:
    opened: list[ScriptedCamera] = []
    script = iter([frame(0), failure, failure, frame(1), lambda: None])

    def open_camera() -> ScriptedCamera:
        opened.append(ScriptedCamera(script))
        return opened[-1]

    slot: Latest[Frame] = Latest()
    Capture(open_camera, slot, threading.Event(), tries=3).run()
    assert len(opened) == 3
    assert all(camera.closed for camera in opened)
    last = slot.take()
    assert last is not None
    assert last.number == 1


def test_beyond_hope_the_error_is_raised_and_the_slot_closed() -> None:
    slot: Latest[Frame] = Latest()
    with pytest.raises(CameraError, match="no frame came"):
        Capture(lambda: ScriptedCamera(iter([failure])), slot, threading.Event(), tries=2).run()
    with pytest.raises(Closed):
        slot.take(0.01)


def test_stop_ends_a_long_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture, "FIRST_WAIT_S", 60.0)
    stop = threading.Event()
    loop = Capture(lambda: ScriptedCamera(iter([failure])), Latest(), stop)
    thread = threading.Thread(target=loop.run)
    thread.start()
    stop.set()
    thread.join(2)
    assert not thread.is_alive()
