"""A player for tests of the jukebox: no sound, a clock that the test moves, and no patience with a careless caller."""

from __future__ import annotations

from mien_device.music import Track
from mien_models.errors import MusicError

LENGTH_S = 20.0
FADE_S = 3.0


class FakePlayer:
    """Each track takes `LENGTH_S`. Files with "broken" in their names do not play, nor do those that are gone."""

    name = "fake"

    def __init__(self) -> None:
        self.now = 0.0
        self.played: list[Track] = []
        self.tried: list[Track] = []
        self.volume = -1
        self.paused = False
        self.closed = False
        self._track: Track | None = None
        self._left_s = 0.0

    def move(self, seconds: float) -> None:
        self.now += seconds
        if not self.paused:
            self._left_s -= seconds

    @property
    def playing(self) -> Track | None:
        if self._left_s <= 0:
            self._track = None
        return self._track

    @property
    def ending(self) -> bool:
        return self.playing is None or self._left_s <= FADE_S

    def play(self, track: Track) -> None:
        assert not self.closed
        self.tried.append(track)
        if "broken" in track.path.name or not track.path.exists():
            raise MusicError(f"{track.path}: cannot be decoded")
        self.played.append(track)
        self._track, self._left_s, self.paused = track, LENGTH_S, False

    def pause(self) -> None:
        self.paused = self.playing is not None

    def resume(self) -> None:
        self.paused = False

    def stop(self) -> None:
        self._track, self.paused = None, False

    def set_volume(self, percent: int) -> None:
        assert 0 <= percent <= 100
        self.volume = percent

    def close(self) -> None:
        self.closed = True
