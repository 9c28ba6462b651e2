"""Who hands what to whom: joins the parts, the loops, the home and the page. Nothing runs yet."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from mien_device.camera import Frame
from mien_device.config import Config
from mien_device.features import features
from mien_device.health.prometheus import PrometheusEndpoint
from mien_device.home import Publisher
from mien_device.home.announcer import Announcer
from mien_device.home.commands import Command
from mien_device.home.discovery import describe
from mien_device.home.entities import Feature
from mien_device.home.identity import device_id
from mien_device.home.open import open_publisher
from mien_device.introduction import Introduction
from mien_device.latest import Latest
from mien_device.loops import Loop
from mien_device.loops.capture import Capture
from mien_device.loops.music import Music
from mien_device.loops.snapshot import Snapshots
from mien_device.loops.updates import Updates
from mien_device.loops.vision import Vision
from mien_device.loops.warden import Warden
from mien_device.mood import MoodState
from mien_device.orders import Orders
from mien_device.parts import Parts
from mien_device.reload import Reloader, live_settings
from mien_device.state import Memory

if TYPE_CHECKING:
    from mien_device.showing.stage import Stage


class Wiring:
    """What the daemon starts and stops."""

    def __init__(
        self,
        config: Config,
        parts: Parts,
        password: str | None,
        token: str | None,
        folder: Path,
        memory: Memory,
        load: Callable[[], Config],
        stop: threading.Event,
    ) -> None:
        """Join everything.

        Args:
            config: the settings.
            parts: what the loops work with.
            password: the broker's.
            token: what other devices must know to see the page.
            folder: for what outlives a restart.
            memory: what is kept there.
            load: reads the settings again.
            stop: ends all loops.

        Raises:
            ConfigError: the settings of broker or page contradict each other or name a file that cannot be used.

        """
        self._config, self._parts, self._memory, self._stop = config, parts, memory, stop
        able = features(config)
        self.frames: Latest[Frame] = Latest()
        """From the camera to the vision loop."""
        self.moods: Latest[MoodState] = Latest()
        """From the vision loop to the music."""
        identity = device_id(config.mqtt.device_id, folder)
        announcer = Announcer(config.home_assistant, describe(config, identity, able), folder)
        self.publisher: Publisher = open_publisher(
            config.mqtt, password, identity, self._command, announcer, memory.when_saved
        )
        self._stage = self._build_stage(token, folder, load)
        if self._stage is not None:
            self.publisher = self._stage  # what the home is told, the page is told
        self.capture = Capture(
            parts.open_camera,
            self.frames,
            self.publisher,
            stop,
            on=memory.remembered.camera is not False,
            save=memory.save,
        )
        snapshots = Snapshots(self.publisher) if Feature.SNAPSHOT in able else None
        self._vision = self._build_vision(snapshots)
        self._music = Music(
            parts.jukebox,
            self.moods,
            self.publisher,
            memory,
            stop,
            parts.see,
            show=None if self._stage is None else self._stage.hear,
            has_song=parts.has_song,
        )
        live = live_settings(parts.pipeline, parts.jukebox, self._music)
        self.reloader = Reloader(config, load, live)
        self.introduction = Introduction(parts, self.publisher, lambda: self.reloader.restart_required)
        self._warden = self._build_warden()
        self.updates = self._build_updates()
        self.orders = Orders(
            self.publisher,
            memory,
            self.frames,
            self.capture,
            self._music,
            stop,
            snapshots=snapshots,
            updates=self.updates,
            restartable=Feature.RESTART in able,
        )
        self.loops: dict[str, Loop] = {
            "capture": self.capture,
            "vision": self._vision,
            "music": self._music,
            "warden": self._warden,
        }
        """By the names of their threads, in the order in which they start."""
        if self.updates is not None:
            self.loops["updates"] = self.updates
        port = config.health.prometheus_port
        self.endpoint = None if port is None else PrometheusEndpoint(port, lambda: self._vision.stats().model_dump())

    def _command(self, command: Command) -> None:
        """For publisher and page, which are there before those whom they command."""
        self.orders.carry_out(command)

    def _build_stage(self, token: str | None, folder: Path, load: Callable[[], Config]) -> Stage | None:
        """What the page shows; None without one, and then nothing of it is imported."""
        if not self._config.page.enabled:
            return None
        from mien_device.showing.stage import Stage

        return Stage(self._config, token, self.publisher, self._command, self._memory.when_saved, folder, load)

    def _build_vision(self, snapshots: Snapshots | None) -> Vision:
        return Vision(
            self.frames,
            self._parts.pipeline,
            self.publisher,
            self.moods,
            self._config.mood,
            self._parts.model,
            self._stop,
            camera_on=lambda: self.capture.on,
            snapshots=snapshots,
            camera_failing=lambda: self.capture.failing,
            stride=lambda: self._warden.stride,
            show=None if self._stage is None else self._stage.see,
        )

    def _build_warden(self) -> Warden:
        parts = self._parts
        return Warden(
            {
                "camera": lambda: self.capture.trouble,
                "accelerator": lambda: parts.ladder.trouble,
                "sound": lambda: parts.player.trouble,
                "disk": lambda: self._memory.trouble,
                "library": parts.library_trouble,
                "music": parts.music_trouble,
                "power": parts.power_trouble,
            },
            self.publisher,
            self._stop,
            parts.temperature,
            self.introduction.renew,
        )

    def _build_updates(self) -> Updates | None:
        if self._parts.updates is None:
            return None
        return Updates(
            self._config.updates,
            self._parts.updates,
            self._parts.reader,
            self._parts.open_model,
            self.publisher,
            self._stop,
            self._tell_model,
        )

    def _tell_model(self) -> None:
        """Another model answers."""
        manifest = self._parts.reader.classifier.manifest
        self._vision.model = f"{manifest.name} {manifest.version}"
        self.introduction.renew()
