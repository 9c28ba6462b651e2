"""The composition root: builds the parts, starts the loops, waits, stops everything in reverse."""

from __future__ import annotations

import logging
import platform
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from mien_device.camera import Frame
from mien_device.config import Config
from mien_device.config.load import read_password, read_token
from mien_device.features import features
from mien_device.health import notify
from mien_device.health.prometheus import PrometheusEndpoint
from mien_device.home import Publisher
from mien_device.home.announcer import Announcer
from mien_device.home.commands import (
    Command,
    Restart,
    SetCamera,
    ShowMessage,
    TakeSnapshot,
    UpdateModel,
)
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
from mien_device.loops.updates import Updates
from mien_device.loops.vision import Vision
from mien_device.loops.warden import Warden
from mien_device.mood import MoodState
from mien_device.parts import Parts, build_parts
from mien_device.reload import Reloader, live_settings
from mien_device.signals import reload_on_signal, stop_on_signals
from mien_device.state import Memory, state_folder
from mien_device.upkeep.inuse import in_use
from mien_device.upkeep.restore import finish_interrupted
from mien_models import __version__
from mien_models.errors import RestartError
from mien_models.runtime import find_runtime

if TYPE_CHECKING:
    from mien_device.showing.stage import Stage

log = logging.getLogger(__name__)

STOP_S = 2.0
"""Seconds that the loops have to end before they are left behind and named."""

LONGEST_REASON = 200


