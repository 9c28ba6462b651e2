"""The music thread: newest mood and the home's commands → jukebox; what plays → the home."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from mien_device.home import Publisher
from mien_device.home.commands import Command, NextTrack, SetPaused, SetVolume
from mien_device.home.messages import Event, NowPlaying, Settings
from mien_device.latest import Closed, Latest
from mien_device.music.jukebox import Change, Jukebox, TrackSkipped, TrackStarted
from mien_device.state import Remembered, save_remembered
from mien_models.labels import Mood

log = logging.getLogger(__name__)

TICK_S = 0.1
"""Ends of tracks and commands are noticed within this time."""
COMMANDS_WAITING = 32
"""More skips than these within a tick are a fault of their sender; the rest is dropped."""


class Music:
    """Follows the mood until the slot is closed. Loading a file from a card must not hold up the vision thread."""

    def __init__(
        self,
        jukebox: Jukebox,
        moods: Latest[Mood],
        publisher: Publisher,
        folder: Path,
        stop: threading.Event,
    ) -> None:
        self._jukebox = jukebox
        self._moods = moods
        self._publisher = publisher
        self._folder = folder
        self._stop = stop
        self._commands: list[Command] = []
        self._lock = threading.Lock()
        self._told_playing: NowPlaying | None = None
        self._told_settings: Settings | None = None

    def command(self, command: Command) -> None:
        """Take a command from any thread; it is carried out within a tick.

        Of several volumes, as a slider sends them, and of several pauses only the last one counts.
        """
        with self._lock:
            if not isinstance(command, NextTrack):
                self._commands = [other for other in self._commands if type(other) is not type(command)]
            elif len(self._commands) >= COMMANDS_WAITING:
                return
            self._commands.append(command)

    def greet(self) -> None:
        """Give the publisher a state to begin with, so that the home finds one as soon as the device is online."""
        self._echo()

    def run(self) -> None:
        """The loop."""
        try:
            while not self._stop.is_set():
                mood = self._moods.take(TICK_S)
                now = time.monotonic()
                if mood is not None:
                    self._report(self._jukebox.follow(mood, now))
                for command in self._take_commands():
                    self._obey(command, now)
                self._report(self._jukebox.tick(now))
                self._echo()
        except Closed:
            pass
        finally:
            self._jukebox.close()

    def _take_commands(self) -> list[Command]:
        with self._lock:
            taken, self._commands = self._commands, []
        return taken

    def _obey(self, command: Command, now: float) -> None:
        match command:
            case SetVolume(volume):
                self._jukebox.set_volume(volume)
                save_remembered(Remembered(volume=volume), self._folder)
            case SetPaused(True):
                self._jukebox.pause()
            case SetPaused(False):
                self._report(self._jukebox.resume(now))
            case NextTrack():
                left = self._jukebox.playing
                changes = self._jukebox.next(now)
                if left is not None and any(isinstance(change, TrackStarted) for change in changes):
                    self._publisher.event(Event(event_type="track_skipped", mood=left.mood, title=left.title))
                self._report(changes)

    def _report(self, changes: Sequence[Change]) -> None:
        for change in changes:
            match change:
                case TrackStarted(track):
                    log.info("plays %s (%s)", track.title, track.mood)
                    self._publisher.event(Event(event_type="track_started", mood=track.mood, title=track.title))
                case TrackSkipped(track):
                    self._publisher.event(Event(event_type="track_skipped", mood=track.mood, title=track.title))

    def _echo(self) -> None:
        """Tell the home what plays and how it is set, where that changed."""
        settings = Settings(volume=self._jukebox.volume, paused=self._jukebox.paused)
        if settings != self._told_settings:
            self._told_settings = settings
            self._publisher.settings(settings)
        track = self._jukebox.playing
        playing = (
            NowPlaying(state="stopped")
            if track is None
            else NowPlaying(state="paused" if self._jukebox.paused else "playing", title=track.title, mood=track.mood)
        )
        if playing != self._told_playing:
            self._told_playing = playing
            self._publisher.now_playing(playing)
