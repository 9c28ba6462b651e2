"""The music thread: newest mood and the home's commands → jukebox; what plays → the home."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from typing import Literal

from mien_device.home import Publisher
from mien_device.home.commands import MusicCommand, NextTrack, SetMode, SetPaused, SetVolume
from mien_device.home.messages import Event, Message, Mode, NowPlaying, Paused, Volume, switch
from mien_device.latest import Closed, Latest
from mien_device.music.jukebox import Change, Jukebox, TrackSkipped, TrackStarted
from mien_device.state import Memory
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
        memory: Memory,
        stop: threading.Event,
    ) -> None:
        self._jukebox = jukebox
        self._moods = moods
        self._publisher = publisher
        self._memory = memory
        self._stop = stop
        self._commands: list[MusicCommand] = []
        self._lock = threading.Lock()
        self._told: dict[type[Message], Message] = {}

    def command(self, command: MusicCommand) -> None:
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

    def _take_commands(self) -> list[MusicCommand]:
        with self._lock:
            taken, self._commands = self._commands, []
        return taken

    def _obey(self, command: MusicCommand, now: float) -> None:
        match command:
            case SetVolume(volume):
                self._jukebox.set_volume(volume)
                self._memory.keep(volume=volume)
            case SetPaused(True):
                self._jukebox.pause()
            case SetPaused(False):
                self._report(self._jukebox.resume(now))
            case SetMode(mode):
                self._report(self._jukebox.set_mode(mode, now))
                self._memory.keep(mode=mode)
            case NextTrack():
                left = self._jukebox.playing
                changes = self._jukebox.next(now)
                if left is not None and any(isinstance(change, TrackStarted) for change in changes):
                    self._publisher.publish(Event(event_type="track_skipped", mood=left.mood, title=left.title))
                self._report(changes)
        self._memory.keep(paused=self._jukebox.paused)  # also the next track may have ended a pause

    def _report(self, changes: Sequence[Change]) -> None:
        for change in changes:
            match change:
                case TrackStarted(track):
                    log.info("plays %s (%s)", track.title, track.mood)
                    self._publisher.publish(Event(event_type="track_started", mood=track.mood, title=track.title))
                case TrackSkipped(track):
                    self._publisher.publish(Event(event_type="track_skipped", mood=track.mood, title=track.title))

    def _echo(self) -> None:
        """Tell the home what plays and how it is set, where that changed."""
        jukebox, track = self._jukebox, self._jukebox.playing
        playing = NowPlaying(state="stopped")
        if track is not None:
            state: Literal["paused", "playing"] = "paused" if jukebox.paused else "playing"
            playing = NowPlaying(state=state, title=track.title, artist=track.artist, mood=track.mood)
        for message in (Volume(jukebox.volume), Paused(switch(jukebox.paused)), Mode(jukebox.mode), playing):
            if message != self._told.get(type(message)):
                self._told[type(message)] = message
                self._publisher.publish(message)
