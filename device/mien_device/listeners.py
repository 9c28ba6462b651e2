"""The people in front of the device as the music takes them, and what they did to a song. Library and policy both know them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Listener:
    """The people in view as one place on the plane of valence and arousal, both -1…1, with the standard deviation of each."""

    valence: float
    valence_sd: float
    arousal: float
    arousal_sd: float
    faces: int
    """0: nobody is in view, and the rest is what was seen last."""
    said: bool = False
    """Whether it is their own word."""


UNKNOWN = Listener(0.0, 0.5, 0.0, 0.5, faces=0)
"""Nobody was seen yet: the middle of the plane, and no certainty."""


class Ending(StrEnum):
    """How a song ended."""

    PLAYED = "played"
    """It was heard to its end."""
    SKIPPED = "skipped"
    """A person wanted another one."""
    CUT = "cut"
    """mien itself ended it: the mood changed for good, the room was empty, or the mode was changed."""
