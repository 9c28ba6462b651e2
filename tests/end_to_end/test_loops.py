"""The loops in one process: the newest frame wins, and nothing is left behind."""

from __future__ import annotations

import json
import logging
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest

from mien_device.camera import Frame
from mien_device.camera.scenes import DemoCamera
from mien_device.config import Config
from mien_device.config.schema import HealthConfig
from mien_device.daemon import Daemon
from mien_device.home.messages import Event, Snapshot
from mien_device.latest import Latest
from mien_device.loops.snapshot import Snapshots
from mien_device.loops.vision import Vision
from mien_device.parts import Parts, build_parts
from mien_device.pipeline import Observation, Pipeline
from mien_models.errors import CameraError
from mien_models.labels import Mood
from mien_models.preprocess import Image
from mien_models.runner import Answer
from tests.listener import Listener
from tests.make_tiny_model import TINY_MODEL
from tests.mosquitto import Mosquitto, free_port, require_mosquitto
from tests.recorder import Recorder
from tests.waiting import LIMIT_S, wait_until, well_within

SLOW_S = 0.2
FPS = 30.0


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config.model_validate(
        {
            "camera": {"source": "demo", "fps": FPS},
            "model": {"emotion": str(TINY_MODEL), "accelerator": "cpu"},
            "music": {"player": "null", "folder": str(tmp_path)},
            "page": {"enabled": False},
        }
    )


@contextmanager
def running(daemon: Daemon) -> Iterator[None]:
    """In a thread of its own."""
    thread = threading.Thread(target=daemon.run)
    thread.start()
    try:
        yield
    finally:
        daemon.stop()
        thread.join(LIMIT_S)


class SlowNetwork:
    """A stand-in that takes its time, as a network on a slow board does."""

    def __init__(self, parts: Parts) -> None:
        self._classifier = parts.reader

    def read(self, face: Image) -> Answer:
        time.sleep(SLOW_S)
        return self._classifier.read(face)


class Reel:
    """Gives drawn scenes at a steady rate; costs next to nothing, so that what is late is late in the loops."""

    name = "reel"

    def __init__(self) -> None:
        artist = DemoCamera()
        self._scenes = [artist.draw(i / FPS) for i in range(30)]
        self._closed = threading.Event()
        self.number = 0

    def read(self) -> Frame | None:
        if self._closed.wait(1 / FPS):
            return None
        self.number += 1
        return Frame(self._scenes[self.number % 30], time.monotonic(), self.number)

    def close(self) -> None:
        self._closed.set()


class Lags(Pipeline):
    """Notes how many newer frames there are already when a frame's turn comes."""

    def __init__(self, config: Config, parts: Parts, reel: Reel) -> None:
        super().__init__(parts.finder, SlowNetwork(parts), config.faces, config.mood)
        self._reel = reel
        self.lags: list[int] = []

    def step(self, frame: Frame) -> Observation:
        lag = self._reel.number - frame.number
        observation = super().step(frame)
        if observation.faces_read:
            self.lags.append(lag)
        return observation


