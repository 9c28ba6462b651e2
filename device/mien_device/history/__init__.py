"""What the faces looked like, minute by minute, and what played: kept on this device for some weeks, for the page to show.

`diary.py` takes notes of what the loops see and play, `keeper.py` writes them down now and then, `store.py` is the file,
`summary.py` and `export.py` make charts and tables of it. Nothing here is a picture, and nothing says who somebody is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from mien_models.labels import Emotion

SEVEN = len(Emotion)
EARLIEST = 1_704_067_200
"""1 January 2024, seconds since 1970. A clock that says less was never set, and nothing is written by it."""


class Song(Protocol):
    """What plays."""

    @property
    def title(self) -> str:
        """From its tags, else the file's name."""

    @property
    def artist(self) -> str:
        """Empty where nothing says who it is."""


@dataclass(slots=True)
class Minute:
    """What the faces in view looked like during a minute, or a part of it. Sums, so that parts can be added."""

    at: float
    """When it began, seconds since 1970."""
    seen_s: float = 0.0
    """Somebody was in view for so long."""
    moods: list[float] = field(default_factory=lambda: [0.0] * SEVEN)
    """Seconds of each mood, in the order of `Emotion`; together less than `seen_s` where faces could not be read."""
    valence_s: float = 0.0
    """Valence times seconds, over the time in which there was a mood."""
    arousal_s: float = 0.0
    people: int = 0
    """The most that were in view at once."""

    @property
    def read_s(self) -> float:
        """There was a mood for so long."""
        return sum(self.moods)


@dataclass(slots=True)
class Play:
    """A song that was heard, whoever chose it."""

    at: float
    """When it began, seconds since 1970."""
    title: str
    artist: str
    mode: str
    heard_s: float = 0.0
    before: float | None = None
    """Mean valence of the faces in the minute before it began; None where too little was seen."""
    after: float | None = None
    """And in the last minute of it."""
