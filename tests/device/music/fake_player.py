"""A player for tests of the jukebox: no sound, a clock that the test moves, and no patience with a careless caller."""

from __future__ import annotations

from mien_device.music import Failure, Track
from mien_models.errors import MusicError

LENGTH_S = 20.0
FADE_S = 3.0
LEAD_S = 2.0


class FakePlayer:
    """Each track takes `LENGTH_S`. Files with "broken" in their names do not play, nor do those that are gone.

    Files with "short" in their names break off after five seconds.
    """

    name = "fake"
    heard = True

    def __init__(self) -> None:
        self.now = 0.0
        self.played: list[Track] = []
        """What began to sound, in order."""
        self.tried: list[Track] = []
        self.starts_s: list[float] = []
        self.volume = -1
        self.paused = False
        self.closed = False
        self.queued: Track | None = None
        self.position_s = 0.0
        self._track: Track | None = None
        self._failures: list[Failure] = []

    def move(self, seconds: float) -> None:
        """Let the time pass, in steps small enough for every begin and end."""
        self.now += seconds
        if not self.paused and self._track is not None:
            self.position_s += seconds
            self._turn()

    def _turn(self) -> None:
        assert self._track is not None
        broke_off = "short" in self._track.path.name and self.position_s >= 5
        if broke_off:
            self._failures.append(Failure(self._track, f"{self._track.path}: ends 15.0 s before its headers say"))
        if broke_off or self.position_s >= LENGTH_S - (FADE_S if self.queued else 0):
            following, self._track, self.queued = self.queued, None, None
            if following is not None:
                self._begin(following, 0.0)

    def _begin(self, track: Track, at_s: float) -> None:
        self.played.append(track)
        self.starts_s.append(at_s)
        self._track, self.position_s, self.queued = track, at_s, None

    @property
    def playing(self) -> Track | None:
        return self._track

    @property
    def duration_s(self) -> float | None:
        return LENGTH_S if self._track else None

    @property
    def ending(self) -> bool:
        near = self.position_s >= LENGTH_S - FADE_S - LEAD_S
        return self._track is None or (near and self.queued is None)

    def _open(self, track: Track) -> None:
        assert not self.closed
        self.tried.append(track)
        if "broken" in track.path.name or not track.path.exists():
            raise MusicError(f"{track.path}: cannot be decoded")

    def play(self, track: Track, at_s: float | None = None) -> None:
        self._open(track)
        self.paused = False
        self._begin(track, at_s or 0.0)

    def queue(self, track: Track) -> None:
        assert self.ending, "the next track is handed over when it is time, and only once"
        self._open(track)
        if self._track is None:
            self._begin(track, 0.0)
        else:
            self.queued = track

    def unqueue(self) -> None:
        self.queued = None

    def seek(self, position_s: float) -> None:
        self.position_s = min(max(position_s, 0.0), LENGTH_S)

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False

    def stop(self) -> None:
        self._track, self.paused, self.queued = None, False, None

    def set_fade(self, fade_s: float) -> None:
        self.fade_s = fade_s

    def set_volume(self, percent: int) -> None:
        assert 0 <= percent <= 100
        self.volume = percent

    def failures(self) -> list[Failure]:
        failures, self._failures = self._failures, []
        return failures

    def close(self) -> None:
        self.closed = True
