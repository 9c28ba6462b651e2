"""From readings of single faces to the mood of the room: smoothed, slow to change, explicit when nobody is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mien_models.labels import Emotion, Mood


@dataclass(frozen=True, slots=True)
class MoodState:
    """What mien says of the people in view at one moment."""

    mood: Mood
    confidence: float
    """Smoothed probability of `mood`, in [0, 1]; 0 when nobody is there."""
    valence: float
    """Unpleasant −1 … pleasant 1."""
    arousal: float
    """Calm −1 … excited 1."""
    probabilities: Mapping[Emotion, float]
    """All seven, smoothed; empty when nobody is there."""
    faces: int
    """People in view."""
    since: float
    """When `mood` began, seconds of the monotonic clock."""
    said: bool = False
    """Whether somebody said so of themselves: then it is not what faces look like."""


NOBODY_VALENCE_AROUSAL = (0.0, 0.0)


def nobody(since: float) -> MoodState:
    """The state with nobody in view."""
    return MoodState(Mood.NONE, 0.0, *NOBODY_VALENCE_AROUSAL, probabilities={}, faces=0, since=since)
