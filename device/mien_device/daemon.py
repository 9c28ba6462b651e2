"""The composition root: builds the parts, starts the loops, waits, stops everything in reverse."""

from __future__ import annotations

import contextlib
import logging
import platform
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mien_device.camera import Camera, Frame
from mien_device.camera.addresses import public_name
from mien_device.camera.open import open_camera
from mien_device.config import Config
from mien_device.config.load import read_password
from mien_device.faces import FaceFinder
from mien_device.faces.open import open_finder
from mien_device.health import notify
from mien_device.home import Publisher
from mien_device.home.commands import Command
from mien_device.home.identity import device_id
from mien_device.home.messages import Info, utc_now
from mien_device.home.open import open_publisher
from mien_device.latest import Latest
from mien_device.loops.capture import Capture
from mien_device.loops.crew import Crew
from mien_device.loops.music import Music
from mien_device.loops.vision import Vision
from mien_device.music import Player
from mien_device.music.jukebox import Jukebox
from mien_device.music.player import open_player
from mien_device.music.playlist import Playlists
from mien_device.pipeline import Pipeline
from mien_device.state import load_remembered, models_folder, state_folder
from mien_models import __version__
from mien_models.labels import Mood
from mien_models.runner import Classifier
from mien_models.runtime import find_runtime
from mien_models.selftest import self_test
from mien_models.shipped import find_model

log = logging.getLogger(__name__)

STOP_S = 2.0
"""Seconds that the loops have to end before they are left behind and named."""


@dataclass(frozen=True)
class Parts:
    """What the loops work with; a test or the demo exchanges single ones."""

    open_camera: Callable[[], Camera]
    camera_name: str
    pipeline: Pipeline
    player: Player
    jukebox: Jukebox
    model: str
    finder: FaceFinder
    classifier: Classifier


def build_parts(config: Config, volume: int | None) -> Parts:
    """Open everything but camera and network, as configured.

    Raises:
        MienError: something that the configuration names is not there or not usable.

    """
    classifier = Classifier.open(find_model(config.model.emotion), config.model.accelerator, config.model.threads)
    log.info("%s: self-test passed, %d faces", classifier.manifest.name, self_test(classifier))
    finder = open_finder(config.faces, models_folder(), config.model.accelerator)
    player = open_player(config.music)
    jukebox = Jukebox(player, Playlists(config.music), config.music)
    if volume is not None:
        jukebox.set_volume(volume)
    return Parts(
        open_camera=lambda: open_camera(config.camera),
        camera_name=public_name(config.camera.source),
        pipeline=Pipeline(finder, classifier, config.faces, config.mood),
        player=player,
        jukebox=jukebox,
        model=f"{classifier.manifest.name} {classifier.manifest.version}",
        finder=finder,
        classifier=classifier,
    )


class Daemon:
    """mien from camera to music and MQTT. `run` starts the loops, waits, and stops everything in reverse."""

    def __init__(self, config: Config, parts: Parts, password: str | None, folder: Path) -> None:
        """Put the parts together; nothing runs yet.

        Raises:
            ConfigError: the broker's settings contradict each other or name a file that cannot be used.

        """
        self._parts = parts
        self._stop = threading.Event()
        self._frames: Latest[Frame] = Latest()
        self._moods: Latest[Mood] = Latest()
        self._identity = device_id(config.mqtt.device_id, folder)
        self._publisher: Publisher = open_publisher(config.mqtt, password, self._identity, self._command)
        self._capture = Capture(parts.open_camera, self._frames, self._stop)
        self._vision = Vision(
            self._frames, parts.pipeline, self._publisher, self._moods, config.mood, parts.model, self._stop
        )
        self._music = Music(parts.jukebox, self._moods, self._publisher, folder, self._stop)

    def run(self, seconds: float | None = None) -> None:
        """Run until `stop`, a failure, the end of the source, or for `seconds`.

        Raises:
            MienError: the first failure that ended a loop.

        """
        log.info("camera %s, finder %s, model %s", self._parts.camera_name, self._parts.finder.name, self._parts.model)
        log.info("player: %s; home: %s", self._parts.player.name, self._publisher.name)
        crew = Crew(self._stop)
        self._vision.greet()
        self._music.greet()
        self._publisher.start(self._info())
        crew.start("capture", self._capture.run)
        crew.start("vision", self._vision.run)
        crew.start("music", self._music.run)
        notify.ready()
        try:
            self._stop.wait(seconds)
        finally:
            notify.stopping()
            self._stop.set()
            self._capture.close()
            self._frames.close()
            self._moods.close()
            crew.join(STOP_S)
            self._publisher.close()
        crew.raise_failure()

    def stop(self) -> None:
        """Ask `run` to end. From any thread or a signal handler."""
        self._stop.set()

    def _command(self, command: Command) -> None:
        self._music.command(command)

    def _info(self) -> Info:
        manifest = self._parts.classifier.manifest
        output = manifest.output(manifest.answer)
        return Info(
            version=__version__,
            model=self._parts.model,
            model_sha256=manifest.file.sha256,
            labels=output.labels if output else (),
            runtime=find_runtime().name,
            accelerator=self._parts.classifier.accelerator,
            camera=self._parts.camera_name,
            finder=self._parts.finder.name,
            player=self._parts.player.name,
            os=platform.platform(terse=True),
            python=platform.python_version(),
            started_at=utc_now(),
        )


def run_daemon(config: Config, seconds: float | None = None) -> int:
    """`mien run`: build, run until a signal, return the exit code.

    Raises:
        MienError: what stopped it.

    """
    folder = state_folder()
    daemon = Daemon(config, build_parts(config, load_remembered(folder).volume), read_password(config.mqtt), folder)
    with stop_on_signals(daemon.stop):
        daemon.run(seconds)
    return 0


@contextlib.contextmanager
def stop_on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` at SIGTERM and SIGINT for as long as the block lasts. In the main thread only."""
    kept = {number: signal.signal(number, lambda *_: stop()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
