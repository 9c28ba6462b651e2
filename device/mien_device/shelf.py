"""The library as the policy sees it: songs that were listened to, what was played, and what was said of them."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from mien_device import clock, library
from mien_device.config import MusicMode
from mien_device.library import Like, Play
from mien_device.library.database import NoRoomError, has_room
from mien_device.library.store import Library
from mien_device.listeners import UNKNOWN
from mien_device.policy import UNHEARD_LUFS, Choice, Liking, Outcome, Song
from mien_device.policy.refit import refit
from mien_models.errors import MusicError
from mien_models.labels import Mood
from mien_models.listening import Analysis, Estimate

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")

WRITE_S = 1200.0
"""What was played waits for so long at most to be written: a power cut takes it along, and a flash card is spared."""
RETRY_S = 60.0
"""What could not be written is tried again after so long."""
WAITING = 500
"""So much waits at most, for its time or for a disk that is full; the oldest play goes first."""


class LibraryShelf:
    """A `Shelf`. A library that fails is one line in the log; the music goes on with what was known of it before.

    Made by one thread and then used by another, never by two at once.
    """

    _known: list[library.Song]
    """What `songs` gave last."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._waiting: list[Play | Like] = []
        """What is not written yet, oldest first; the plays by the monotonic clock, for that of the wall may be set meanwhile."""
        self._begun: dict[tuple[str, float], float] = {}
        """Of what was written: song and Unix time as they stand in the library, and the time by the monotonic clock."""
        self._due = math.inf
        """When it is to be written, by the monotonic clock."""
        self._unwritten: MusicError | None = None
        """Why it could not be."""
        self._version: int | None = library.version
        """None: the library was opened anew."""
        self._known = []
        self._heard: dict[str, Analysis] = {}
        self._trouble = ""
        self.empty = not self._ask(lambda: self._library.stocked, True)
        """Whether there was no song to choose when it was asked last. For any thread."""

    @classmethod
    def open(cls, folder: Path) -> LibraryShelf:
        """The library in `folder`, or an empty one; on a full disk it is read, and what is to be kept waits for room. One that is
        damaged is set aside, and the next scan fills an empty one.

        Raises:
            MusicError: it cannot be opened.

        """
        return cls(Library.open(folder, handed_on=True, or_read=True, or_anew=True))

    @property
    def trouble(self) -> str | None:
        """What the home is told of the library; None while nothing is wrong with it."""
        if self._library.read_only or isinstance(self._unwritten, NoRoomError):
            return f"{self._library.path}: the disk is full, so nothing new is kept; free some space"
        if self._library.aside is not None and not self._known:
            return (
                f"{self._library.aside}: the library was damaged and lies there now; `mien library scan` listens anew"
            )
        return str(self._unwritten or self._trouble) or None

    def songs(self) -> Sequence[Song]:
        """All songs that are there and whose place on the plane is known."""
        known = self._known = [song for song in self._ask(self._library.songs, self._known) if song.estimate]
        self.empty = not known
        self._heard = {song.id: song.analysis for song in known if song.analysis}
        return [_song(song, estimate) for song, estimate in zip(known, _refitted(known), strict=True)]

    def plays(self) -> Sequence[Outcome]:
        """All of them, oldest first, by the monotonic clock."""
        self._write()
        waiting = [each for each in self._waiting if isinstance(each, Play)]
        ahead_s = _ahead_s()
        written = [
            replace(play, started=self._begun.get((play.song, play.started), play.started - ahead_s))
            for play in self._ask(self._library.plays, list[Play]())
        ]
        return [
            Outcome(
                play.song,
                play.started,
                MusicMode(play.mode),
                play.ending,
                play.position_s,
                play.length_s,
                play.before or UNKNOWN,
                play.after or UNKNOWN,
            )
            for play in written + waiting
        ]

    def likings(self) -> Sequence[Liking]:
        """All of them, oldest first."""
        waiting = [each for each in self._waiting if isinstance(each, Like)]
        return [
            Liking(like.song, like.liked, like.viewer or UNKNOWN)
            for like in self._ask(self._library.likes, list[Like]()) + waiting
        ]

    def changed(self) -> bool:
        """Whether somebody else wrote to the library since this was asked last: a scan, a correction, a like."""
        if self._library.read_only or isinstance(self._unwritten, NoRoomError):
            self._write()
        self.write_due()
        before, self._version = self._version, self._ask(lambda: self._library.version, self._version)
        return before != self._version

    def analysis(self, song: str) -> Analysis | None:
        """What was heard of the song with this id; None if nobody has listened to it."""
        return self._heard.get(song)

    def keep(self, choice: Choice, outcome: Outcome, mood: Mood) -> None:
        """Take note that a song was played, at a time of the monotonic clock, for a viewer who looked like `mood`.

        `write_due` writes it down, or `close`.
        """
        play = Play(
            song=outcome.song,
            started=outcome.at,
            mood=mood,
            mode=outcome.mode,
            position_s=outcome.heard_s,
            length_s=outcome.length_s,
            ending=outcome.ending,
            why=choice.why,
            before=outcome.before,
            after=outcome.after,
        )
        self._wait(play)

    def keep_liking(self, liking: Liking, mood: Mood) -> bool:
        """Write down what somebody who looked like `mood` said of a song; whether that was done. If not it waits."""
        self._wait(Like(liking.song, clock.now(), liking.liked, mood, liking.listener))
        return self._write()

    def write_due(self) -> None:
        """Write down what has waited for long enough. To be called now and then; costs nothing while nothing is due."""
        if time.monotonic() >= self._due:
            self._write()

    def close(self) -> None:
        """Write what waits, and close the library. May be called twice."""
        try:
            self._write()
        finally:
            self._waiting.clear()
            self._library.close()

    def _wait(self, kept: Play | Like) -> None:
        if len(self._waiting) >= WAITING:
            del self._waiting[next((n for n, each in enumerate(self._waiting) if isinstance(each, Play)), 0)]
        self._waiting.append(kept)
        self._due = min(self._due, time.monotonic() + WRITE_S)

    def _write(self) -> bool:
        """Write what waits, all at once; on a disk that is full it waits on. Whether the last of it was written."""
        if self._library.read_only and not (has_room(self._library.path.parent) and self._ask(self._reopen, False)):
            self._due = time.monotonic() + RETRY_S
            return False
        written = True
        try:
            if self._waiting:
                with self._library.transaction():
                    for kept in self._waiting:
                        written = self._written(kept)
        except MusicError as error:
            if str(error) != str(self._unwritten):
                log.warning("library: %s", error)
            self._unwritten, self._due = error, time.monotonic() + RETRY_S
            return False
        self._waiting.clear()
        self._unwritten, self._due = None, math.inf
        return written

    def _written(self, kept: Play | Like) -> bool:
        try:
            if isinstance(kept, Play):
                dated = replace(kept, started=kept.started + _ahead_s())
                self._library.played(dated)
                self._begun[dated.song, dated.started] = kept.started
                if len(self._begun) > WAITING:
                    del self._begun[next(iter(self._begun))]
            else:
                self._library.like(kept.song, kept.liked, mood=kept.mood, viewer=kept.viewer, at=kept.at)
        except NoRoomError:
            raise
        except MusicError as error:  # it can never be written: its song is gone from the library
            self._say(error)
            return False
        return True

    def _reopen(self) -> bool:
        library = Library.open(self._library.path.parent, handed_on=True)
        self._library.close()
        self._library, self._version = library, None
        return True

    def _ask(self, question: Callable[[], Answer], default: Answer) -> Answer:
        try:
            answer = question()
        except MusicError as error:
            self._say(error)
            return default
        self._trouble = ""
        return answer

    def _say(self, error: MusicError) -> None:
        if str(error) != self._trouble:
            log.warning("library: %s", error)
        self._trouble = str(error)


