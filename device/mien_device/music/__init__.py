"""From a mood to sound: which track, and the player that blends into it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from mien_device.music.tags import Tags
from mien_device.names import printable
from mien_models.labels import Mood


@dataclass(frozen=True, slots=True)
class Track:
    """A file of the user's music, chosen for a mood. What nobody has measured is None."""

    path: Path
    mood: Mood
    """The mood it was chosen for. It may have come out of another mood's folder where the mood's own is empty."""

    tags: Tags = field(default_factory=Tags)
    loudness_lufs: float | None = None
    """Integrated loudness (EBU R 128)."""
    true_peak_dbtp: float | None = None
    """Highest peak between the samples, dB below full scale."""
    cue_in_s: float | None = None
    """Where the music begins; before it is silence."""
    cue_out_s: float | None = None
    """Where the music has ended."""
    why: str = ""
    """Why it was chosen: one plain sentence for the listener."""

    @property
    def title(self) -> str:
        """By its tags, else the file's name without its ending."""
        return self.tags.title or printable(self.path.stem)

    @property
    def artist(self) -> str:
        """By its tags; empty if they do not say."""
        return self.tags.artist

    def continues(self, other: Track) -> bool:
        """Whether it comes right after `other` on one album, so that nothing may come between them."""
        return self.path.parent == other.path.parent and self.tags.continues(other.tags)


@dataclass(frozen=True, slots=True)
class Failure:
    """A track that broke off while it played; `reason` is a sentence that names the file."""

    track: Track
    reason: str


class Player(Protocol):
    """Plays one track after the other, blending them. Used by one thread, which opening a file may hold up."""

    @property
    def name(self) -> str:
        """What it is, for the log and for `mien check`."""

    @property
    def heard(self) -> bool:
        """Whether somebody could hear it. Without a sound card it only keeps time."""

    @property
    def trouble(self) -> str | None:
        """Why it is not heard although it should be, and the remedy; None while it is, or where silence was asked for."""

    @property
    def playing(self) -> Track | None:
        """The track that sounds (or is paused); in a fade the one that comes. None when nothing plays."""

    @property
    def position_s(self) -> float:
        """How far `playing` is heard, seconds from the file's beginning; in a pause where it goes on. 0 when nothing plays."""

    @property
    def duration_s(self) -> float | None:
        """Length of `playing`'s file; None where it is unknown or nothing plays."""

    @property
    def ending(self) -> bool:
        """Whether it is time to `queue` the next track: `playing` nears its end with none queued, or nothing plays."""

    def play(self, track: Track, at_s: float | None = None) -> None:
        """Fade from what sounds now to `track`, from `at_s` (None: its beginning). Ends a pause, drops what was queued.

        Raises:
            MusicError: the file cannot be decoded or is gone; what sounded before goes on.

        """

    def queue(self, track: Track) -> None:
        """Let `track` begin where `playing` ends, in place of what was queued before; at once if nothing plays.

        Raises:
            MusicError: the file cannot be decoded or is gone; what sounds goes on, and what was queued stays.

        """

    def unqueue(self) -> None:
        """Forget what was queued."""

    def seek(self, position_s: float) -> None:
        """Go on at another place of `playing`; beyond its ends the nearer of the two is meant. Nothing if nothing plays.

        Raises:
            MusicError: the file is gone or cannot be decoded any more; what sounds goes on.

        """

    def pause(self) -> None:
        """Hold the music where it is."""

    def resume(self) -> None:
        """Go on after a pause."""

    def stop(self) -> None:
        """Fade to silence."""

    def set_volume(self, percent: int) -> None:
        """0 is silent, 100 leaves the music as it was matched."""

    def set_fade(self, fade_s: float) -> None:
        """How long the next fades last."""

    def failures(self) -> Sequence[Failure]:
        """The tracks that broke off since this was asked last."""

    def close(self) -> None:
        """Fall silent and let go of the sound card. May be called twice."""