def test_with_a_slow_network_the_newest_frame_wins(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_mosquitto()
    monkeypatch.setattr("mien_device.loops.vision.FIRST_STATS_S", 4.0)
    with Mosquitto(tmp_path) as broker, Listener(broker.port) as home:
        mqtt = config.mqtt.model_copy(update={"host": "127.0.0.1", "port": broker.port, "device_id": "slow"})
        config = config.model_copy(update={"mqtt": mqtt})
        parts, reel = build_parts(config), Reel()
        pipeline = Lags(config, parts, reel)
        daemon = Daemon(config, replace(parts, pipeline=pipeline, open_camera=lambda: reel), None, tmp_path)
        with running(daemon):
            wait_until(lambda: len(pipeline.lags) >= 10)
            home.wait_for("mien/slow/stats")
    stats = json.loads(home.received("mien/slow/stats")[-1])
    lags = sorted(pipeline.lags)
    assert lags[len(lags) // 2] <= 1, "while a frame is looked at several more come; the newest of them is next"
    assert stats["frames_dropped"] > 10


def test_nobody_is_there_as_soon_as_the_camera_is_off(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not when the next frame is overdue, which here it never is."""
    require_mosquitto()
    monkeypatch.setattr("mien_device.loops.vision.PATIENCE_S", 3600.0)
    with Mosquitto(tmp_path) as broker, Listener(broker.port) as home:
        mqtt = config.mqtt.model_copy(update={"host": "127.0.0.1", "port": broker.port, "device_id": "shy"})
        daemon = Daemon(config.model_copy(update={"mqtt": mqtt}), build_parts(config), None, tmp_path)
        with running(daemon):
            home.wait_for("mien/shy/presence/state", "ON")
            home.publish("mien/shy/camera/set", "OFF")
            home.wait_for("mien/shy/camera/state", "OFF")
            home.wait_for("mien/shy/presence/state", "OFF", count=2)


def test_a_mood_that_ends_without_a_frame_has_its_picture_too(config: Config) -> None:
    home, slot, stop = Recorder(), Latest[Frame](), threading.Event()
    parts = build_parts(config)
    mood = config.mood.model_copy(update={"absence_s": 0.3, "dwell_s": 0.3})
    pipeline = Pipeline(parts.finder, parts.reader, config.faces, mood)
    vision = Vision(slot, pipeline, home, Latest(), mood, "tiny", stop, snapshots=Snapshots(home))
    thread = threading.Thread(target=vision.run)
    thread.start()
    reel = Reel()

    def moods() -> list[Mood]:
        return [event.mood for event in home.of(Event) if event.event_type == "mood_changed"]

    def wait_for(condition: Callable[[], object], *, frames: bool) -> None:
        def happened() -> object:
            if frames and (frame := reel.read()) is not None:
                slot.put(frame)
            return condition()

        wait_until(happened, lambda: home.messages)

    try:
        wait_for(moods, frames=True)
        wait_for(lambda: home.of(Snapshot), frames=True)
        wait_for(lambda: moods()[-1] is Mood.NONE, frames=False)  # the camera hangs
        before, pictures = len(moods()), len(home.of(Snapshot))
        reel._scenes = [np.zeros_like(scene) for scene in reel._scenes]  # an empty room: no other mood begins
        wait_for(lambda: len(home.of(Snapshot)) > pictures, frames=True)
        assert len(moods()) == before
    finally:
        stop.set()
        slot.close()
        thread.join(LIMIT_S)
        parts.jukebox.close()


def test_no_thread_is_left(config: Config, tmp_path: Path) -> None:
    before = set(threading.enumerate())
    Daemon(config, build_parts(config), None, tmp_path).run(seconds=1)
    assert set(threading.enumerate()) == before


def test_stop_ends_it_at_once(config: Config, tmp_path: Path) -> None:
    daemon = Daemon(config, build_parts(config), None, tmp_path)
    threading.Timer(0.5, daemon.stop).start()
    with well_within(LIMIT_S):
        daemon.run()


def metrics(port: int) -> dict[str, str]:
    """Empty until frames come."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=LIMIT_S) as answer:
            lines = answer.read().decode().splitlines()
    except URLError:
        return {}
    figures = dict(line.split() for line in lines if not line.startswith("#"))
    return figures if float(figures["mien_fps"]) > 0 else {}


def test_figures_for_prometheus(config: Config, tmp_path: Path) -> None:
    port = free_port()
    config = config.model_copy(update={"health": HealthConfig(prometheus_port=port)})
    daemon = Daemon(config, build_parts(config), None, tmp_path)
    with running(daemon):
        figures = wait_until(lambda: metrics(port))
    assert float(figures["mien_rss_mb"]) > 10


class BrokenCamera(DemoCamera):
    """Gives a few frames, then fails like an unplugged one."""

    def __init__(self) -> None:
        super().__init__(fps=FPS)
        self._left = 5

    def read(self) -> Frame | None:
        self._left -= 1
        if self._left < 0:
            raise CameraError("unplugged")
        return super().read()


@pytest.fixture
def _short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mien_device.loops.capture.FIRST_WAIT_S", 0.05)


@pytest.mark.usefixtures("_short_patience")
def test_a_camera_that_comes_back_is_used_again(
    config: Config, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    parts = build_parts(config)
    cameras = iter([BrokenCamera(), BrokenCamera()])
    parts = replace(parts, open_camera=lambda: next(cameras, None) or DemoCamera(fps=FPS))
    with caplog.at_level(logging.WARNING), running(Daemon(config, parts, None, tmp_path)):
        wait_until(lambda: caplog.text.count("unplugged") == 2)


@pytest.mark.usefixtures("_short_patience")
def test_a_camera_beyond_hope_ends_the_daemon_with_its_error(config: Config, tmp_path: Path) -> None:
    cameras = iter([BrokenCamera()])

    def open_camera() -> DemoCamera:
        if (camera := next(cameras, None)) is None:
            raise CameraError("no camera")
        return camera

    parts = replace(build_parts(config), open_camera=open_camera)
    with pytest.raises(CameraError, match="no camera"):
        Daemon(config, parts, None, tmp_path).run(seconds=120)
