"""How an excerpt moves in time: its pulse, its onsets, how fast each band comes and goes, how much of it is struck."""

from __future__ import annotations

import itertools

import numpy as np

from mien_models.listening.excerpts import BANDS, FRAMES_A_SECOND, Excerpt
from mien_models.listening.tempo import BEATS_A_MINUTE, onsets, pulse, strongest
from mien_models.listening.timbre import Values, mean_and_deviation

_TEMPI = np.geomspace(30, 300, 17)
_MODULATIONS_HZ = (0.15, 0.4, 0.8, 1.5, 2.5, 4, 7, 12, 20)
_LONG, _WIDE = 17, 7
"""Medians over so many frames and so many mel bands tell sustained sound from struck."""
_EVERY = 2


def rhythm(excerpt: Excerpt) -> Values:
    """Strength of the pulse in sixteen ranges of tempo and at its best; number, size and unevenness of onsets, (26,)."""
    correlation = pulse(excerpt)
    ranges = [
        correlation[(low <= BEATS_A_MINUTE) & (high > BEATS_A_MINUTE)].max() for low, high in itertools.pairwise(_TEMPI)
    ]
    begins = onsets(excerpt).astype(np.float64)
    mean, deviation = begins.mean(), begins.std()
    peaks = begins[1:-1][(begins[1:-1] > begins[:-2]) & (begins[1:-1] >= begins[2:])]
    seconds = len(begins) / FRAMES_A_SECOND
    return np.array(
        [
            *ranges,
            max(ranges),
            np.log(strongest(correlation)),
            (peaks > mean + 0.5 * deviation).sum() / seconds,
            (peaks > 3).sum() / seconds,
            mean,
            deviation,
            np.log(deviation / (mean + 1e-6) + 1e-3),
            *(np.percentile(begins, [50, 90, 99]) / (mean + 1e-6)),
        ]
    )


def attacks(excerpt: Excerpt) -> Values:
    """Mean and deviation of the rise in five ranges of mel bands, (10,)."""
    return mean_and_deviation(excerpt.rise.reshape(len(excerpt.rise), 5, -1).mean(axis=2))


def modulation(excerpt: Excerpt) -> Values:
    """How much eight ranges of mel bands swing at eight rates from 0.15 to 20 Hz, (64,) (after Pampalk et al. 2002)."""
    level = 10 * np.log10(excerpt.bands + np.float32(1e-3)).reshape(len(excerpt.bands), 8, -1).mean(axis=2)
    swing = (level - level.mean(axis=0)) * np.hanning(len(level))[:, np.newaxis]
    power = np.square(np.abs(np.fft.rfft(swing, axis=0))) / len(level) ** 2
    rates = np.fft.rfftfreq(len(level), 1 / FRAMES_A_SECOND)
    edges = np.searchsorted(rates, _MODULATIONS_HZ)
    sums = [power[low:high].sum(axis=0) for low, high in itertools.pairwise(edges)]
    return np.log(np.concatenate(sums) + 1e-4)


def percussion(excerpt: Excerpt) -> Values:
    """How much louder sustained sound is than struck, mean and spread, and in two ranges, (6,) (after FitzGerald 2010)."""
    level = 10 * np.log10(excerpt.bands[::_EVERY] + np.float32(1e-6))
    windows = np.lib.stride_tricks.sliding_window_view
    if len(level) < _LONG:
        return np.zeros(6)
    sustained = np.median(windows(level, _LONG // _EVERY + 1, axis=0), axis=-1)
    struck = np.median(windows(level, _WIDE, axis=1), axis=-1)
    edge, side = _LONG // _EVERY // 2, _WIDE // 2
    more = sustained[:, side : BANDS - side] - struck[edge : edge + len(sustained)]
    halves = more.reshape(len(more), 2, -1).mean(axis=(0, 2))
    return np.array([more.mean(), more.std(), (more > 3).mean(), (more < -3).mean(), *halves])
