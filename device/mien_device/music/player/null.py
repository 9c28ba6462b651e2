"""A player without a sound card: it makes no sound but keeps time, so that the daemon runs on any machine."""

from __future__ import annotations

import time
from collections.abc import Callable

from mien_device.music import Track
from mien_models.errors import MusicError

NOMINAL_TRACK_S = 30.0


class NullPlayer:
    """Every track lasts `track_s` seconds. `reason` says why nothing is heard; None where silence was asked for."""

    def __init__(
        self,
        reason: str | None = None,
        *,
        track_s: float = NOMINAL_TRACK_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.reason = reason
        self._track_s = track_s
        self._clock = clock
        self._track: Track | None = None
        self._ends_at = 0.0
        self._left_s: float | None = None
        """What was left of the track when the pause began; None while it runs."""

    @property
    def name(self) -> str:
        return f"null ({self.reason})" if self.reason else "null"

    @property
    def playing(self) -> Track | None:
        if self._track is not None and self._left_s is None and self._clock() >= self._ends_at:
            self._track = None
        return self._track

    @property
    def ending(self) -> bool:
        return self.playing is None

    def play(self, track: Track) -> None:
        try:
            track.path.stat()
        except OSError as error:
            raise MusicError(f"{track.path}: cannot be read: {error.strerror}") from None
        self._track, self._left_s = track, None
        self._ends_at = self._clock() + self._track_s

    def pause(self) -> None:
        if self.playing is not None and self._left_s is None:
            self._left_s = self._ends_at - self._clock()

    def resume(self) -> None:
        if self._left_s is not None:
            self._ends_at, self._left_s = self._clock() + self._left_s, None

    def stop(self) -> None:
        self._track = self._left_s = None

    def set_volume(self, percent: int) -> None:
        """Nothing to set: it is silent at any volume."""

    def close(self) -> None:
        self.stop()
