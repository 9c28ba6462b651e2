"""Tempo: the period at which a recording's onsets come back."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mien_models.listening.excerpts import FRAMES_A_SECOND, Excerpt
from mien_models.listening.sound import Samples

SLOWEST, FASTEST = 40.0, 240.0
"""Beats a minute that are looked for."""
_USUAL, _OCTAVES = 120.0, 0.9
"""Listeners prefer periods near 120 a minute: a log-Gaussian of about this width (Ellis 2007, "Beat tracking by dynamic programming")."""
_CLEAR = 0.15
"""Autocorrelation of the onsets at the period below which no beat is heard."""

_AUDIBLE_DB = 0.05
"""Onsets that vary less than this are arithmetic, not music: a steady tone has no pulse."""


def onsets(excerpt: Excerpt) -> Samples:
    """How much begins in each frame, (frames,): the mean rise of the mel bands in dB."""
    return np.asarray(excerpt.rise.mean(axis=1))


def pulse(excerpt: Excerpt) -> npt.NDArray[np.float64]:
    """Autocorrelation of the onsets by lag in frames up to two seconds, (lags,), 1 at lag 0; 0 throughout where nothing begins."""
    centred = onsets(excerpt) - onsets(excerpt).mean()
    if centred.std() < _AUDIBLE_DB:
        return np.zeros(len(LAGS))
    size = 1 << (2 * len(centred) - 1).bit_length()
    correlation = np.fft.irfft(np.square(np.abs(np.fft.rfft(centred, size))), size)[: len(LAGS)]
    known = min(len(correlation), len(centred))
    result = np.zeros(len(LAGS))
    result[:known] = correlation[:known] * len(centred) / (len(centred) - np.arange(known))
    return np.asarray(result / (correlation[0] + 1e-9))


def find_tempo(pulse: npt.NDArray[np.float64]) -> float | None:
    """Beats a minute from a `pulse`, or the mean of several; None where no beat is heard."""
    lag = _best_lag(pulse)
    if pulse[lag] < _CLEAR:
        return None
    left, middle, right = pulse[lag - 1 : lag + 2]
    bend = left - 2 * middle + right
    shift = 0.5 * (left - right) / bend if bend < 0 else 0.0  # the top of the parabola through the three
    return float(60 * FRAMES_A_SECOND / (lag + np.clip(shift, -0.5, 0.5)))


def strongest(pulse: npt.NDArray[np.float64]) -> float:
    """Beats a minute of the strongest period, whether clear or not."""
    return float(BEATS_A_MINUTE[_best_lag(pulse)])


def _best_lag(pulse: npt.NDArray[np.float64]) -> int:
    return int(np.argmax(np.where(_BEATS, pulse * _PREFERENCE, -np.inf)))


LAGS = np.arange(int(2 * FRAMES_A_SECOND) + 2)
BEATS_A_MINUTE = 60 * FRAMES_A_SECOND / np.maximum(LAGS, 0.5)
_BEATS = (BEATS_A_MINUTE >= SLOWEST) & (BEATS_A_MINUTE <= FASTEST)
_PREFERENCE = np.exp(-0.5 * (np.log2(BEATS_A_MINUTE / _USUAL) / _OCTAVES) ** 2)