class Daemon:
    """mien from camera to music and MQTT. `run` starts the loops, waits, and stops everything in reverse."""

    def __init__(
        self,
        config: Config,
        parts: Parts,
        password: str | None,
        folder: Path,
        memory: Memory | None = None,
        load: Callable[[], Config] | None = None,
        token: str | None = None,
    ) -> None:
        """Put the parts together; nothing runs yet.

        Args:
            config: the settings.
            parts: see `build_parts`.
            password: the broker's.
            folder: for what outlives a restart.
            memory: what is kept there; None: read it.
            load: reads the settings again, for `reload`; None: they stay as they are.
            token: what other devices must know to see the page.

        Raises:
            ConfigError: the settings of broker or page contradict each other or name a file that cannot be used.

        """
        self._parts = parts
        self._memory = memory or Memory(folder)
        self._stop = threading.Event()
        self._restart_wanted = False
        self._frames: Latest[Frame] = Latest()
        self._moods: Latest[MoodState] = Latest()
        self._features = features(config)
        identity = device_id(config.mqtt.device_id, folder)
        announcer = Announcer(config.home_assistant, describe(config, identity, self._features), folder)
        self._publisher: Publisher = open_publisher(
            config.mqtt, password, identity, self._command, announcer, self._memory.when_saved
        )
        self._stage = self._build_stage(config, token, folder)
        if self._stage is not None:
            self._publisher = self._stage  # what the home is told, the page is told
        self._capture = Capture(
            parts.open_camera,
            self._frames,
            self._publisher,
            self._stop,
            on=self._memory.remembered.camera is not False,
            save=self._memory.save,
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
            camera_failing=lambda: self._capture.failing,
            stride=lambda: self._warden.stride,
            show=None if self._stage is None else self._stage.see,
        )
        self._warden = Warden(
            {
                "camera": lambda: self._capture.trouble,
                "accelerator": lambda: parts.ladder.trouble,
                "sound": lambda: parts.player.trouble,
                "disk": lambda: self._memory.trouble,
                "library": parts.library_trouble,
                "power": parts.power_trouble,
            },
            self._publisher,
            self._stop,
            parts.temperature,
            self._tell_info,
        )
        self._music = Music(
            parts.jukebox,
            self._moods,
            self._publisher,
            self._memory,
            self._stop,
            parts.see,
            show=None if self._stage is None else self._stage.playing.hear,
        )
        self._updates = (
            None
            if parts.updates is None
            else Updates(
                config.updates,
                parts.updates,
                parts.reader,
                parts.open_model,
                self._publisher,
                self._stop,
                self._tell_model,
            )
        )
        self._reloader = Reloader(
            config, load or (lambda: config), live_settings(parts.pipeline, parts.jukebox, self._vision, self._music)
        )
        self._started_at = ""
        """The time of day, RFC 3339; empty before `run`."""
        self._told_info: Info | None = None
        port = config.health.prometheus_port
        self._endpoint = None if port is None else PrometheusEndpoint(port, lambda: self._vision.stats().model_dump())

    def _build_stage(self, config: Config, token: str | None, folder: Path) -> Stage | None:
        """What the page shows; None without one, and then nothing of it is imported."""
        if not config.page.enabled:
            return None
        from mien_device.showing.stage import Stage

        return Stage(config.page, token, self._publisher, self._command, self._memory.when_saved, folder)

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
        self._warden.greet()
        if self._updates is not None:
            self._updates.greet()
        self._publisher.publish(ScreenMessage(text="", ts=""))
        self._started_at = utc_now()
        self._told_info = self._info()
        self._publisher.start(self._told_info)
        if self._endpoint is not None:
            self._endpoint.start()
        crew.start("capture", self._capture.run)
        crew.start("vision", self._vision.run)
        crew.start("music", self._music.run)
        crew.start("warden", self._warden.run)
        if self._updates is not None:
            crew.start("updates", self._updates.run)
        notify.ready()
        try:
            self._stop.wait(seconds)
        finally:
            notify.stopping()
            self._stop.set()
            self._capture.close()
            self._frames.close()
            self._moods.close()
            if self._updates is not None:
                self._updates.close()
            crew.join(STOP_S)
            self._parts.ladder.close()
            if self._updates is not None:
                self._updates.end(crew.failure)
            if self._endpoint is not None:
                self._endpoint.close()
            self._memory.save()  # who waits for it is still answered
            self._publisher.close(self._reason(crew))
            self._memory.close()  # with what the home said until it was told goodbye
        crew.raise_failure()
        if self._restart_wanted:
            raise RestartError("the home asked for a restart")

    def reload(self) -> None:
        """Read the configuration again. From any thread."""
        notify.reloading()
        self._reloader.reload()
        notify.ready()

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
                self._memory.keep(camera=on)
                self._capture.switch(on)
                self._frames.nudge()  # nobody is there any more: that is said now, not when the next frame is overdue
            case ShowMessage(text):
                self._publisher.publish(ScreenMessage(text=text, ts=utc_now()))
            case TakeSnapshot():
                if self._snapshots is None:
                    raise CommandError("pictures are not allowed to leave this device; see privacy.snapshot")
                if not self._capture.on:
                    raise CommandError("the camera is switched off")
                self._snapshots.ask()
            case UpdateModel():
                if self._updates is None:
                    raise CommandError("nobody may send models to this device; see updates.keys")
                self._updates.command(command)
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
        manifest = self._parts.reader.classifier.manifest
        output = manifest.output(manifest.answer)
        return Info(
            version=__version__,
            model=f"{manifest.name} {manifest.version}",
            model_sha256=manifest.file.sha256,
            labels=output.labels if output else (),
            runtime=find_runtime().name,
            accelerator=self._parts.reader.classifier.accelerator,
            camera=self._parts.camera_name,
            finder=self._parts.finder.name,
            player=self._parts.player.name,
            os=platform.platform(terse=True),
            python=platform.python_version(),
            started_at=self._started_at,
            restart_required=self._reloader.restart_required,
        )

    def _tell_info(self) -> None:
        """What this device is changes with its health: the accelerator, the sound card."""
        info = self._info()
        if self._started_at and info != self._told_info:
            self._told_info = info
            self._publisher.publish(info)

    def _tell_model(self) -> None:
        """Another model answers."""
        manifest = self._parts.reader.classifier.manifest
        self._vision.model = f"{manifest.name} {manifest.version}"
        self._tell_info()


def run_daemon(load: Callable[[], Config], seconds: float | None = None) -> int:
    """`mien run`: build, run until a signal, return the exit code. `load` reads the settings, now and at every SIGHUP.

    Raises:
        MienError: what stopped it.

    """
    folder = state_folder()
    with in_use(folder):
        finish_interrupted(folder)
        config, memory = load(), Memory(folder)
        # Before all else takes its seconds: a SIGHUP that nobody expects ends the process.
        asked = threading.Event()
        signal.signal(signal.SIGHUP, lambda *_: asked.set())
        parts = build_parts(config, memory.remembered)
        token = read_token(config.page) if config.page.enabled else None
        daemon = Daemon(config, parts, read_password(config.mqtt), folder, memory, load, token)
        with stop_on_signals(daemon.stop), reload_on_signal(daemon.reload):
            if asked.is_set():
                daemon.reload()
            daemon.run(seconds)
    return 0
