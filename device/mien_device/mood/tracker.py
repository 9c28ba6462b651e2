"""Smoothing, hysteresis and dwell: the mood follows the faces, slowly enough to be believed.

Pure: time is an argument, in seconds of the clock that stamps the frames.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from mien_device.config import MoodConfig
from mien_device.mood import MoodState, nobody
from mien_models.labels import Emotion, Mood, by_label, valence_arousal
from mien_models.runner import Probabilities

FIRST_MOOD_S = 0.4
"""So long must the first mood after `none` lead. There is nothing to flicker from, so it need not wait for the dwell."""


class Smoothed:
    """One person's readings as an exponential average over time."""

    def __init__(self, probabilities: Probabilities, at: float) -> None:
        self.probabilities = probabilities
        self.at = at

    def add(self, probabilities: Probabilities, at: float, time_constant_s: float) -> None:
        """Take in a reading (7,). Its weight depends on the time since the last one, not on the frame rate."""
        weight = 1 - math.exp(-max(0.0, at - self.at) / time_constant_s)
        self.probabilities = self.probabilities + np.float32(weight) * (probabilities - self.probabilities)
        self.at = at


class MoodTracker:
    """The mood of the room from the readings of its people.

    Everybody counts the same: the room's probabilities are the mean of what is smoothed for each. Another mood is
    announced when it has led by `margin` for `dwell_s` without a break; `none` when nobody was seen for `absence_s`.
    """

    def __init__(self, config: MoodConfig) -> None:
        self._config = config
        self._people: dict[int, Smoothed] = {}
        self._state: MoodState | None = None
        self._seen = -math.inf
        self._challenger: Mood | None = None
        self._challenged_since = 0.0

    def update(self, readings: Mapping[int, Probabilities], present: int, at: float) -> MoodState:
        """The state at time `at`.

        Args:
            readings: this frame's probabilities (7,) by the person's id; people in view whose face could not be read
                just now are missing.
            present: people in view.
            at: seconds; must not go back.

        """
        state = self._state or nobody(at)
        for person, reading in readings.items():
            known = self._people.get(person)
            if known is None:
                self._people[person] = Smoothed(reading, at)
            else:
                known.add(reading, at, self._config.smoothing_s)
        self._forget(at)
        if present:
            self._seen = at
        if not self._people and (state.mood is Mood.NONE or at - self._seen >= self._config.absence_s):
            self._challenger = None
            gone = state if state.mood is Mood.NONE else nobody(at)
            self._state = MoodState(
                Mood.NONE, 0.0, gone.valence, gone.arousal, probabilities={}, faces=present, since=gone.since
            )
        elif self._people:
            self._state = self._decide(state, present, at)
        else:
            self._state = MoodState(
                state.mood, state.confidence, state.valence, state.arousal, state.probabilities, present, state.since
            )
        return self._state

    def _forget(self, at: float) -> None:
        """Drop the readings of people who were not read for `absence_s`."""
        self._people = {
            person: smoothed for person, smoothed in self._people.items() if at - smoothed.at < self._config.absence_s
        }

    def _decide(self, state: MoodState, present: int, at: float) -> MoodState:
        room = np.mean([smoothed.probabilities for smoothed in self._people.values()], axis=0, dtype=np.float32)
        chances = by_label(room)
        leader = max(Emotion, key=chances.__getitem__)
        mood, since = state.mood, state.since
        if self._wins(Mood(leader), chances, state, at):
            mood, since = Mood(leader), at
            self._challenger = None
        confidence = chances[Emotion(mood)] if mood is not Mood.NONE else 0.0
        valence, arousal = valence_arousal(room) if mood is not Mood.NONE else (0.0, 0.0)
        shown = chances if mood is not Mood.NONE else {}
        return MoodState(mood, confidence, valence, arousal, shown, present, since)

    def _wins(self, leader: Mood, chances: Mapping[Emotion, float], state: MoodState, at: float) -> bool:
        """Whether `leader` takes the place of the present mood now."""
        first = state.mood is Mood.NONE
        ahead = first or chances[Emotion(leader)] - chances[Emotion(state.mood)] >= self._config.margin
        if leader is state.mood or not ahead:
            self._challenger = None
            return False
        if self._challenger is not leader:
            self._challenger, self._challenged_since = leader, at
        wait_s = min(FIRST_MOOD_S, self._config.dwell_s) if first else self._config.dwell_s
        return at - self._challenged_since >= wait_s
