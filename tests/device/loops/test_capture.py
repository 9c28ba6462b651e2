"""The capture loop: patient with a camera that fails, and gone when there is no hope."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from mien_device.camera import Frame, WornOutError, leash
from mien_device.camera.leash import LeashedCamera, left_behind
from mien_device.home.messages import CameraAvailability, CameraSwitch
from mien_device.latest import Closed, Latest
from mien_device.loops import capture
from mien_device.loops.capture import Capture
from mien_models.errors import CameraError
from tests.recorder import Recorder
from tests.waiting import LIMIT_S, wait_until

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
    monkeypatch.setattr(capture, "SEEKING_WAIT_S", 0.001)


def test_a_camera_that_fails_is_opened_again() -> None:
    opened: list[ScriptedCamera] = []
    script = iter([frame(0), failure, failure, frame(1), lambda: None])

    def open_camera() -> ScriptedCamera:
        opened.append(ScriptedCamera(script))
        return opened[-1]

    slot: Latest[Frame] = Latest()
    Capture(open_camera, slot, Recorder(), threading.Event(), tries=3).run()
    assert len(opened) == 3
    assert all(camera.closed for camera in opened)
    last = slot.take()
    assert last is not None
    assert last.number == 1


def test_beyond_hope_the_error_is_raised_and_the_slot_closed() -> None:
    slot: Latest[Frame] = Latest()
    home = Recorder()
    with pytest.raises(CameraError, match="no frame came"):
        Capture(lambda: ScriptedCamera(iter([failure])), slot, home, threading.Event(), tries=2).run()
    with pytest.raises(Closed):
        slot.take(0.01)
    assert home.of(CameraAvailability) == [CameraAvailability("offline")]


class Dock:
    """Where a camera is plugged in later, or never."""

    def __init__(self, plugged_in_after: int, error: type[CameraError] = CameraError) -> None:
        self.asked = 0
        self._after, self._error = plugged_in_after, error

    def open(self) -> ScriptedCamera:
        self.asked += 1
        if self.asked <= self._after:
            raise self._error("no camera found")
        return ScriptedCamera(iter([frame(7), lambda: None]))


def test_where_there_never_was_a_camera_one_is_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    dock, slot, home = Dock(40), Latest[Frame](), Recorder()
    loop = Capture(dock.open, slot, home, threading.Event(), tries=3)
    with caplog.at_level("WARNING"):
        loop.run()
    assert dock.asked == 41
    assert home.of(CameraAvailability) == [CameraAvailability("offline"), CameraAvailability("online")]
    assert len(caplog.records) == 3, "and the journal is not filled"


def test_what_only_a_fresh_process_can_open_ends_this_one() -> None:
    dock = Dock(40, WornOutError)
    with pytest.raises(WornOutError):
        Capture(dock.open, Latest(), Recorder(), threading.Event(), tries=3).run()
    assert dock.asked == 3


def test_a_driver_that_hangs_at_its_opening_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leash, "FAREWELL_S", 0.05)
    wake = threading.Event()

    def hang() -> WaitingCamera:
        wake.wait(LIMIT_S)
        return WaitingCamera()

    with pytest.raises(CameraError, match="hangs while it is opened"):
        Capture(lambda: LeashedCamera(hang, 0.01, 0.01), Latest(), Recorder(), threading.Event(), tries=3).run()
    wake.set()
    wait_until(lambda: not left_behind())


def test_stop_ends_a_long_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture, "FIRST_WAIT_S", 60.0)
    stop = threading.Event()
    loop = Capture(lambda: ScriptedCamera(iter([failure])), Latest(), Recorder(), stop)
    thread = threading.Thread(target=loop.run)
    thread.start()
    stop.set()
    thread.join(LIMIT_S)
    assert not thread.is_alive()


class WaitingCamera:
    """Gives frames until it is closed, then says that there are no more: as a webcam that is closed under its reader."""

    name = "waiting"
    open_now = 0

    def __init__(self) -> None:
        WaitingCamera.open_now += 1
        self._closed = threading.Event()

    def read(self) -> Frame | None:
        return None if self._closed.wait(0.005) else Frame(PICTURE, time.monotonic(), 0)

    def close(self) -> None:
        if not self._closed.is_set():
            WaitingCamera.open_now -= 1
            self._closed.set()


def test_switched_off_the_device_is_closed_and_no_frame_comes() -> None:
    slot, stop, home = Latest[Frame](), threading.Event(), Recorder()
    loop = Capture(WaitingCamera, slot, home, stop)
    loop.greet()
    assert home.messages == [CameraSwitch("ON"), CameraAvailability("offline")], "nobody knows yet whether it works"
    thread = threading.Thread(target=loop.run)
    thread.start()
    try:
        for _ in range(5):
            assert slot.take(LIMIT_S) is not None
            loop.switch(False)
            wait_until(lambda: home.messages[-1] == CameraSwitch("OFF"))
            assert WaitingCamera.open_now == 0
            slot.take(0.01)  # one may have lain there already
            assert slot.take(0.05) is None
            loop.switch(True)
            wait_until(lambda: home.messages[-1] == CameraSwitch("ON"))
        assert home.of(CameraAvailability) == [CameraAvailability("offline"), CameraAvailability("online")]
        for _ in range(200):  # quicker than the loop can follow
            loop.switch(False)
            loop.switch(True)
        assert slot.take(LIMIT_S) is not None
        time.sleep(0.05)
        assert slot.take(LIMIT_S) is not None, "it goes on"
        assert WaitingCamera.open_now == 1
    finally:
        stop.set()
        loop.close()
        thread.join(LIMIT_S)
    assert WaitingCamera.open_now == 0


def test_the_home_is_told_when_it_would_outlive_a_power_cut() -> None:
    stop, home, told = threading.Event(), Recorder(), list[int]()
    loop = Capture(WaitingCamera, Latest(), home, stop, save=lambda: told.append(len(home.of(CameraSwitch))))
    thread = threading.Thread(target=loop.run)
    thread.start()
    try:
        for on in (False, True):
            loop.switch(on)
            wait_until(lambda on=on: home.of(CameraSwitch)[-1:] == [CameraSwitch("ON" if on else "OFF")])
        assert told == [0, 1], "each time it was saved before"
    finally:
        stop.set()
        loop.close()
        thread.join(LIMIT_S)


def test_a_camera_that_is_off_at_the_start_is_never_opened() -> None:
    stop, home = threading.Event(), Recorder()

    def open_camera() -> WaitingCamera:
        raise AssertionError("it was opened")

    loop = Capture(open_camera, Latest(), home, stop, on=False)
    loop.greet()
    threading.Timer(0.1, stop.set).start()
    loop.run()
    assert home.of(CameraAvailability) == [CameraAvailability("online")], "off is not out of order"
    assert set(home.of(CameraSwitch)) == {CameraSwitch("OFF")}


def test_what_is_wrong_is_said_and_no_longer_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture, "PLAIN_S", 0.0)
    lively = np.random.default_rng(2).integers(0, 255, (16, 16, 3), dtype=np.uint8)
    seen: list[tuple[str | None, bool]] = []
    loop: Capture

    def look(then: Callable[[], Frame | None]) -> Callable[[], Frame | None]:
        def step() -> Frame | None:
            seen.append((loop.trouble, loop.failing))
            return then()

        return step

    def alive() -> Frame:
        return Frame(lively, 0.0, 0)

    script = iter([look(step) for step in (alive, failure, failure, failure, alive, frame(1), alive, lambda: None)])
    loop = Capture(lambda: ScriptedCamera(script), Latest(), Recorder(), threading.Event())
    loop.run()
    plain = "the picture is of one colour: is the lens covered, or is it pitch dark?"
    assert seen == [
        (None, False),
        (None, False),
        (None, True),  # a first time may be a hiccup
        ("no frame came", True),
        ("no frame came", True),
        (None, False),
        (plain, False),
        (None, False),
    ]


def test_a_driver_that_hangs_is_not_said_to_be_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leash, "FAREWELL_S", 0.1)
    wake = threading.Event()

    class Hanging(WaitingCamera):
        def close(self) -> None:
            wake.wait(LIMIT_S)
            super().close()

    home, saved, slot = Recorder(), list[bool](), Latest[Frame]()
    loop = Capture(lambda: LeashedCamera(Hanging, 5.0), slot, home, threading.Event(), save=lambda: saved.append(True))
    errors: list[Exception] = []

    def run() -> None:
        try:
            loop.run()
        except CameraError as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    assert slot.take(LIMIT_S) is not None
    loop.switch(False)
    thread.join(LIMIT_S)
    assert not thread.is_alive()
    assert "only a fresh process" in str(errors[0])
    assert saved == [True], "and that one finds it switched off"
    assert CameraSwitch("OFF") not in home.messages
    wake.set()
    wait_until(lambda: not left_behind())
