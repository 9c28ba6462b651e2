"""What only the page is shown, beside the messages that the home gets as well."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from mien_models.labels import Emotion, Mood
from mien_models.validation import Strict


class Person(Strict):
    """Somebody in view."""

    id: int
    """Another for every arrival; says nothing of who it is."""
    mood: Emotion | None
    """What this face looks like at this moment; null while it cannot be read."""
    valence: float
    arousal: float
    trouble: str | None
    """Why it cannot be read."""


class MoodNow(Strict):
    """The mood as it moves, a few times a second; `mood/state` tells of its changes only."""

    topic: ClassVar[str] = "page/mood"

    mood: Mood
    confidence: float = Field(ge=0, le=1)
    valence: float = Field(ge=-1, le=1)
    valence_sd: float = Field(ge=0)
    """Spread of the seven feelings under their probabilities: how little the faces agree with one place."""
    arousal: float = Field(ge=-1, le=1)
    arousal_sd: float = Field(ge=0)
    probabilities: dict[Emotion, float]
    """Empty with nobody in view."""
    people: tuple[Person, ...]
    lasts_s: int
    """Since when it is this mood."""


class LiveNow(Strict):
    """Whether the camera's picture can be seen, and is."""

    topic: ClassVar[str] = "page/live"

    allowed: bool
    """By `page.live`."""
    watched: bool
    """Somebody looks at it, or did a moment ago."""


class Progress(Strict):
    """How far the track has come. In between it goes on by itself, or not."""

    topic: ClassVar[str] = "page/progress"

    cover: str | None
    """The key of the track's cover; null when nothing plays."""
    position_s: float
    duration_s: float | None
    """Null where it is unknown."""
    runs: bool
