"""The simple way: a folder or playlist for each mood, each of its files once in random order, then all again."""

from __future__ import annotations

import random
from pathlib import Path

from mien_device.config import MusicMode
from mien_device.mood import MoodState
from mien_device.music import Track
from mien_device.music.choosers import Ending
from mien_device.music.modes import folder, why
from mien_device.music.playlist import Playlists, is_file
from mien_device.music.tags import read_tags
from mien_models.labels import Emotion, Mood


class FolderChooser:
    """Chooses from `playlists`. A `Chooser`: a mood with other music than what plays takes effect at once."""

    def __init__(self, playlists: Playlists, *, rng: random.Random | None = None) -> None:
        self.mode = MusicMode.FOLLOW
        self._playlists = playlists
        self._rng = rng or random.Random()  # noqa: S311 - it shuffles songs
        self._bags: dict[Emotion, list[Path]] = {}
        self._last: Path | None = None
        self._sources: dict[Path, Emotion] = {}
        """Whose music a track was when it was chosen."""
        self._said = False
        """Whether the mood is somebody's own word."""

    def see(self, state: MoodState, at: float) -> None:
        """Take in the state of the room: only how it is known, the mood's name comes with each question."""
        del at
        self._said = state.said

    def choose(self, mood: Mood, at: float, leaving: Ending) -> Track | None:
        source = self._wanted(mood)
        bag = self._bags.get(source, []) if source else []
        while bag and not is_file(bag[-1]):
            bag.pop()  # deleted since the scan: no mistake of the file's, so nothing to report
        if source is None or not bag:
            self._playlists.scan()  # also finds what was added while the bag lasted
            source = self._wanted(mood, source)
            if source is None:
                return None
            bag = self._bags[source] = self._shuffled(source)
        return self._take(bag.pop(), source, mood)

    def wants_change(self, track: Track, mood: Mood, at: float) -> bool:
        # Two moods without music of their own share neutral's: between them the track just goes on.
        present = self._sources.get(track.path)
        source = self._wanted(mood, present)
        return source is not None and source is not present

    def again(self, path: Path, mood: Mood) -> Track | None:
        present = next((each for each in Emotion if path in self._playlists.tracks(each)), None)
        source = self._wanted(mood, present)
        if source is None or path not in self._playlists.tracks(source) or not is_file(path):
            return None
        bag = self._bags.setdefault(source, self._shuffled(source))
        if path in bag:
            bag.remove(path)
        return self._take(path, source, mood)

    def judged(self, track: Track, *, liked: bool) -> bool:
        return False  # each of a folder's songs comes as often as the others

    def named(self, song: str, mood: Mood) -> Track | None:
        """None: folders know files, and no ids."""
        return None

    def ended(self, track: Track, ending: Ending, at_s: float, *, heard: bool) -> None:
        if ending is not Ending.UNPLAYABLE:
            return
        self._playlists.bar(track.path)
        for bag in self._bags.values():
            if track.path in bag:
                bag.remove(track.path)

    def close(self) -> None:
        """Nothing is open between two songs."""

    def _wanted(self, mood: Mood, present: Emotion | None = None) -> Emotion | None:
        """Whose music is to be played; with `shuffle` `present`, or by chance, a folder of many files more often."""
        if mood is Mood.NONE or self.mode is not MusicMode.SHUFFLE:
            return self._playlists.source(folder(self.mode, mood))
        counts = {emotion: len(self._playlists.tracks(emotion)) for emotion in Emotion}
        if present is not None and counts[present]:
            return present
        if not any(counts.values()):
            return None
        return self._rng.choices(list(counts), list(counts.values()))[0]

    def _take(self, path: Path, source: Emotion, mood: Mood) -> Track:
        self._last = path
        self._sources[path] = source
        return Track(path, mood, read_tags(path), why=why(self.mode, mood, source, said=self._said))

    def _shuffled(self, source: Emotion) -> list[Path]:
        """The mood's files in random order, to be taken from the end; the track that was last does not come first."""
        bag = list(self._playlists.tracks(source))
        self._rng.shuffle(bag)
        if len(bag) > 1 and bag[-1] == self._last:
            bag[0], bag[-1] = bag[-1], bag[0]
        return bag
