"""Follows the mood with music: when the next track comes, and when nothing does. Which one, a `Chooser` says."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mien_device.config import MusicConfig, MusicMode
from mien_device.music import Player, Track
from mien_device.music.choosers import Chooser, Ending
from mien_device.names import printable
from mien_models.errors import MusicError
from mien_models.labels import Mood

RETRY_S = 10.0
"""Without anything to play the music is looked at again this often."""
TRIES = 20
"""So many files in a row may fail before the next attempt waits for `RETRY_S`: the thread must answer to commands."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TrackStarted:
    """`track` begins to be heard."""

    track: Track


@dataclass(frozen=True, slots=True)
class TrackSkipped:
    """`track` does not play; `reason` is a sentence that names the file."""

    track: Track
    reason: str


@dataclass(frozen=True, slots=True)
class MusicStopped:
    """The fade to silence has begun, because nobody is there or nothing is left to play."""


Change = TrackStarted | TrackSkipped | MusicStopped


class Jukebox:
    """Used by one thread. All times `at` are seconds of one clock that does not go back.

    Methods that can start or end a track return the changes, in order, for the caller to publish. None of them raises
    for the sake of a file. A pause is the user's: neither a new mood nor an empty room ends it; `resume` and `next` do.
    """

    def __init__(self, player: Player, chooser: Chooser, config: MusicConfig) -> None:
        self._player = player
        self._chooser = chooser
        self._linger_s = config.linger_s
        self._mood: Mood | None = None
        self._absent_since: float | None = None
        self._current: Track | None = None
        """What was reported to sound."""
        self._reached_s = 0.0
        """How far it had come at the last look."""
        self._sounding = False
        """Whether music was reported that has not been reported as stopped."""
        self._queued: Track | None = None
        self._kept: tuple[Path, float] | None = None
        self._asked: Track | None = None
        """What somebody asked for by name: no mood ends it, and no empty room."""
        self._retry_at = -math.inf
        self.paused = False
        chooser.mode = config.mode
        self.volume = 0
        """Per cent, as set last."""
        self.set_volume(config.volume)

    def configure(self, config: MusicConfig) -> None:
        """Go on with another fade, and another time to linger. From any thread."""
        self._linger_s = config.linger_s
        self._player.set_fade(config.fade_s)

    @property
    def mode(self) -> MusicMode:
        """What is played for the mood, or that nothing is."""
        return self._chooser.mode

    @mode.setter
    def mode(self, mode: MusicMode) -> None:
        self._chooser.mode = mode

    @property
    def playing(self) -> Track | None:
        """The track that sounds or is paused."""
        return self._player.playing

    @property
    def position_s(self) -> float:
        """How far `playing` has come."""
        return self._player.position_s

    @property
    def duration_s(self) -> float | None:
        """Length of `playing`; None where it is unknown."""
        return self._player.duration_s

    def go_on_with(self, path: Path, position_s: float) -> None:
        """What played before a restart, and where: where it still fits, the music begins with it."""
        self._kept = (path, position_s)

    def follow(self, mood: Mood, at: float) -> list[Change]:
        """Take note of the mood. The chooser says when the music follows; with `none` it lingers for a while."""
        if mood is Mood.NONE:
            self._absent_since = at if self._absent_since is None else self._absent_since
            return self._keep_up(at)
        self._absent_since = None
        if mood is not self._mood:
            self._mood = mood
            self._retry_at = -math.inf
        return self._keep_up(at)

    def next(self, at: float) -> list[Change]:
        """On to another track, also out of a pause. Nothing while there is nobody to play for."""
        if self.mode is MusicMode.OFF or not self._has_listener(at):
            return []
        self._kept = None
        changes = self._notice()
        started = self._start(at, Ending.SKIPPED)
        self.paused = self.paused and not any(isinstance(change, TrackStarted) for change in started)
        return changes + started

    def play(self, song: str, at: float) -> list[Change]:
        """That song of the library, to its end, because somebody asked for it; whoever is in view, and also out of a pause."""
        if self.mode is MusicMode.OFF:
            return []
        track = self._chooser.named(song, self._mood or Mood.NEUTRAL)
        if track is None:
            log.warning("%s: no song of that id among those that are played", song)
            return []
        changes = self._notice()
        try:
            self._player.play(track)
        except MusicError as error:
            self._chooser.ended(track, Ending.UNPLAYABLE, 0.0, heard=False)
            log.warning("skipped: %s", error)
            return [*changes, TrackSkipped(track, printable(str(error)))]
        self._tell_end(Ending.SKIPPED)
        self._kept, self._asked, self.paused = None, track, False
        return changes + self._begun(track)

    def seek(self, position_s: float) -> None:
        """Go on at another place of what plays; beyond its ends the nearer of the two is meant. A pause stays one."""
        try:
            self._player.seek(position_s)
        except MusicError as error:
            log.warning("stays where it is: %s", error)

    def pause(self) -> None:
        """Hold the music, or keep silent if nothing plays."""
        self._player.pause()
        self.paused = True

    def resume(self, at: float) -> list[Change]:
        """Go on at the same place; if the mood has changed meanwhile, the chooser may fade from there to other music."""
        self._player.resume()
        self.paused = False
        return self._keep_up(at)

    def set_mode(self, mode: MusicMode, at: float) -> list[Change]:
        """Do something else about the mood; `off` fades to silence. A pause stays one."""
        self.mode = mode
        return self._keep_up(at)

    def judge(self, *, liked: bool) -> tuple[Track, bool] | None:
        """Take note that somebody likes what plays, or does not: the track, and whether it could be kept; None if nothing plays."""
        track = self.playing
        return None if track is None else (track, self._chooser.judged(track, liked=liked))

    def set_volume(self, percent: int) -> None:
        """0 is silent, 100 is full scale; beyond them the nearer of the two is meant."""
        self.volume = min(max(percent, 0), 100)
        self._player.set_volume(self.volume)

    def tick(self, at: float) -> list[Change]:
        """To be called a few times a second: hands over the next track, falls silent when nobody is there for long."""
        return self._keep_up(at)

    def close(self) -> None:
        """Let go of the sound card and of what chooses. May be called twice."""
        self._tell_end(Ending.STOPPED)
        self._player.close()
        self._chooser.close()

    def _keep_up(self, at: float) -> list[Change]:
        """Bring what sounds into line with what is wanted now."""
        changes = self._notice()
        if self.paused and self.mode is not MusicMode.OFF:
            return changes
        if not self._is_wanted(at):
            return changes + self._stop()
        return changes if at < self._retry_at else changes + self._go_ahead(at)

    def _go_ahead(self, at: float) -> list[Change]:
        """Begin, change, or hand the next track over, whichever it is time for."""
        if self._current is None:
            return self._go_on() or self._start(at, Ending.PLAYED)
        if self._wants_change(self._current, at):
            return self._start(at, Ending.CHANGED)
        if self._queued is not None and self._wants_change(self._queued, at):
            self._player.unqueue()
            self._queued = None
        return self._queue(at) if self._queued is None and self._player.ending and self._has_listener(at) else []

    def _is_wanted(self, at: float) -> bool:
        """Whether anything is to sound."""
        if self.mode is MusicMode.OFF:
            return False
        return self._has_listener(at) or (self._asked is not None and self._asked is self._current)

    def _has_listener(self, at: float) -> bool:
        """Whether there is, or was until just now, somebody to play for."""
        return self._mood is not None and (self._absent_since is None or at - self._absent_since < self._linger_s)

    def _wants_change(self, track: Track, at: float) -> bool:
        if self._mood is None:
            return False
        return self._chooser.wants_change(track, self._mood, at) and track is not self._asked

    def _notice(self) -> list[Change]:
        """See what the player did by itself since the last look: tracks that ended, and the next one that began."""
        broken = {id(failure.track): failure.reason for failure in self._player.failures()}
        playing = self._player.playing
        if self._current is None:
            return []
        if playing is self._current:
            self._reached_s = self._player.position_s
            return []
        reason = broken.get(id(self._current))
        if reason is not None:
            log.warning("%s", reason)
        self._tell_end(Ending.PLAYED if reason is None else Ending.BROKE_OFF)
        return [] if playing is None else self._begun(playing)

    def _start(self, at: float, ending: Ending) -> list[Change]:
        """Fade to another track; `ending` is what that is for the present one."""
        track, changes = self._open_next(self._player.play, at, ending)
        if track is not None:
            self._tell_end(ending)
            return changes + self._begun(track)
        if self._player.playing is None:
            changes += self._stop()
        return changes

    def _queue(self, at: float) -> list[Change]:
        """Hand the next track over; it is told of when it begins."""
        track, changes = self._open_next(self._player.queue, at, Ending.PLAYED)
        self._queued = track
        return changes + self._notice()  # it has begun already if the present one ended just now

    def _open_next(self, put: Callable[[Track], None], at: float, leaving: Ending) -> tuple[Track | None, list[Change]]:
        """The first track of the chooser's that the player takes; None if there is none, now."""
        changes: list[Change] = []
        for _ in range(TRIES):
            track = None if self._mood is None else self._chooser.choose(self._mood, at, leaving)
            if track is None:
                break
            try:
                put(track)
            except MusicError as error:
                self._chooser.ended(track, Ending.UNPLAYABLE, 0.0, heard=False)
                log.warning("skipped: %s", error)
                changes.append(TrackSkipped(track, printable(str(error))))
            else:
                return track, changes
        self._retry_at = at + RETRY_S
        return None, changes

    def _go_on(self) -> list[Change]:
        """Begin with what played before the restart, if there is such a track and it fits; once."""
        kept, self._kept = self._kept, None
        track = None if kept is None or self._mood is None else self._chooser.again(kept[0], self._mood)
        if kept is None or track is None:
            return []
        try:
            self._player.play(track, kept[1])
        except MusicError as error:
            log.info("does not go on where it was: %s", error)
            return []
        return self._begun(track)

    def _begun(self, track: Track) -> list[Change]:
        self._current, self._queued, self._reached_s = track, None, 0.0
        self._sounding = True
        return [TrackStarted(track)]

    def _tell_end(self, ending: Ending) -> None:
        if self._current is not None:
            self._chooser.ended(self._current, ending, self._reached_s, heard=self._player.heard)
            self._current = self._queued = None

    def _stop(self) -> list[Change]:
        if not self._sounding:
            return []
        self._player.stop()
        self._tell_end(Ending.STOPPED)
        self._sounding = False
        return [MusicStopped()]
