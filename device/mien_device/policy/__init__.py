"""Which song next, and why: from the viewer's state and a mode to a choice and one plain sentence.

Pure logic. Times `at` are seconds of one clock on which the play log counts too (Unix time), chance is a generator that
the caller hands over.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from mien_device.config.schema import MusicMode
from mien_device.listeners import Ending, Listener
from mien_models.listening import Estimate

UNHEARD_LUFS = -18.0
"""Of a song that nobody has measured: as loud as the player makes all of them."""


@dataclass(frozen=True, slots=True)
class Song:
    """What the policy wants to know of a song."""

    id: str
    """The library's key: it stays when the file is moved or its tags are changed."""
    path: Path
    title: str
    artist: str
    """Empty where nothing says who it is; then it is nobody's, not one artist of that name."""
    estimate: Estimate
    """As the user corrected it, else as the model heard it."""
    tempo_bpm: float | None = None
    key: str | None = None
    """As in `Analysis.key`."""
    loudness_lufs: float = UNHEARD_LUFS
    duration_s: float = 0.0
    """0: unknown."""
    corrected: bool = False
    """Whether `estimate` is the user's word."""


class Phase(StrEnum):
    """Where on its path the music is."""

    MATCH = "match"
    """It begins (again) where the listener is."""
    STEP = "step"
    """It goes a step towards the goal."""
    ARRIVED = "arrived"
    """It is at the goal."""
    HOLD = "hold"
    """It waits where it is, after a skip."""
    BACK = "back"
    """It went back to the listener, whose valence fell twice."""
    CHANCE = "chance"
    """There is no path: shuffle."""


@dataclass(frozen=True, slots=True)
class Target:
    """The place on the plane that the next song should have, and how surely it is meant."""

    valence: float
    arousal: float
    sd: tuple[float, float]
    """Of valence and arousal: the listener's, where the place is the listener's; 0 for a place that was decided on."""
    phase: Phase
    step_from: tuple[float, float] | None = None
    """The place of the track before on the same path; None where a path begins."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A song, and why."""

    song: Song
    mode: MusicMode
    target: Target
    listener: Listener
    leaving: Ending
    """How the track before ended, or is ending."""
    at: float
    why: str
    """One plain sentence on one line."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A track that has ended: a line of the play log."""

    song: str
    """`Song.id`"""
    at: float
    """When it began."""
    mode: MusicMode
    ending: Ending
    heard_s: float
    length_s: float
    """0: unknown."""
    before: Listener
    """The listener when it was chosen."""
    after: Listener
    """The listener when it ended."""


@dataclass(frozen=True, slots=True)
class Liking:
    """Somebody said that they like a song, or not."""

    song: str
    """`Song.id`"""
    liked: bool
    listener: Listener
    """At that time."""


class Shelf(Protocol):
    """Where songs and their history come from: the library."""

    def songs(self) -> Sequence[Song]:
        """All songs that can be played now."""

    def plays(self) -> Iterable[Outcome]:
        """What was played, oldest first."""

    def likings(self) -> Iterable[Liking]:
        """What was said of songs."""

    def changed(self) -> bool:
        """Whether there is anything new since this was asked last."""
