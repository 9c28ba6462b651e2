"""Several choosers, of which the first that has music chooses."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from pathlib import Path

from mien_device.config import MusicMode
from mien_device.music import Track
from mien_device.music.choosers import Chooser, Ending
from mien_models.labels import Mood


class FirstChooser:
    """Asks one after the other, anew for each track: music that comes or goes while mien runs is noticed. A `Chooser`."""

    def __init__(self, *choosers: Chooser) -> None:
        self._choosers = choosers
        self._chosen: deque[tuple[Track, Chooser]] = deque(maxlen=4)
        """Whose track each was: one that plays, one that is queued, and those that these took the place of."""

    @property
    def mode(self) -> MusicMode:
        return self._choosers[0].mode

    @mode.setter
    def mode(self, mode: MusicMode) -> None:
        for chooser in self._choosers:
            chooser.mode = mode

    def choose(self, mood: Mood, at: float, leaving: Ending) -> Track | None:
        return self._first((chooser.choose(mood, at, leaving), chooser) for chooser in self._choosers)

    def again(self, path: Path, mood: Mood) -> Track | None:
        return self._first((chooser.again(path, mood), chooser) for chooser in self._choosers)

    def named(self, song: str, mood: Mood) -> Track | None:
        return self._first((chooser.named(song, mood), chooser) for chooser in self._choosers)

    def wants_change(self, track: Track, mood: Mood, at: float) -> bool:
        owner = self._owner(track)
        return owner is not None and owner.wants_change(track, mood, at)

    def judged(self, track: Track, *, liked: bool) -> bool:
        # Not only its owner: what a folder chose may well be in the library, which learns from it.
        return any(chooser.judged(track, liked=liked) for chooser in self._choosers)

    def ended(self, track: Track, ending: Ending, at_s: float, *, heard: bool) -> None:
        owner = self._owner(track)
        if owner is not None:
            owner.ended(track, ending, at_s, heard=heard)

    def close(self) -> None:
        for chooser in self._choosers:
            chooser.close()

    def _first(self, answers: Iterable[tuple[Track | None, Chooser]]) -> Track | None:
        for track, chooser in answers:
            if track is not None:
                self._chosen.append((track, chooser))
                return track
        return None

    def _owner(self, track: Track) -> Chooser | None:
        return next((chooser for own, chooser in self._chosen if own is track), None)
