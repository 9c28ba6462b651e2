"""Which camera is opened, what is said about those that were not, and what `mien check` lists."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from pydantic import ValidationError

from mien_device.camera import Frame, devices
from mien_device.camera import open as opening
from mien_device.camera.addresses import public_name, without_secrets
from mien_device.camera.devices import list_cameras
from mien_device.camera.open import open_camera
from mien_device.camera.picamera import PiCamera
from mien_device.camera.rotated import Rotated
from mien_device.config.schema import CameraConfig
from mien_models.errors import CameraError, DataError, MissingDependencyError
from tests.device.camera.clips import write_clip
from tests.device.camera.fake_capture import FakeCapture, noise, nothing
from tests.device.camera.fake_picamera2 import Board

Nodes = Callable[..., FakeCapture]


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No Picamera2, no video device, nothing said yet."""
    monkeypatch.setitem(sys.modules, "picamera2", None)
    monkeypatch.setattr(PiCamera, "openings", 0)
    monkeypatch.setattr(devices, "DEV", tmp_path / "dev")
    monkeypatch.setattr(devices, "NAMES", tmp_path / "names")
    opening._explain.cache_clear()


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Board:
    board = Board()
    monkeypatch.setitem(sys.modules, "picamera2", board.module())
    return board


@pytest.fixture
def nodes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Nodes:
    """Video devices by number, with the kernel's name; those in `dead` cannot be opened."""

    def make(names: dict[int, str], dead: set[int] = frozenset(), answer: Callable = noise()) -> FakeCapture:  # type: ignore[type-arg,assignment]  # noqa: B008
        (tmp_path / "dev").mkdir()
        for number, name in names.items():
            (tmp_path / "dev" / f"video{number}").touch()
            (tmp_path / "names" / f"video{number}").mkdir(parents=True)
            (tmp_path / "names" / f"video{number}" / "name").write_text(f"{name}\n")
        refused = {str(tmp_path / "dev" / f"video{number}") for number in dead}
        fake = FakeCapture(answer, opens=lambda source: source not in refused)
        monkeypatch.setattr(cv2, "VideoCapture", fake)
        return fake

    return make


