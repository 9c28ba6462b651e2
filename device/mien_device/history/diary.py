"""Notes of what is seen and heard, in memory, until they are written. Pure: both clocks are handed over."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from mien_device.history import EARLIEST, Minute, Play, Song
from mien_device.mood import MoodState
from mien_models.labels import Emotion, Mood

LONGEST_GAP_S = 2.0
"""Between two looks; what was in a longer gap nobody knows, and it counts for nothing."""
WINDOW_S = 60.0
"""Before a song and at its end: over so long faces are averaged."""
ENOUGH_S = 10.0
"""So much of a window must have been read to say something of it."""
HEARD_S = 10.0
"""A song that was heard for less was skipped, and is no part of the history."""
LONG_S = 2 * WINDOW_S
"""A song must be heard for so long before its end says anything about it."""
WAITING = 2000
"""So many minutes and plays wait at most for a clock that is set or a disk with room; the oldest go first."""
_ORDER = {Mood(emotion): place for place, emotion in enumerate(Emotion)}


class Diary:
    """`see` is for the vision thread, `hear` for the music thread, the rest for any.

    Times `now` are monotonic seconds. Notes become times of day only when they are taken: on a board without a battery the
    clock is set some time after the start, and what was seen before is put right by that.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        """Nothing is noted yet; `clock` tells the time of day, seconds since 1970."""
        self._clock = clock
        self._lock = threading.Lock()
        self._minutes: deque[Minute] = deque(maxlen=WAITING)
        """With monotonic times."""
        self._plays: deque[Play] = deque(maxlen=WAITING)
        self._state: MoodState | None = None
        self._seen_at = 0.0
        self._index: int | None = None
        """Of the minute, by the time of day, that the last note belongs to."""
        self._window: deque[tuple[float, float, float]] = deque()
        """When, for how long, and which valence, lately."""
        self._song: Song | None = None
        self._play: Play | None = None
        self._heard_at = 0.0

    def see(self, state: MoodState, now: float) -> None:
        """A look at the room. It counts from the look before if somebody was in view at both."""
        with self._lock:
            before, passed = self._state, now - self._seen_at
            self._state, self._seen_at = state, now
            if before is None or not before.faces or not state.faces or not 0 < passed <= LONGEST_GAP_S:
                return
            minute = self._minute(now - passed)
            minute.seen_s += passed
            minute.people = max(minute.people, state.faces)
            place = _ORDER.get(state.mood)
            if place is None:
                return
            minute.moods[place] += passed
            minute.valence_s += passed * state.valence
            minute.arousal_s += passed * state.arousal
            self._window.append((now, passed, state.valence))
            while self._window[0][0] < now - WINDOW_S:
                self._window.popleft()

    def hear(self, song: Song | None, mode: str, now: float, *, runs: bool) -> None:
        """What plays at this moment; not `runs`: it is held."""
        with self._lock:
            passed, self._heard_at = now - self._heard_at, now
            if song is not self._song:
                self._end(now)
                self._song = song
                if song is not None:
                    self._play = Play(now, song.title, song.artist, mode, before=self._mean(now))
            elif self._play is not None and runs and 0 < passed <= LONGEST_GAP_S:
                self._play.heard_s += passed

    def end(self, now: float) -> None:
        """Nothing will be seen or heard any more."""
        with self._lock:
            self._end(now)
            self._song = None

    def notes(self, now: float) -> tuple[list[Minute], list[Play]]:
        """Copies of what is not taken yet, with times of day; none while the clock is not set."""
        with self._lock:
            return self._dated(now)

    def take(self, now: float) -> tuple[list[Minute], list[Play]]:
        """The same, and forget it."""
        with self._lock:
            notes = self._dated(now)
            if self._clock() >= EARLIEST:
                self._minutes.clear()
                self._plays.clear()
                self._index = None
            return notes

    def give_back(self, minutes: list[Minute], plays: list[Play], now: float) -> None:
        """What was taken could not be written."""
        with self._lock:
            ahead = self._clock() - now
            room = WAITING - len(self._minutes), WAITING - len(self._plays)
            self._minutes.extendleft(replace(each, at=each.at - ahead) for each in reversed(minutes[-room[0] :]))
            self._plays.extendleft(replace(each, at=each.at - ahead) for each in reversed(plays[-room[1] :]))

    def forget(self) -> None:
        """As if nothing had been seen or heard until now; of the song that plays nothing is noted any more."""
        with self._lock:
            self._minutes.clear()
            self._plays.clear()
            self._window.clear()
            self._index = self._play = self._state = None

    def _minute(self, at: float) -> Minute:
        """The one that `at` belongs to, by the time of day of now."""
        index = int(self._clock() // 60)
        if index != self._index:
            self._index = index
            self._minutes.append(Minute(at))
        return self._minutes[-1]

    def _mean(self, now: float) -> float | None:
        """Of the valence in the last minute."""
        lately = [(passed, valence) for at, passed, valence in self._window if at >= now - WINDOW_S]
        total = sum(passed for passed, _ in lately)
        return sum(passed * valence for passed, valence in lately) / total if total >= ENOUGH_S else None

    def _end(self, now: float) -> None:
        play, self._play = self._play, None
        if play is None or play.heard_s < HEARD_S:
            return
        play.after = self._mean(now) if play.heard_s >= LONG_S else None
        self._plays.append(play)

    def _dated(self, now: float) -> tuple[list[Minute], list[Play]]:
        unix = self._clock()
        if unix < EARLIEST:
            return [], []
        ahead = unix - now
        return (
            [replace(each, at=each.at + ahead, moods=list(each.moods)) for each in self._minutes],
            [replace(each, at=each.at + ahead) for each in self._plays],
        )