def _ahead_s() -> float:
    """What turns a time of the monotonic clock into that of the wall, as it goes now."""
    return clock.now() - time.monotonic()


def has_song(folder: Path, song: str) -> bool:
    """Whether the library in `folder` has a song with this id that can be played; opened for this question, by any thread.

    True where it cannot be asked: the music thread may still know the song.
    """
    try:
        with Library.open(folder, or_read=True) as opened:
            return opened.has(song)
    except MusicError as error:
        log.warning("library: %s", error)
        return True


def _song(song: library.Song, estimate: Estimate) -> Song:
    heard = song.analysis
    return Song(
        id=song.id,
        path=song.path,
        title=song.title,
        artist=song.artist,
        estimate=estimate,
        tempo_bpm=heard.tempo_bpm if heard else None,
        key=heard.key if heard else None,
        loudness_lufs=heard.loudness_lufs if heard else UNHEARD_LUFS,
        duration_s=song.duration_s or 0.0,
        corrected=song.correction is not None,
    )


def _refitted(songs: list[library.Song]) -> list[Estimate]:
    """Where each song lies: by its correction, else as the model heard it, moved by what the corrections teach."""
    places = [song.estimate or Estimate(0, 1, 0, 1) for song in songs]
    heard = [(number, song.analysis) for number, song in enumerate(songs) if song.analysis]
    corrected = [(number, analysis) for number, analysis in heard if songs[number].correction]
    if not corrected or len({analysis.features.shape for _, analysis in heard}) > 1:  # while a new version listens anew
        return places
    features = np.array([analysis.features for _, analysis in heard], float)
    answers = np.array([(analysis.estimate.valence, analysis.estimate.arousal) for _, analysis in heard])
    rows = [row for row, (number, _) in enumerate(heard) if songs[number].correction]
    said = np.array([(places[number].valence, places[number].arousal) for number, _ in corrected])
    artists = [songs[number].artist for number, _ in corrected]
    offset = refit(features, features[rows], answers[rows], said, artists)
    if offset is None:
        return places
    for (number, analysis), (valence, arousal) in zip(heard, offset.apply(features, answers).tolist(), strict=True):
        if not songs[number].correction:
            estimate = analysis.estimate
            places[number] = Estimate(valence, estimate.valence_sd, arousal, estimate.arousal_sd)
    return places
