"""The composition root: builds the parts, starts the loops, waits, stops everything in reverse."""

from __future__ import annotations

import contextlib
import logging
import platform
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from mien_device.camera import Frame
from mien_device.config import Config
from mien_device.config.load import read_password
from mien_device.features import features
from mien_device.health import notify
from mien_device.health.prometheus import PrometheusEndpoint
from mien_device.home import Publisher
from mien_device.home.announcer import Announcer
from mien_device.home.commands import Command, Restart, SetCamera, ShowMessage, TakeSnapshot
from mien_device.home.discovery import describe
from mien_device.home.entities import Feature
from mien_device.home.identity import device_id
from mien_device.home.messages import Info, ScreenMessage, utc_now
from mien_device.home.open import open_publisher
from mien_device.home.payloads import CommandError
from mien_device.latest import Latest
from mien_device.loops.capture import Capture
from mien_device.loops.crew import Crew
from mien_device.loops.music import Music
from mien_device.loops.snapshot import Snapshots
from mien_device.loops.vision import Vision
from mien_device.parts import Parts, build_parts
from mien_device.state import Memory, state_folder
from mien_models import __version__
from mien_models.errors import RestartError
from mien_models.labels import Mood
from mien_models.runtime import find_runtime

log = logging.getLogger(__name__)

STOP_S = 2.0
"""Seconds that the loops have to end before they are left behind and named."""

LONGEST_REASON = 200


class Daemon:
    """mien from camera to music and MQTT. `run` starts the loops, waits, and stops everything in reverse."""

    def __init__(
        self, config: Config, parts: Parts, password: str | None, folder: Path, memory: Memory | None = None
    ) -> None:
        """Put the parts together; nothing runs yet.

        Args:
            config: the settings.
            parts: see `build_parts`.
            password: the broker's.
            folder: for what outlives a restart.
            memory: what is kept there; None: read it.

        Raises:
            ConfigError: the broker's settings contradict each other or name a file that cannot be used.

        """
        self._parts = parts
        self._memory = memory or Memory(folder)
        self._stop = threading.Event()
        self._restart_wanted = False
        self._frames: Latest[Frame] = Latest()
        self._moods: Latest[Mood] = Latest()
        self._features = features(config)
        identity = device_id(config.mqtt.device_id, folder)
        announcer = Announcer(config.home_assistant, describe(config, identity, self._features), folder)
        self._publisher: Publisher = open_publisher(config.mqtt, password, identity, self._command, announcer)
        self._capture = Capture(
            parts.open_camera,
            self._frames,
            self._publisher,
            self._stop,
            on=self._memory.remembered.camera is not False,
        )
        self._snapshots = Snapshots(self._publisher) if Feature.SNAPSHOT in self._features else None
        self._vision = Vision(
            self._frames,
            parts.pipeline,
            self._publisher,
            self._moods,
            config.mood,
            parts.model,
            self._stop,
            camera_on=lambda: self._capture.on,
            snapshots=self._snapshots,
        )
        self._music = Music(parts.jukebox, self._moods, self._publisher, self._memory, self._stop)
        port = config.health.prometheus_port
        self._endpoint = None if port is None else PrometheusEndpoint(port, lambda: self._vision.stats().model_dump())

    def run(self, seconds: float | None = None) -> None:
        """Run until `stop`, a failure, the end of the source, or for `seconds`.

        Raises:
            MienError: the first failure that ended a loop.
            RestartError: the home asked for a restart.

        """
        log.info("camera %s, finder %s, model %s", self._parts.camera_name, self._parts.finder.name, self._parts.model)
        log.info("player: %s; home: %s", self._parts.player.name, self._publisher.name)
        crew = Crew(self._stop)
        self._capture.greet()
        self._vision.greet()
        self._music.greet()
        self._publisher.publish(ScreenMessage(text="", ts=""))
        self._publisher.start(self._info())
        if self._endpoint is not None:
            self._endpoint.start()
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
            if self._endpoint is not None:
                self._endpoint.close()
            self._publisher.close(self._reason(crew))
        crew.raise_failure()
        if self._restart_wanted:
            raise RestartError("the home asked for a restart")

    def stop(self) -> None:
        """Ask `run` to end. From any thread or a signal handler."""
        self._stop.set()

    def _command(self, command: Command) -> None:
        """Carry out a command, or hand it to the thread that does.

        Raises:
            CommandError: this device cannot do it.

        """
        match command:
            case SetCamera(on):
                kept = self._memory.keep(camera=on)
                self._capture.switch(on)
                if not kept:
                    raise CommandError("done, but it cannot be saved and will not outlive a restart; see mien's log")
            case ShowMessage(text):
                self._publisher.publish(ScreenMessage(text=text, ts=utc_now()))
            case TakeSnapshot():
                if self._snapshots is None:
                    raise CommandError("pictures are not allowed to leave this device; see privacy.snapshot")
                if not self._capture.on:
                    raise CommandError("the camera is switched off")
                self._snapshots.ask()
            case Restart():
                if Feature.RESTART not in self._features:
                    raise CommandError("nobody would start mien again: it does not run as a systemd service")
                log.info("the home asked for a restart")
                self._restart_wanted = True
                self._stop.set()
            case _:
                self._music.command(command)

    def _reason(self, crew: Crew) -> str:
        """Why the daemon stops, in a few words for the home."""
        if crew.failure is not None:
            return f"failed: {crew.failure}"[:LONGEST_REASON]
        return "restart" if self._restart_wanted else "stopped"

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
    memory = Memory(folder)
    parts = build_parts(config, memory.remembered)
    daemon = Daemon(config, parts, read_password(config.mqtt), folder, memory)
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
