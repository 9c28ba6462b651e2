"""A stream over a real connection: frames, its end, and a server that falls silent."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import pytest

from mien_device.camera import Frame
from mien_device.camera.open import open_camera
from mien_device.config.schema import CameraConfig
from mien_models.errors import CameraError
from tests.device.camera.clips import number_in, plain
from tests.waiting import well_within

BOUNDARY = b"--frame\r\nContent-Type: image/jpeg\r\n\r\n"

SILENCE_S = 120.0
Serve = Callable[..., str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """A network camera (motion JPEG) that sends `frames` pictures, 20 a second, and then ends or falls silent."""
    silence_over = threading.Event()
    servers = []

    def start(frames: int, *, falls_silent: bool = False) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                for number in range(frames):
                    self.wfile.write(BOUNDARY + cv2.imencode(".jpg", plain(number))[1].tobytes() + b"\r\n")
                    time.sleep(0.05)
                if falls_silent:
                    silence_over.wait(SILENCE_S)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                """The reader went away in the middle of a picture, as it may."""

        server = Server(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"opencv:http://127.0.0.1:{server.server_port}/video.mjpg"

    yield start
    silence_over.set()
    for server in servers:
        server.shutdown()
        server.server_close()


def test_frames_and_then_the_end(serve: Serve) -> None:
    camera = open_camera(CameraConfig(source=serve(12), fps=100))
    frames: list[Frame] = []
    with pytest.raises(CameraError, match="has gone"):
        frames.extend(iter(camera.read, None))  # those before the end stay in the list
    camera.close()
    numbers = [number_in(frame.image) for frame in frames]
    assert len(numbers) >= 3
    assert numbers == sorted(set(numbers))


def test_a_server_that_falls_silent(serve: Serve) -> None:
    camera = open_camera(CameraConfig(source=serve(12, falls_silent=True), fps=100, timeout_s=1))
    with well_within(SILENCE_S), pytest.raises(CameraError, match=r"no frame for 1 s|has gone"):
        list(iter(camera.read, None))
    camera.close()


def test_no_server() -> None:
    with pytest.raises(CameraError, match=r"http://127\.0\.0\.1 cannot be opened"):
        open_camera(CameraConfig(source="opencv:http://127.0.0.1:9/video.mjpg", timeout_s=1))


def test_a_replay_is_not_a_stream(tmp_path: Path) -> None:
    with pytest.raises(CameraError, match="cannot be opened"):
        open_camera(CameraConfig(source=f"opencv:{tmp_path / 'clip.mp4'}"))
