"""The music on the disk: which songs there are, what each is like, and what became of it when it was played."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from mien_device.listeners import Ending, Listener
from mien_models.listening import Analysis, Estimate, SongMood

CORRECTED_SD = 0.1
"""How sure a place that a person gave is, as a standard deviation on the axes of `Estimate`."""
MOOD_SD = 12**-0.5
"""The same for the name of a mood: anywhere within a quarter of the plane, which is 1 wide (a uniform distribution)."""


class Analyser(Protocol):
    """Listens to files. It runs in a process of its own, see `analysis_worker.py`."""

    @property
    def version(self) -> str:
        """Of extractor and model together. Songs that another version heard are heard again."""

    def listen(self, path: Path) -> Analysis:
        """All that is known of a recording by listening to it.

        Raises:
            MusicError: the file cannot be decoded; one line that names it.

        """


@dataclass(frozen=True, slots=True)
class Correction:
    """What a person said of a song. It wins over the model."""

    valence: float
    """-1…1"""
    arousal: float
    """-1…1"""
    sd: float
    """Of both."""
    mood: SongMood
    source: str
    """"user", or "table" for an imported song table, which never replaces a user's word."""


@dataclass(frozen=True, slots=True)
class Song:
    """A recording, whatever its file is called and however it is tagged."""

    id: str
    """Hash of the audio, 32 hex digits."""
    path: Path
    """One of its files: the first by name of those that are there, else the one last seen."""
    missing: bool
    """Whether none of its files is there now."""
    title: str
    """By its tags, else the file's name without its ending."""
    artist: str
    """By its tags; empty if they do not say."""
    album: str
    duration_s: float | None
    """By its headers, or by listening."""
    art: str | None
    """Hash of its cover's bytes, embedded or in its folder; None without one."""
    liked: bool | None
    """The last word on it; None if there is none."""
    analysis: Analysis | None
    """None until it was listened to."""
    correction: Correction | None
    valence_percentile: float | None
    """Share of the songs here that are less pleasant, 0…1; ties count half. None without an estimate, or while missing."""
    arousal_percentile: float | None

    @property
    def estimate(self) -> Estimate | None:
        """Where it lies: by its correction, else by its analysis."""
        if self.correction:
            return Estimate(self.correction.valence, self.correction.sd, self.correction.arousal, self.correction.sd)
        return self.analysis.estimate if self.analysis else None

    @property
    def mood(self) -> SongMood | None:
        """By its correction, else by its analysis."""
        if self.correction:
            return self.correction.mood
        return self.analysis.mood if self.analysis else None


@dataclass(frozen=True, slots=True)
class Play:
    """One time that a song was played."""

    song: str
    """Its `Song.id`."""
    started: float
    """Seconds since 1970, UTC."""
    mood: str
    """The viewer's when it was chosen, as `Mood` spells it."""
    mode: str
    """The music mode in force."""
    position_s: float
    """How far it came."""
    length_s: float
    """Of the whole song; 0: unknown."""
    ending: Ending
    why: str
    """One sentence: why this song."""
    before: Listener | None = None
    """When it was chosen; None if nobody was seen yet."""
    after: Listener | None = None
    """When it ended."""

    @property
    def skipped(self) -> bool:
        """Whether a person ended it."""
        return self.ending is Ending.SKIPPED


@dataclass(frozen=True, slots=True)
class Like:
    """One time that somebody said that they like a song, or not."""

    song: str
    """Its `Song.id`."""
    at: float
    """Seconds since 1970, UTC."""
    liked: bool
    mood: str = ""
    """The viewer's at that time, as `Mood` spells it; empty if it is not known."""
    viewer: Listener | None = None
    """At that time."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A file that is left alone until it changes."""

    path: Path
    reason: str


def quarter(valence: float, arousal: float) -> SongMood:
    """The quarter of the plane that a place lies in (Russell 1980)."""
    if arousal >= 0:
        return SongMood.HAPPY if valence >= 0 else SongMood.TENSE
    return SongMood.CALM if valence >= 0 else SongMood.SAD