class TestByName:
    def test_replay(self, tmp_path: Path) -> None:
        clip = write_clip(tmp_path / "clip.avi")
        camera = open_camera(CameraConfig(source=f"replay:{clip}", loop=False))
        frame = camera.read()
        camera.close()
        assert frame is not None
        assert camera.name == "replay of clip.avi"

    def test_replay_in_the_home(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        write_clip(tmp_path / "clip.avi")
        open_camera(CameraConfig(source="replay:~/clip.avi")).close()
        with pytest.raises(DataError, match=r"~nobody-of-this-name/clip\.avi: No such file"):
            open_camera(CameraConfig(source="replay:~nobody-of-this-name/clip.avi"))

    def test_picamera2(self, board: Board) -> None:
        camera = open_camera(CameraConfig(source="picamera2"))
        camera.close()
        assert camera.name.startswith("Pi camera")

    def test_picamera2_that_is_not_installed(self) -> None:
        with pytest.raises(MissingDependencyError):
            open_camera(CameraConfig(source="picamera2"))

    def test_opencv(self, nodes: Nodes) -> None:
        fake = nodes({})
        open_camera(CameraConfig(source="opencv:rtsp://door:554/one")).close()
        assert fake.opened[0][0] == "rtsp://door:554/one"

    def test_demo(self) -> None:
        camera = open_camera(CameraConfig(source="demo", width=320, height=240))
        frame = camera.read()
        camera.close()
        assert frame is not None
        assert frame.image.shape == (240, 320, 3)


class TestAuto:
    def test_a_pi_camera_comes_first(self, board: Board, nodes: Nodes) -> None:
        fake = nodes({0: "HD Webcam C270"})
        camera = open_camera(CameraConfig())
        camera.close()
        assert camera.name.startswith("Pi camera")
        assert not fake.opened

    def test_then_the_first_webcam_that_opens(
        self, nodes: Nodes, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        nodes({0: "bcm2835-codec-decode", 2: "metadata", 10: "HD Webcam C270", 11: "another"}, dead={2})
        for _ in range(2):
            camera = open_camera(CameraConfig())
            camera.close()
            assert camera.name == f"webcam {tmp_path / 'dev' / 'video10'}"
        said = [record.getMessage() for record in caplog.records]
        assert len(said) == 2, "each reason once"
        assert "Picamera2 cannot be imported" in said[0]
        assert "video2 cannot be opened" in said[1]

    def test_a_webcam_where_no_pi_camera_is_attached(self, board: Board, nodes: Nodes) -> None:
        board.attached.clear()
        nodes({0: "HD Webcam C270"})
        camera = open_camera(CameraConfig())
        camera.close()
        assert camera.name.startswith("webcam")

    def test_nothing(self) -> None:
        with pytest.raises(CameraError, match=r"no camera found \(Picamera2 .*\); plug one in, or set camera\.source"):
            open_camera(CameraConfig())


class TestList:
    def test_nothing(self) -> None:
        assert list_cameras() == []

    def test_pi_cameras_and_webcams(self, board: Board, nodes: Nodes, tmp_path: Path) -> None:
        fake = nodes({0: "unicam", 1: "HD Webcam C270", 2: "C270 metadata", 9: "x", 31: "pispbe-input"}, dead={2})
        (tmp_path / "names" / "video9" / "name").unlink()
        (tmp_path / "dev" / "video-control").touch()
        dev = tmp_path / "dev"
        assert list_cameras() == [
            "picamera2 (imx708)",
            f"opencv:{dev}/video1 (HD Webcam C270)",
            f"opencv:{dev}/video9 (unknown model)",
        ]
        assert [arguments[0] for arguments in fake.opened] == [f"{dev}/video{number}" for number in (1, 2, 9)]
        assert fake.released == 3
        assert not board.opened, "only asked for, not opened: the daemon may have it"

    def test_a_device_that_gives_no_picture(self, nodes: Nodes) -> None:
        nodes({0: "loopback"}, answer=nothing)
        assert list_cameras() == []


class Still:
    """A camera with one picture, whose top left pixel is white."""

    name = "still"

    def __init__(self) -> None:
        self.closed = threading.Event()

    def read(self) -> Frame | None:
        if self.closed.is_set():
            return None
        image = np.zeros((2, 3, 3), np.uint8)
        image[0, 0] = 255
        return Frame(image, 1.5, 7)

    def close(self) -> None:
        self.closed.set()


class TestRotation:
    @pytest.mark.parametrize(
        ("degrees", "shape", "corner"), [(90, (3, 2), (0, 1)), (180, (2, 3), (1, 2)), (270, (3, 2), (2, 0))]
    )
    def test_clockwise(self, degrees: int, shape: tuple[int, int], corner: tuple[int, int]) -> None:
        camera = Rotated(Still(), degrees)  # type: ignore[arg-type]
        frame = camera.read()
        assert frame is not None
        assert frame.image.shape[:2] == shape
        assert [tuple(place) for place in np.argwhere(frame.image[:, :, 0])] == [corner]
        assert (frame.captured_at, frame.number) == (1.5, 7)
        camera.close()
        assert camera.read() is None

    def test_of_every_camera(self, tmp_path: Path) -> None:
        clip = write_clip(tmp_path / "clip.avi")
        camera = open_camera(CameraConfig(source=f"replay:{clip}", rotate=90))
        frame = camera.read()
        camera.close()
        assert frame is not None
        assert frame.image.shape == (64, 48, 3)
        assert camera.name == "replay of clip.avi, turned by 90°"


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("opencv:rtsp://me:secret@door:554/one?key=secret", "opencv:rtsp://door"),
        ("opencv:0", "opencv:0"),
        ("replay:/srv/a@b.mp4", "replay:a@b.mp4"),
        ("auto", "auto"),
    ],
)
def test_the_name_that_may_be_published(source: str, shown: str) -> None:
    assert public_name(source) == shown


def test_the_owner_sees_paths_but_no_passwords() -> None:
    assert without_secrets("replay:/srv/a.mp4") == "replay:/srv/a.mp4"
    assert without_secrets("opencv:rtsp://me:secret@door/one?key=secret") == "opencv:rtsp://door"


@pytest.mark.parametrize("source", ["opencv:me:secret@door/one", "opencv:", "replay:", "webcam"])
def test_what_is_neither_device_nor_address_is_refused(source: str) -> None:
    with pytest.raises(ValidationError, match="must be auto, picamera2"):
        CameraConfig(source=source)
