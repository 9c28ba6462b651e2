"""Carries out what the home asks, or hands it to the loop that does."""

from __future__ import annotations

import logging
import threading

from mien_device.camera import Frame
from mien_device.home import Publisher
from mien_device.home.commands import (
    Command,
    Restart,
    SetCamera,
    ShowMessage,
    TakeSnapshot,
    UpdateModel,
)
from mien_device.home.messages import ScreenMessage, utc_now
from mien_device.home.payloads import CommandError
from mien_device.latest import Latest
from mien_device.loops.capture import Capture
from mien_device.loops.music import Music
from mien_device.loops.snapshot import Snapshots
from mien_device.loops.updates import Updates
from mien_device.state import Memory

log = logging.getLogger(__name__)


class Orders:
    """`carry_out` is called by the threads of whoever asks: the broker's client, the page."""

    def __init__(
        self,
        publisher: Publisher,
        memory: Memory,
        frames: Latest[Frame],
        capture: Capture,
        music: Music,
        stop: threading.Event,
        *,
        snapshots: Snapshots | None,
        updates: Updates | None,
        restartable: bool,
    ) -> None:
        """Prepare it.

        Args:
            publisher: shows the words for a screen.
            memory: keeps the camera's switch.
            frames: the slot between camera and vision.
            capture: has the camera.
            music: takes everything that is about music.
            stop: ends the daemon.
            snapshots: sends pictures; None: they may not leave the device.
            updates: takes new models; None: none may come.
            restartable: whether somebody would start the daemon again.

        """
        self._publisher, self._memory, self._stop = publisher, memory, stop
        self._frames, self._capture, self._music = frames, capture, music
        self._snapshots, self._updates = snapshots, updates
        self._restartable = restartable
        self.restart_wanted = False
        """Whether the home asked for a restart."""

    def greet(self) -> None:
        """No words for the screen yet."""
        self._publisher.publish(ScreenMessage(text="", ts=""))

    def carry_out(self, command: Command) -> None:
        """Do it, or hand it on.

        Raises:
            CommandError: this device cannot do it.

        """
        match command:
            case SetCamera(on):
                self._switch_camera(on)
            case ShowMessage(text):
                self._publisher.publish(ScreenMessage(text=text, ts=utc_now()))
            case TakeSnapshot():
                self._take_snapshot()
            case UpdateModel():
                if self._updates is None:
                    raise CommandError("nobody may send models to this device; see updates.keys")
                self._updates.command(command)
            case Restart():
                self._restart()
            case _:
                self._music.command(command)

    def _switch_camera(self, on: bool) -> None:
        self._memory.keep(camera=on)
        self._capture.switch(on)
        self._frames.nudge()  # nobody is there any more: that is said now, not when the next frame is overdue

    def _take_snapshot(self) -> None:
        if self._snapshots is None:
            raise CommandError("pictures are not allowed to leave this device; see privacy.snapshot")
        if not self._capture.on:
            raise CommandError("the camera is switched off")
        self._snapshots.ask()

    def _restart(self) -> None:
        if not self._restartable:
            raise CommandError("nobody would start mien again: it does not run as a systemd service")
        log.info("the home asked for a restart")
        self.restart_wanted = True
        self._stop.set()
