"""The key of a recording, from how much of each pitch class sounds."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mien_models.listening.excerpts import FREQUENCIES, Excerpt
from mien_models.listening.sound import Samples

NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")

# How well each tone fits a major and a minor key on C, as listeners said (Krumhansl and Kessler 1982; Krumhansl, "Cognitive
# Foundations of Musical Pitch", 1990, table 2.1).
_MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
_MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)

_LOWEST_HZ, _HIGHEST_HZ = 65.0, 2100.0
_CLEAR = 0.5
"""Correlation with the nearest profile below which no key is heard."""


def chroma(excerpt: Excerpt) -> Samples:
    """How much of each pitch class sounds in each frame, from C, (frames, 12): roots of the peaks of the spectrum."""
    return _peaks(excerpt) @ _CHROMA_BANK


def tonal_share(excerpt: Excerpt) -> Samples:
    """How much of the spectrum lies in its peaks, by frame, (frames,): near 1 where there are tones only."""
    return np.asarray(
        _peaks(excerpt).sum(axis=1) / (np.sqrt(excerpt.magnitude[:, _TONAL]).sum(axis=1) + np.float32(1e-6))
    )


def key_strengths(classes: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Correlation of pitch classes, (12,), with the profiles of the twelve major (first row) and minor keys, (2, 12)."""
    return np.asarray(_PROFILES @ _standard(np.asarray(classes, np.float64)) / 12)


def find_key(classes: npt.ArrayLike) -> str | None:
    """The key that fits pitch classes (12,) best, such as "C" or "F# minor"; None where none fits well."""
    strengths = key_strengths(classes)
    if strengths.max() < _CLEAR:
        return None
    minor, tonic = divmod(int(strengths.argmax()), 12)
    return f"{NAMES[tonic]} minor" if minor else NAMES[tonic]


def _peaks(excerpt: Excerpt) -> Samples:
    magnitude = excerpt.magnitude[:, _TONAL]
    is_peak = np.zeros(magnitude.shape, bool)
    is_peak[:, 1:-1] = (magnitude[:, 1:-1] > magnitude[:, :-2]) & (magnitude[:, 1:-1] >= magnitude[:, 2:])
    return np.where(is_peak, np.sqrt(magnitude), np.float32(0))


def _standard(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray((values - values.mean()) / (values.std() + 1e-9))


def _chroma_bank() -> npt.NDArray[np.float32]:
    """(bins, 12): each bin counts for the pitch classes around it, a Gaussian with a deviation of half a semitone."""
    pitch = 69 + 12 * np.log2(FREQUENCIES[_TONAL] / 440)
    distance = (pitch[:, np.newaxis] - np.arange(12) + 6) % 12 - 6
    return np.exp(-2 * distance**2).astype(np.float32)


_TONAL = slice(
    int(np.searchsorted(FREQUENCIES, _LOWEST_HZ)), int(np.searchsorted(FREQUENCIES, _HIGHEST_HZ, side="right"))
)
_CHROMA_BANK = _chroma_bank()
_PROFILES = np.array([[np.roll(_standard(np.array(p)), tonic) for tonic in range(12)] for p in (_MAJOR, _MINOR)])
