"""The music thread: newest mood and the home's commands → jukebox; what plays → the home."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from typing import Literal

from mien_device.home import Publisher
from mien_device.home.commands import (
    JudgeTrack,
    MusicCommand,
    NextTrack,
    PlaySong,
    SayFeeling,
    SeekTrack,
    SetMode,
    SetPaused,
    SetVolume,
)
from mien_device.home.messages import Event, Feeling, Message, Mode, NowPlaying, Paused, Volume, switch, utc_now
from mien_device.home.payloads import CommandError, Measure, Spot
from mien_device.latest import Closed, Latest
from mien_device.mood import MoodState
from mien_device.mood.said import LASTS_S, Said
from mien_device.music.jukebox import Change, Jukebox, TrackSkipped, TrackStarted
from mien_device.names import utf8
from mien_device.state import Memory
from mien_models.labels import Emotion, Mood

log = logging.getLogger(__name__)

TICK_S = 0.1
"""Ends of tracks and commands are noticed within this time."""
COMMANDS_WAITING = 32
"""More skips or steps than these within a tick are a fault of their sender; the rest is dropped."""
KEEP_S = 240.0
"""Where the music is, is written this often: a power cut costs so much of a song, and a flash card a write."""


class Music:
    """Follows the mood until the slot is closed. Loading a file from a card must not hold up the vision thread."""

    def __init__(
        self,
        jukebox: Jukebox,
        moods: Latest[MoodState],
        publisher: Publisher,
        memory: Memory,
        stop: threading.Event,
        see: Callable[[MoodState, float], None] = lambda state, at: None,
        show: Callable[[Jukebox, float], None] | None = None,
        has_song: Callable[[str], bool] = lambda song: True,
    ) -> None:
        """Prepare it. `see` is told of every state of the room: a chooser may want more than the mood's name. `show` may look at
        the jukebox at every turn. `has_song` says, in any thread, whether there is a song with an id.
        """
        self._jukebox = jukebox
        self._moods = moods
        self._publisher = publisher
        self._memory = memory
        self._stop = stop
        self._see = see
        self._show = show
        self._has_song = has_song
        self._said = Said()
        self._feeling = Feeling(feeling=Mood.NONE)
        self._commands: list[MusicCommand] = []
        self._lock = threading.Lock()
        self._told: dict[type[Message], Message] = {}
        self._seen: object = None
        """What was looked at when the home was told of the settings last, and"""
        self._heard: object = None
        """of the track."""
        self._seeks = 0
        self._keep_at = math.inf

    def command(self, command: MusicCommand) -> None:
        """Take a command from any thread; a setting is kept at once, and all is carried out within a tick.

        Of several volumes, as a slider sends them, and of several pauses only the last one counts.

        Raises:
            CommandError: there is no such place to go to, or no such song.

        """
        match command:
            case SeekTrack(spot):
                self._check(spot)
            case PlaySong(song):
                if not self._has_song(song):
                    raise CommandError("there is no such song to play; `mien library list --json` shows the ids")
            case SetVolume(volume):
                self._memory.keep(volume=volume)
            case SetPaused(paused):
                self._memory.keep(paused=paused)
            case SetMode(mode):
                self._memory.keep(mode=mode)
        with self._lock:
            if not isinstance(command, NextTrack | SeekTrack | JudgeTrack):
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
                state = self._moods.take(TICK_S)
                now = time.monotonic()
                if state is not None:
                    state = self._with_what_was_said(state, now)
                    self._see(state, now)
                    self._report(self._jukebox.follow(state.mood, now))
                for command in self._take_commands():
                    self._obey(command, now)
                self._report(self._jukebox.tick(now))
                self._echo()
                if self._show is not None:
                    self._show(self._jukebox, now)
                if now >= self._keep_at:
                    self._keep_place(now)
        except Closed:
            pass
        finally:
            if self._keep_at < math.inf:  # what was kept before stays as long as nothing has played
                self._keep_place(time.monotonic())
            self._jukebox.close()

    def _take_commands(self) -> list[MusicCommand]:
        with self._lock:
            taken, self._commands = self._commands, []
        return taken

    def _obey(self, command: MusicCommand, now: float) -> None:
        match command:
            case SetVolume(volume):
                self._jukebox.set_volume(volume)
            case SetPaused(True):
                self._jukebox.pause()
                self._memory.keep(paused=True)  # again: a skip before it may have ended the pause meanwhile
            case SetPaused(False):
                self._report(self._jukebox.resume(now))
            case SetMode(mode):
                self._report(self._jukebox.set_mode(mode, now))
            case SayFeeling(feeling):
                self._say(feeling, now)
            case SeekTrack(spot):
                self._jukebox.seek(self._place(spot))
                self._seeks += 1
            case JudgeTrack(liked):
                self._judge(liked=liked)
            case NextTrack() | PlaySong():
                self._change_track(command, now)

    def _change_track(self, command: NextTrack | PlaySong, now: float) -> None:
        left, was_paused = self._jukebox.playing, self._jukebox.paused
        changes = self._jukebox.play(command.song, now) if isinstance(command, PlaySong) else self._jukebox.next(now)
        if was_paused and not self._jukebox.paused:
            self._memory.keep(paused=False)
        if left is not None and any(isinstance(change, TrackStarted) for change in changes):
            self._echo()
            self._publisher.publish(Event(event_type="track_skipped", mood=left.mood, title=left.title))
        self._report(changes)

    def _say(self, feeling: Emotion | None, now: float) -> None:
        self._said.say(feeling, now)
        if feeling is None:
            self._feeling = Feeling(feeling=Mood.NONE)
        else:
            log.info("somebody says that they feel %s", feeling)
            self._feeling = Feeling(feeling=Mood(feeling), since=utc_now(), lasts_s=int(LASTS_S))

    def _with_what_was_said(self, state: MoodState, now: float) -> MoodState:
        state = self._said.over(state, now)
        if not state.said:
            self._feeling = Feeling(feeling=Mood.NONE)
        return state

    def _check(self, spot: Spot) -> None:
        """Whether the track that plays has such a place. From any thread."""
        if self._jukebox.playing is None:
            raise CommandError("nothing plays")
        length = self._jukebox.duration_s
        if length is None and spot.measure is Measure.SHARE:
            raise CommandError("the file does not say how long it is; give seconds")
        if length is not None and spot.measure is Measure.SECONDS and spot.amount > round(length, 1):  # as it was told
            raise CommandError(f"the song ends at {length:.1f} seconds")

    def _place(self, spot: Spot) -> float:
        """Seconds from the beginning of the track that plays."""
        match spot.measure:
            case Measure.ON:
                return self._jukebox.position_s + spot.amount
            case Measure.SHARE:
                return spot.amount * (self._jukebox.duration_s or 0.0)
        return spot.amount

    def _judge(self, *, liked: bool) -> None:
        match self._jukebox.judge(liked=liked):
            case None:
                log.info("nothing plays that could be %s", "liked" if liked else "disliked")
            case track, False:
                log.warning(
                    "%s: not kept; if it is not in the library see `mien library scan`, else the line above",
                    track.title,
                )
            case track, True:
                kind: Literal["track_liked", "track_disliked"] = "track_liked" if liked else "track_disliked"
                self._publisher.publish(Event(event_type=kind, mood=track.mood, title=track.title))

    def _report(self, changes: Sequence[Change]) -> None:
        if any(not isinstance(change, TrackSkipped) for change in changes):
            self._keep_at = 0.0
        if changes:
            self._echo()  # before the events: an automation that one starts must not find the track of before
        for change in changes:
            match change:
                case TrackStarted(track):
                    log.info("plays %s (%s)", track.title, track.why or track.mood)
                    self._publisher.publish(
                        Event(event_type="track_started", mood=track.mood, title=track.title, why=track.why or None)
                    )
                case TrackSkipped(track):
                    self._publisher.publish(Event(event_type="track_skipped", mood=track.mood, title=track.title))

    def _keep_place(self, now: float) -> None:
        """Take note of what plays and where, so that it goes on there after a restart."""
        self._keep_at = now + KEEP_S
        track = self._jukebox.playing
        # A name that is no text cannot be written down.
        path = "" if track is None else utf8(track.path) or ""
        self._memory.keep(place=path, place_s=round(self._jukebox.position_s, 1) if path else 0.0)

    def _echo(self) -> None:
        """Tell the home what plays and how it is set, where that changed."""
        jukebox = self._jukebox
        seen = (jukebox.volume, jukebox.paused, jukebox.mode, self._feeling)
        heard = (jukebox.playing, jukebox.paused, self._seeks)
        if (seen, heard) == (self._seen, self._heard):  # as nearly always, twenty times a second
            return
        self._seen = seen
        settings = (Volume(jukebox.volume), Paused(switch(jukebox.paused)), Mode(jukebox.mode))
        for message in (*settings, self._feeling):
            if message != self._told.get(type(message)):
                self._told[type(message)] = message
                self._publisher.publish(message)
        if heard != self._heard:  # where the music is moves on: it is told when it moves otherwise
            self._heard = heard
            self._publisher.publish(self._now_playing())

    def _now_playing(self) -> NowPlaying:
        jukebox, track = self._jukebox, self._jukebox.playing
        if track is None:
            return NowPlaying(state="stopped")
        return NowPlaying(
            state="paused" if jukebox.paused else "playing",
            title=track.title,
            artist=track.artist,
            mood=track.mood,
            why=track.why,
            duration_s=None if jukebox.duration_s is None else round(jukebox.duration_s, 1),
            position_s=round(jukebox.position_s, 1),
            position_at=utc_now(),
        )
