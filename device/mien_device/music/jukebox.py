"""Follows the mood with music: which track comes next, when, and when nothing does. Pure logic over a `Player`."""

from __future__ import annotations

import logging
import math
import random
from dataclasses import dataclass
from pathlib import Path

from mien_device.config import MusicConfig, MusicMode
from mien_device.music import Player, Track, printable
from mien_device.music.playlist import Playlists, is_file
from mien_device.music.tags import read_tags
from mien_models.errors import MusicError
from mien_models.labels import Emotion, Mood

RETRY_S = 10.0
"""Without anything to play the folders are looked at again this often."""
TRIES = 20
"""So many files in a row may fail before the next attempt waits for `RETRY_S`: the thread must answer to commands."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TrackStarted:
    """The fade to `track` has begun."""

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

    def __init__(
        self, player: Player, playlists: Playlists, config: MusicConfig, *, rng: random.Random | None = None
    ) -> None:
        self._player = player
        self._playlists = playlists
        self._linger_s = config.linger_s
        self._rng = rng or random.Random()  # noqa: S311 - it shuffles songs
        self._mood: Mood | None = None
        self._absent_since: float | None = None
        self._source: Emotion | None = None
        """Whose music was started last."""
        self._bags: dict[Emotion, list[Path]] = {}
        self._last: Path | None = None
        self._retry_at = -math.inf
        self._sounding = False
        self.paused = False
        self.mode = config.mode
        """Whether there is music at all."""
        self.volume = 0
        """Per cent, as set last."""
        self.set_volume(config.volume)

    @property
    def playing(self) -> Track | None:
        """The track that sounds or is paused."""
        return self._player.playing

    def follow(self, mood: Mood, at: float) -> list[Change]:
        """Take note of the mood. A new one fades to its music at once; with `none` the music lingers for a while."""
        if mood is Mood.NONE:
            self._absent_since = at if self._absent_since is None else self._absent_since
            return self._keep_up(at)
        self._absent_since = None
        if mood is not self._mood:
            self._mood = mood
            self._retry_at = -math.inf
        return self._keep_up(at)

    def next(self, at: float) -> list[Change]:
        """On to another track of the same mood, also out of a pause. Nothing while there is nobody to play for."""
        if not self._is_wanted(at):
            return []
        changes = self._start(at)
        self.paused = self.paused and not any(isinstance(change, TrackStarted) for change in changes)
        return changes

    def pause(self) -> None:
        """Hold the music, or keep silent if nothing plays."""
        self._player.pause()
        self.paused = True

    def resume(self, at: float) -> list[Change]:
        """Go on at the same place; if the mood has changed meanwhile, fade from there to its music."""
        self._player.resume()
        self.paused = False
        return self._keep_up(at)

    def set_mode(self, mode: MusicMode, at: float) -> list[Change]:
        """Follow the mood, or fade to silence and keep it. A pause stays one."""
        self.mode = mode
        return self._keep_up(at)

    def set_volume(self, percent: int) -> None:
        """0 is silent, 100 is full scale; beyond them the nearer of the two is meant."""
        self.volume = min(max(percent, 0), 100)
        self._player.set_volume(self.volume)

    def tick(self, at: float) -> list[Change]:
        """To be called a few times a second: goes on at a track's end, falls silent when nobody is there for long."""
        return self._keep_up(at)

    def close(self) -> None:
        """Let go of the sound card. May be called twice."""
        self._player.close()

    def _keep_up(self, at: float) -> list[Change]:
        """Bring what sounds into line with what is wanted now."""
        if self.mode is MusicMode.OFF:
            return self._stop()
        if self.paused:
            return []
        if not self._is_wanted(at):
            return self._stop()
        # Two moods without music of their own share neutral's: between them the track just goes on.
        is_right = self._mood is not None and self._source is self._playlists.source(self._mood)
        if (is_right and not self._player.ending) or at < self._retry_at:
            return []
        return self._start(at)

    def _is_wanted(self, at: float) -> bool:
        """Whether there is, or was until just now, somebody to play for."""
        if self.mode is MusicMode.OFF:
            return False
        return self._mood is not None and (self._absent_since is None or at - self._absent_since < self._linger_s)

    def _start(self, at: float) -> list[Change]:
        changes: list[Change] = []
        for _ in range(TRIES):
            drawn = self._draw()
            if drawn is None:
                break
            source, track = drawn
            try:
                self._player.play(track)
            except MusicError as error:
                self._bar(track.path)
                log.warning("skipped: %s", error)
                changes.append(TrackSkipped(track, printable(str(error))))
            else:
                self._source, self._last, self._sounding = source, track.path, True
                return [*changes, TrackStarted(track)]
        self._retry_at = at + RETRY_S
        if self._player.playing is None:
            changes += self._stop()
        return changes

    def _stop(self) -> list[Change]:
        if not self._sounding:
            return []
        self._player.stop()
        self._sounding = False
        return [MusicStopped()]

    def _draw(self) -> tuple[Emotion, Track] | None:
        """The next file for the mood, and whose music it is: each file once in random order, then all again in another."""
        if self._mood is None:
            return None
        source = self._playlists.source(self._mood)
        bag = self._bags.get(source, []) if source else []
        while bag and not is_file(bag[-1]):
            bag.pop()  # deleted since the scan: no mistake of the file's, so nothing to report
        if source is None or not bag:
            self._playlists.scan()  # also finds what was added while the bag lasted
            source = self._playlists.source(self._mood)
            if source is None:
                return None
            bag = self._bags[source] = self._shuffled(source)
        path = bag.pop()
        return source, Track(path, self._mood, read_tags(path))

    def _bar(self, path: Path) -> None:
        self._playlists.bar(path)
        for bag in self._bags.values():
            if path in bag:
                bag.remove(path)

    def _shuffled(self, source: Emotion) -> list[Path]:
        """The mood's files in random order, to be taken from the end; the track that was last does not come first."""
        bag = list(self._playlists.tracks(source))
        self._rng.shuffle(bag)
        if len(bag) > 1 and bag[-1] == self._last:
            bag[0], bag[-1] = bag[-1], bag[0]
        return bag
