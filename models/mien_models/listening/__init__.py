"""What a song is like, by its sound alone: the answer that training measures, the library keeps, player and policy use."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt


class SongMood(StrEnum):
    """A quarter of the plane of valence and arousal (Russell 1980)."""

    HAPPY = "happy"
    """Pleasant and lively."""
    TENSE = "tense"
    """Unpleasant and lively."""
    SAD = "sad"
    """Unpleasant and quiet."""
    CALM = "calm"
    """Pleasant and quiet."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A place on the plane of valence and arousal, both -1…1, with the standard deviation of each."""

    valence: float
    valence_sd: float
    arousal: float
    arousal_sd: float


@dataclass(frozen=True, slots=True)
class Hearing:
    """What is heard of a recording without any model."""

    duration_s: float
    loudness_lufs: float
    """Integrated loudness by EBU R 128 (ITU-R BS.1770-4); -70 for what is silent throughout."""
    true_peak_dbtp: float
    """Highest peak between the samples, dB below full scale (ITU-R BS.1770-4, annex 2)."""
    cue_in_s: float
    """Where the music begins: what stands before is silence."""
    cue_out_s: float
    """Where it has ended."""
    tempo_bpm: float | None
    """Beats a minute; None where no beat is heard."""
    key: str | None
    """Such as "C" or "F# minor"; None where no key is heard."""


@dataclass(frozen=True, slots=True)
class Analysis(Hearing):
    """All that is known of a recording by listening to it."""

    estimate: Estimate
    """Valence and arousal as the shipped model hears them."""
    mood: SongMood
    """The most probable quarter of the plane."""
    features: npt.NDArray[np.float32]
    """Means of what the model was given, (n_features,): kept for learning from the user's corrections."""
