"""Which track comes next: the question that the jukebox asks, and what it tells of the answer's fate."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Protocol

from mien_device.config import MusicMode
from mien_device.music import Track
from mien_models.labels import Mood


class Ending(StrEnum):
    """How a track ended."""

    PLAYED = "played"
    """It came to its end, and the next one began."""
    SKIPPED = "skipped"
    """The listener asked for another."""
    CHANGED = "changed"
    """It gave way to what fits another mood."""
    STOPPED = "stopped"
    """The music stopped: nobody is there, or it was switched off."""
    BROKE_OFF = "broke off"
    """The file ended or became unreadable where it should have gone on."""
    UNPLAYABLE = "unplayable"
    """The file cannot be opened, so not a second of it was heard."""


class Chooser(Protocol):
    """Knows the music and chooses of it. Used by one thread; `at` is a second of a clock that does not go back.

    Nothing that is wrong with the user's files raises.
    """

    mode: MusicMode
    """What to do about the mood. May be set at any time."""

    def choose(self, mood: Mood, at: float, leaving: Ending) -> Track | None:
        """The track after one that is `leaving`; None if there is no music. Asked again after each that is unplayable."""

    def wants_change(self, track: Track, mood: Mood, at: float) -> bool:
        """Whether `track`, which plays or is to play next, must give way now to what `choose` would say."""

    def again(self, path: Path, mood: Mood) -> Track | None:
        """The track that played before a restart, if it is still there and fits; it then goes on where it was."""

    def judged(self, track: Track, *, liked: bool) -> bool:
        """Take note that somebody likes `track`, or does not; whether it could be kept."""

    def named(self, song: str, mood: Mood) -> Track | None:
        """The song of the library with the id `song`, because somebody asked for it; None if it is not known."""

    def ended(self, track: Track, ending: Ending, at_s: float, *, heard: bool) -> None:
        """Take note of how `track` ended, at this second of it. Not `heard`: there was no sound card."""

    def close(self) -> None:
        """Let go of what it reads from. Nothing is asked of it after that."""
