"""What the vision thread sees, for the page."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from mien_device.page.feed import Feed
from mien_device.pipeline import Observation, SeenFace
from mien_device.showing.records import MoodNow, Person
from mien_models.labels import AFFECT, Emotion, Mood, valence_arousal
from mien_models.runner import LEAST_READABLE

INTERVAL_S = 0.4
"""The page moves between two of these by itself. What changes a word is told at once."""


class Moods:
    """Used by the vision thread."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._due = -math.inf
        self._told: tuple[Mood, int] | None = None

    def see(self, observation: Observation, now: float) -> None:
        """Tell of it, if it is time to."""
        words = (observation.state.mood, len(observation.faces))
        if now < self._due and words == self._told:
            return
        self._due, self._told = now + INTERVAL_S, words
        self._feed.put(MoodNow.topic, as_record(observation, now).model_dump(mode="json"))


def as_record(observation: Observation, now: float) -> MoodNow:
    """Rounded: what nobody could see is not sent."""
    state = observation.state
    valence_sd, arousal_sd = spread(state.probabilities)
    return MoodNow(
        mood=state.mood,
        confidence=round(state.confidence, 2),
        valence=round(state.valence, 2),
        valence_sd=round(valence_sd, 2),
        arousal=round(state.arousal, 2),
        arousal_sd=round(arousal_sd, 2),
        probabilities={emotion: round(share, 2) for emotion, share in state.probabilities.items()},
        people=tuple(_person(face) for face in observation.faces),
        lasts_s=int(max(0.0, now - state.since)),
    )


def spread(probabilities: Mapping[Emotion, float]) -> tuple[float, float]:
    """Standard deviations of valence and arousal where each feeling lies at its place with its probability; 0 without any."""
    shares = np.array([probabilities.get(emotion, 0.0) for emotion in Emotion])
    if not shares.sum() > 0:
        return 0.0, 0.0
    shares /= shares.sum()
    places = np.array([AFFECT[emotion] for emotion in Emotion])
    mean = shares @ places
    valence, arousal = np.sqrt(np.maximum(shares @ places**2 - mean**2, 0.0)).tolist()
    return valence, arousal


def _person(face: SeenFace) -> Person:
    answer = face.answer
    if answer is None or answer.readable < LEAST_READABLE:
        return Person(id=face.id, mood=None, valence=0.0, arousal=0.0, trouble=face.trouble)
    valence, arousal = valence_arousal(answer.probabilities)
    mood = list(Emotion)[int(answer.probabilities.argmax())]
    return Person(id=face.id, mood=mood, valence=round(valence, 2), arousal=round(arousal, 2), trouble=None)
