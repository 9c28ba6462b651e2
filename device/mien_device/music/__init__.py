"""From a mood to sound: which track, and the player that fades to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from mien_device.music.tags import Tags
from mien_models.labels import Mood


@dataclass(frozen=True, slots=True)
class Track:
    """A file of the user's music, chosen for a mood."""

    path: Path
    mood: Mood
    """The mood it was chosen for. It may have come out of another mood's folder where the mood's own is empty."""

    tags: Tags = field(default_factory=Tags)

    @property
    def title(self) -> str:
        """By its tags, else the file's name without its ending."""
        return self.tags.title or printable(self.path.stem)

    @property
    def artist(self) -> str:
        """By its tags; empty if they do not say."""
        return self.tags.artist


def printable(text: str) -> str:
    """`text` with question marks for what is not UTF-8 in a file's name: no message could carry that."""
    return text.encode("utf-8", "replace").decode("utf-8")


class Player(Protocol):
    """Plays one track at a time. Used by one thread, which `play` may hold up for as long as decoding takes."""

    @property
    def name(self) -> str:
        """What it is, for the log and for `mien check`."""

    @property
    def playing(self) -> Track | None:
        """The track that sounds (or is paused); None when nothing was started, it was stopped, or the track has ended."""

    @property
    def ending(self) -> bool:
        """Whether it is time for the next track: this one has begun its last seconds (a fade's length), or nothing plays."""

    def play(self, track: Track) -> None:
        """Fade from what sounds now to `track`. Ends a pause.

        Raises:
            MusicError: the file cannot be decoded or is gone; what sounded before goes on.

        """

    def pause(self) -> None:
        """Hold the music where it is."""

    def resume(self) -> None:
        """Go on after a pause."""

    def stop(self) -> None:
        """Fade to silence."""

    def set_volume(self, percent: int) -> None:
        """0 is silent, 100 is the sound card's full scale."""

    def close(self) -> None:
        """Let go of the sound card. May be called twice."""
