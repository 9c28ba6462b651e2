"""A driver that hangs, wherever it does, holds nobody up."""

from __future__ import annotations

import gc
import threading
import time
import weakref

import numpy as np
import pytest

from mien_device.camera import Frame
from mien_device.camera.leash import LeashedCamera
from mien_device.camera.living import Liveliness, is_plain
from mien_models.errors import CameraError
from tests.waiting import LIMIT_S

PICTURE = np.random.default_rng(1).integers(0, 255, (32, 32, 3), dtype=np.uint8)


class Driver:
    """A camera whose `hangs` never returns until `wake` is set, not even when it is closed."""

    name = "driver"

    def __init__(self, hangs: str, wake: threading.Event, frames: int = 2) -> None:
        self._hangs, self._wake, self._left = hangs, wake, frames
        if hangs == "open":
            wake.wait(120)

    def read(self) -> Frame | None:
        self._left -= 1
        if self._left < 0:
            if self._hangs == "read":
                self._wake.wait(120)
            if self._hangs == "fails":
                raise CameraError("unplugged")
            return None
        return Frame(PICTURE, time.monotonic(), self._left)

    def close(self) -> None:
        if self._hangs == "close":
            self._wake.wait(120)


def read_all(camera: LeashedCamera) -> None:
    while camera.read() is not None:
        pass


@pytest.fixture
def wake() -> threading.Event:
    return threading.Event()


def test_frames_errors_and_the_end_come_through(wake: threading.Event) -> None:
    camera = LeashedCamera(lambda: Driver("", wake), 60.0)
    assert camera.name == "driver"
    assert camera.read() is not None
    read_all(camera)
    camera.close()
    camera = LeashedCamera(lambda: Driver("fails", wake), 60.0)
    with pytest.raises(CameraError, match="unplugged"):
        read_all(camera)
    camera.close()


def test_what_opening_raises_is_raised(wake: threading.Event) -> None:
    def no_camera() -> Driver:
        raise CameraError("no camera")

    with pytest.raises(CameraError, match="no camera"):
        LeashedCamera(no_camera, 1.0)


@pytest.mark.parametrize("when", ["open", "read"])
def test_a_camera_that_failed_is_not_held_by_its_error(when: str, wake: threading.Event) -> None:
    made: list[weakref.ref[object]] = []

    def plug_in() -> Driver:
        driver = Driver("fails", wake)
        made.append(weakref.ref(driver))
        if when == "open":
            raise CameraError("unplugged")
        return driver

    def use() -> CameraError:
        try:
            camera = LeashedCamera(plug_in, 1.0)
            made.append(weakref.ref(camera))
            try:
                read_all(camera)
            finally:
                camera.close()
        except CameraError as error:
            return CameraError(*error.args)
        raise AssertionError("it did not fail")

    gc.disable()  # which would find them, some time later
    try:
        kept = use()
        for thread in threading.enumerate():
            if thread.name.startswith("camera "):
                thread.join(LIMIT_S)
        assert [ref() for ref in made] == [None] * len(made)
    finally:
        gc.enable()
    assert str(kept) == "unplugged"


def test_threads_that_have_ended_are_forgotten(wake: threading.Event) -> None:
    for _ in range(5):
        LeashedCamera(lambda: Driver("", wake), 1.0).close()
    assert len(LeashedCamera.leaving) <= 2


def test_a_defect_is_no_end_of_the_source(wake: threading.Event) -> None:
    class Broken(Driver):
        def read(self) -> Frame | None:
            raise RuntimeError("a defect")

    camera = LeashedCamera(lambda: Broken("", wake), 60.0)
    with pytest.raises(RuntimeError, match="a defect"):
        camera.read()
    camera.close()


@pytest.mark.parametrize("hangs", ["open", "read", "close"])
def test_a_driver_that_hangs_is_left_behind(hangs: str, wake: threading.Event, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mien_device.camera.leash.GRACE_S", 0.1)
    monkeypatch.setattr("mien_device.camera.leash.FAREWELL_S", 0.2)
    if hangs == "open":
        with pytest.raises(CameraError, match="hangs while it is opened"):
            LeashedCamera(lambda: Driver(hangs, wake), 0.1, open_s=0.2)
    else:
        camera = LeashedCamera(lambda: Driver(hangs, wake), 0.2)
        if hangs == "read":
            with pytest.raises(CameraError, match="its driver hangs"):
                read_all(camera)
        camera.close()
    wake.set()


def test_one_picture_for_ever_is_a_dead_camera_unless_it_is_dark() -> None:
    liveliness = Liveliness("it", 1.0)
    liveliness.check(PICTURE, 0.0)
    liveliness.check(PICTURE.copy(), 0.9)
    with pytest.raises(CameraError, match="repeats one picture"):
        liveliness.check(PICTURE.copy(), 1.1)
    dark = np.full_like(PICTURE, 3)
    assert is_plain(dark)
    assert not is_plain(PICTURE)
    for at in range(10):
        liveliness.check(dark.copy(), 2.0 + at)
