"""Webcams and streams: how they are opened, and every way in which they fail."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise

import cv2
import numpy as np
import pytest

from mien_device.camera.addresses import stream_host
from mien_device.camera.opencv import OpenCvCamera
from mien_device.config.schema import CameraConfig
from mien_models.errors import CameraError
from tests.device.camera.fake_capture import Answer, FakeCapture, noise, nothing
from tests.waiting import wait_until, well_within

Plug = Callable[..., FakeCapture]


@pytest.fixture
def plug(monkeypatch: pytest.MonkeyPatch) -> Iterator[Plug]:
    """Put a camera with these answers in the place of every camera."""
    made = []

    def put(answer: Callable[[], Answer] | None = None, **how: object) -> FakeCapture:
        fake = FakeCapture(answer or noise(), **how)  # type: ignore[arg-type]
        made.append(fake)
        monkeypatch.setattr(cv2, "VideoCapture", fake)
        return fake

    yield put
    for fake in made:
        fake.hang.clear()


def config(**settings: object) -> CameraConfig:
    return CameraConfig(**({"timeout_s": 60, "fps": 100} | settings))


class TestOpening:
    @pytest.mark.parametrize(("source", "opened"), [("0", 0), ("12", 12), ("/dev/video3", "/dev/video3")])
    def test_a_webcam(self, plug: Plug, source: str, opened: object) -> None:
        fake = plug()
        camera = OpenCvCamera(source, config(width=800, height=600, fps=15))
        camera.close()
        assert fake.opened == [(opened, cv2.CAP_V4L2)]
        assert fake.properties == {
            cv2.CAP_PROP_FRAME_WIDTH: 800,
            cv2.CAP_PROP_FRAME_HEIGHT: 600,
            cv2.CAP_PROP_FPS: 15,
        }
        assert camera.name == f"webcam {source}"

    def test_a_stream_with_time_limits(self, plug: Plug) -> None:
        fake = plug()
        camera = OpenCvCamera("rtsp://me:secret@door.local:554/one", config(timeout_s=2.5))
        camera.close()
        (address, backend, limits), *_ = fake.opened
        assert (address, backend) == ("rtsp://me:secret@door.local:554/one", cv2.CAP_FFMPEG)
        assert limits == [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, 2500, cv2.CAP_PROP_READ_TIMEOUT_MSEC, 2500]
        assert camera.name == "stream rtsp://door.local"

    @pytest.mark.parametrize(("source", "remedy"), [("0", "mien check"), ("http://me:secret@door/x", "address")])
    def test_what_cannot_be_opened(self, plug: Plug, source: str, remedy: str) -> None:
        fake = plug(opens=lambda _: False)
        with pytest.raises(CameraError, match=f"cannot be opened.*{remedy}") as caught:
            OpenCvCamera(source, config())
        assert "secret" not in str(caught.value)
        assert fake.released == 1


class TestReading:
    def test_frames_are_new_and_numbered(self, plug: Plug) -> None:
        plug()
        camera = OpenCvCamera("0", config())
        frames = [frame for _ in range(5) if (frame := camera.read())]
        camera.close()
        assert [frame.number for frame in frames] == [0, 1, 2, 3, 4]
        assert all(np.any(a.image != b.image) and a.captured_at < b.captured_at for a, b in pairwise(frames))

    def test_a_slow_reader_gets_the_newest(self, plug: Plug) -> None:
        answers, given = noise(), []

        def answer() -> Answer:
            given.append(time.monotonic())
            return answers()

        plug(answer)
        camera = OpenCvCamera("0", config())
        first = camera.read()
        before = len(given)
        wait_until(lambda: len(given) > before + 20)
        second = camera.read()
        camera.close()
        assert first is not None
        assert second is not None
        assert int(second.image[0, 0, 0]) - int(first.image[0, 0, 0]) > 10

    def test_a_fast_camera_is_slowed_to_the_rate_asked_for(self, plug: Plug) -> None:
        plug(period_s=0.002)
        camera = OpenCvCamera("0", config(fps=20))
        start = time.monotonic()
        for _ in range(11):
            camera.read()
        taken = time.monotonic() - start
        camera.close()
        assert taken > 0.43  # ten periods of 50 ms, less the tenth that is forgiven

    def test_a_webcam_may_stutter(self, plug: Plug, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("mien_device.camera.opencv._STUTTER_S", 60.0)
        answers = noise()
        turns = iter(range(1000))
        plug(lambda: answers() if next(turns) % 3 == 0 else nothing())
        camera = OpenCvCamera("0", config())
        assert all(camera.read() for _ in range(4))
        camera.close()


class TestKindsOfPictures:
    @pytest.mark.parametrize("shape", [(6, 8), (6, 8, 1), (6, 8, 3), (6, 8, 4)])
    def test_grey_and_opaque_ones_become_colours(self, plug: Plug, shape: tuple[int, ...]) -> None:
        plug(lambda: (True, np.random.default_rng().integers(0, 256, shape, np.uint8)))
        camera = OpenCvCamera("0", config())
        frame = camera.read()
        camera.close()
        assert frame is not None
        assert (frame.image.shape, frame.image.dtype) == ((6, 8, 3), np.uint8)

    @pytest.mark.parametrize(
        "picture",
        [
            None,
            np.zeros((0, 0, 3), np.uint8),
            np.zeros((6, 8, 2), np.uint8),
            np.zeros((6, 8, 3), np.uint16),
            np.zeros(9),
        ],
    )
    def test_others_are_named_and_tried_again(self, plug: Plug, picture: np.ndarray | None) -> None:
        plug(lambda: (True, picture))
        camera = OpenCvCamera("0", config())
        with pytest.raises(CameraError, match="webcam 0 gives pictures that mien does not know"):
            camera.read()
        camera.close()

    def test_a_camera_may_change_its_size(self, plug: Plug) -> None:
        sizes = iter([(480, 640), (2, 2), (720, 1280), (480, 640)])
        plug(
            lambda: (True, np.random.default_rng().integers(0, 256, (*next(sizes, (4, 4)), 3), np.uint8)), period_s=0.1
        )
        camera = OpenCvCamera("0", config())
        shapes = [frame.image.shape for _ in range(4) if (frame := camera.read())]
        camera.close()
        assert len(set(shapes)) > 1


class TestFailing:
    def test_a_webcam_that_was_unplugged(self, plug: Plug) -> None:
        fake = plug(nothing)
        camera = OpenCvCamera("0", config())
        with well_within(60), pytest.raises(CameraError, match=r"webcam 0 has gone.*plug"):
            camera.read()
        camera.close()
        assert fake.released == 1

    def test_a_stream_that_ended(self, plug: Plug) -> None:
        plug(nothing)
        camera = OpenCvCamera("rtsp://door/one", config())
        with well_within(60), pytest.raises(CameraError, match="stream rtsp://door has gone"):
            camera.read()
        camera.close()

    def test_a_driver_that_does_not_answer(self, plug: Plug) -> None:
        fake = plug()
        fake.hang.set()
        camera = OpenCvCamera("0", config(timeout_s=0.3))
        with pytest.raises(CameraError, match=r"no frame for 0\.3 s"):
            camera.read()
        camera.close()

    def test_a_webcam_that_repeats_its_last_picture(self, plug: Plug) -> None:
        frozen = np.arange(16 * 16 * 3, dtype=np.uint8).reshape(16, 16, 3)
        plug(lambda: (True, frozen.copy()))
        camera = OpenCvCamera("0", config(timeout_s=2))
        start = time.monotonic()
        with pytest.raises(CameraError, match="repeats one picture"):
            list(iter(camera.read, None))
        assert time.monotonic() - start > 1.9
        camera.close()

    def test_a_stream_may_show_a_still(self, plug: Plug) -> None:
        frozen = np.full((4, 4, 3), 7, np.uint8)
        plug(lambda: (True, frozen.copy()))
        camera = OpenCvCamera("http://door/one", config(timeout_s=1))
        start = time.monotonic()
        while time.monotonic() - start < 1.5:
            assert camera.read() is not None
        camera.close()


class TestClosing:
    def test_the_device_is_let_go_of_once(self, plug: Plug) -> None:
        fake = plug()
        camera = OpenCvCamera("0", config())
        camera.read()
        camera.close()
        camera.close()
        assert fake.released == 1
        assert camera.read() is None

    def test_a_read_that_waits_returns(self, plug: Plug) -> None:
        fake = plug()
        fake.hang.set()
        camera = OpenCvCamera("0", config())
        threading.Timer(0.1, camera.close).start()
        with well_within(60):
            assert camera.read() is None

    def test_a_read_between_two_frames_returns(self, plug: Plug) -> None:
        plug()
        camera = OpenCvCamera("0", config())
        camera._period_s = 100.0
        assert camera.read() is not None
        threading.Timer(0.1, camera.close).start()
        with well_within(90):
            assert camera.read() is None

    def test_a_driver_that_hangs_does_not_hang_us_and_is_let_go_of_when_it_answers(self, plug: Plug) -> None:
        fake = plug()
        fake.hang.set()
        camera = OpenCvCamera("0", config())
        camera.close()
        camera.close()
        assert fake.released == 0
        fake.hang.clear()
        wait_until(lambda: fake.released)
        assert fake.released == 1


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://door.local:554/stream1", "rtsp://door.local"),
        ("rtsp://me:secret@door/stream1", "rtsp://door"),
        ("rtsp://me:sec@ret@door/stream1", "rtsp://door"),
        ("rtsp://me:sec/ret@door/stream1", "rtsp://…"),
        ("rtsp://me:sec?ret@door/stream1", "rtsp://…"),
        ("http://door/cgi?user=me&password=secret", "http://door"),
        ("http://door/cgi?user=me@home&password=secret", "http://…"),
        ("rtsp://door/live?auth=hunter@2secret", "rtsp://…"),
        ("rtsp://me:12/34secret@door/x", "rtsp://…"),
        ("http://tok/en@door/", "http://…"),
        ("rtsp://me:secret@door:554/live@home?auth=hunter@2secret", "rtsp://door"),
        ("rtsp://me:secret@[fe80::1]:554/stream1", "rtsp://[fe80::1]"),
        ("/dev/video0", "/dev/video0"),
    ],
)
def test_names_hold_no_secrets(address: str, shown: str) -> None:
    assert stream_host(address) == shown
