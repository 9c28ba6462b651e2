"""The mood of the room: all faces together, and no change without good reason. Pure: time is an argument."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mien_device.config.schema import MoodConfig
from mien_device.mood import MoodState, nobody
from mien_device.mood.smoothing import Smoothed
from mien_models.labels import Emotion, Mood, by_label, valence_arousal
from mien_models.runner import Probabilities

FIRST_LEAD_S = 0.4
"""After nobody was there the first mood must lead for so long only: someone who comes in should be answered soon."""
FIRST_WAIT_S = 0.9
"""And if none leads for so long, the most probable one is taken after this."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the network said of one face, as of one frame."""

    face: int
    """The track's identity."""
    probabilities: Probabilities
    """(7,)"""
    weight: float = 1.0
    """How much it counts among other faces."""


class MoodTracker:
    """Follows the faces, slowly.

    The faces' averages are merged by the mean weighted with `Reading.weight`. A new mood is announced when it was ahead
    of the present one by `margin` for `dwell_s` without a break; `none` when there was no reading for `absence_s`.
    """

    def __init__(self, config: MoodConfig) -> None:
        self.config = config
        """May be set at any time."""
        self._faces: dict[int, Smoothed] = {}
        self._state: MoodState | None = None
        self._leader: Mood | None = None
        self._leads_since = 0.0
        self._present_since: float | None = None

    def update(self, readings: Sequence[Reading], at: float, faces: int | None = None) -> MoodState:
        """Take in the readings of a frame taken at `at`; `faces` is the number of people in view, if others are too."""
        for reading in readings:
            face = self._faces.setdefault(reading.face, Smoothed(self.config.smoothing_s))
            face.update(reading.probabilities, at, reading.weight)
        for face in self._faces.values():
            face.time_constant_s = self.config.smoothing_s
        self._faces = {key: face for key, face in self._faces.items() if at - face.read_at <= self.config.absence_s}
        self._state = self._next(at, len(readings) if faces is None else faces)
        return self._state

    def _next(self, at: float, faces: int) -> MoodState:
        state = self._state or nobody(at)
        merged = self._merged(at)
        if merged is None:
            self._leader = self._present_since = None
            return replace(state if state.mood is Mood.NONE else nobody(at), faces=faces)
        if self._present_since is None:
            self._present_since = at
        mood = self._decide(merged, state.mood, at)
        if mood is Mood.NONE:
            return replace(state, faces=faces)
        probabilities = by_label(merged)
        return MoodState(
            mood,
            probabilities[Emotion(mood)],
            *valence_arousal(merged),
            probabilities=probabilities,
            faces=faces,
            since=state.since if mood is state.mood else at,
        )

    def _merged(self, at: float) -> Probabilities | None:
        """The faces' weighted mean (7,), summing to one; None without faces."""
        read = [(face.value, face.weight_at(at)) for face in self._faces.values() if face.value is not None]
        if not read:
            return None
        # Faded weights may all be nearly nothing; only their ratio matters.
        weights = np.maximum([weight for _, weight in read], 1e-9)
        merged = np.average(np.stack([value for value, _ in read]), axis=0, weights=weights)
        return np.asarray(merged / merged.sum(), np.float32)

    def _decide(self, merged: Probabilities, present: Mood, at: float) -> Mood:
        """The mood from now on, by the merged probabilities and how long the same one has been ahead."""
        by_mood = by_label(merged)
        best = max(by_mood, key=lambda emotion: by_mood[emotion])
        leader = Mood(best)
        if present is not Mood.NONE and by_mood[best] - by_mood[Emotion(present)] < self.config.margin:
            leader = present
        if leader is not self._leader:
            self._leader, self._leads_since = leader, at
        if leader is present or at - self._leads_since >= self._patience(present):
            return leader
        if present is Mood.NONE and self._present_since is not None and at - self._present_since >= FIRST_WAIT_S:
            return leader
        return present

    def _patience(self, present: Mood) -> float:
        return min(FIRST_LEAD_S, self.config.dwell_s) if present is Mood.NONE else self.config.dwell_s
