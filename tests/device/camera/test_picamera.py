"""The Pi camera, through a stand-in for Picamera2."""

from __future__ import annotations

import sys
import threading
import time

import numpy as np
import pytest

from mien_device.camera import WornOutError
from mien_device.camera.picamera import PiCamera
from mien_device.config.schema import CameraConfig
from mien_models.errors import CameraError, MissingDependencyError
from tests.device.camera.fake_picamera2 import Board
from tests.waiting import well_within


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Board:
    board = Board()
    monkeypatch.setitem(sys.modules, "picamera2", board.module())
    monkeypatch.setattr(PiCamera, "openings", 0)
    return board


CONFIG = CameraConfig(width=320, height=240, fps=8, timeout_s=60)
IMPATIENT = CONFIG.model_copy(update={"timeout_s": 0.3})


def test_configured_once_for_life(board: Board) -> None:
    camera = PiCamera(CONFIG)
    frames = [camera.read() for _ in range(20)]
    camera.close()
    (opened,) = board.opened
    assert opened.configuration == {
        "main": {"size": (320, 240), "format": "RGB888"},
        "buffer_count": 4,
        "controls": {"FrameDurationLimits": (125000, 125000)},
    }
    assert [frame.number for frame in frames if frame] == list(range(20))
    assert opened.out == 0
    assert opened.closed
    assert camera.name == "Pi camera imx708"


def test_pictures_without_padding_blue_first(board: Board) -> None:
    camera = PiCamera(CONFIG)
    before = time.monotonic()
    frame = camera.read()
    camera.close()
    assert frame is not None
    assert frame.image.shape == (240, 320, 3)
    assert frame.image.flags.c_contiguous
    assert np.all(frame.image == (200, 100, 0))
    assert before <= frame.captured_at <= time.monotonic()


def test_webcams_are_left_to_opencv(board: Board) -> None:
    webcam = {"Model": "C270", "Id": "/base/scb/pcie@7d500000/pci@0,0/usb@0,0-1.4:1.0-046d:0825", "Num": 1}
    board.attached.append(webcam)
    PiCamera(CONFIG).close()
    assert [camera.number for camera in board.opened] == [0]
    board.attached.pop(0)
    with pytest.raises(CameraError, match="no Pi camera is attached"):
        PiCamera(CONFIG)


def test_no_frame_in_time(board: Board) -> None:
    camera = PiCamera(IMPATIENT)
    board.hangs.set()
    start = time.monotonic()
    with pytest.raises(CameraError, match=r"no frame for 0\.3 s"):
        camera.read()
    assert time.monotonic() - start > 0.25
    camera.close()
    assert board.opened[0].closed


def test_a_camera_that_comes_back_has_lost_no_buffer(board: Board) -> None:
    camera = PiCamera(IMPATIENT)
    for _ in range(6):
        board.hangs.set()
        with pytest.raises(CameraError):
            camera.read()
        board.hangs.clear()
        assert camera.read() is not None
    assert board.opened[0].out == 0
    camera.close()


def test_a_buffer_goes_back_even_if_it_cannot_be_read(board: Board) -> None:
    camera = PiCamera(CONFIG)
    board.fails_in["make_array"] = MemoryError()
    with pytest.raises(MemoryError):
        camera.read()
    assert board.opened[0].out == 0
    camera.close()


def test_a_read_that_waits_returns_when_closed(board: Board) -> None:
    camera = PiCamera(CONFIG)
    board.hangs.set()
    threading.Timer(0.1, camera.close).start()
    with well_within(60):
        assert camera.read() is None


def test_closed_once_however_often(board: Board) -> None:
    camera = PiCamera(CONFIG)
    camera.close()
    camera.close()  # the stand-in refuses a second one
    assert camera.read() is None


@pytest.mark.parametrize("method", ["init", "configure", "start"])
@pytest.mark.parametrize("error", [RuntimeError("Failed to acquire camera"), OSError(12, "Cannot allocate memory")])
def test_a_camera_that_is_busy_or_broken(board: Board, method: str, error: Exception) -> None:
    board.fails_in[method] = error
    with pytest.raises(CameraError, match=r"cannot be opened \(.*(acquire|allocate)"):
        PiCamera(CONFIG)
    assert all(camera.closed for camera in board.opened)


def test_not_opened_so_often_that_memory_runs_out(board: Board) -> None:
    for _ in range(3):
        PiCamera(CONFIG).close()
    with pytest.raises(WornOutError, match="fresh process"):
        PiCamera(CONFIG)
    assert len(board.opened) == 3


def test_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(MissingDependencyError, match="apt install python3-picamera2"):
        PiCamera(CONFIG)
