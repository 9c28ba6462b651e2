"""What an excerpt sounds like: the colour of its sound, without its notes and its rhythm."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt

from mien_models.listening.excerpts import BANDS, FREQUENCIES, HOP, Excerpt

Values = npt.NDArray[np.float64]

_COEFFICIENTS = 20
_EDGES_HZ = (0, 200, 400, 800, 1600, 3200, 6400, 10_000)
_EVERY = 4
"""Contrast is taken from each fourth frame: sorting is what costs here, and the mean hardly moves."""


def mel(excerpt: Excerpt) -> Values:
    """Mean and deviation of each mel band in dB, (80,)."""
    return mean_and_deviation(_decibel(excerpt))


def cepstrum(excerpt: Excerpt) -> Values:
    """Mean and deviation of twenty mel cepstral coefficients, and of their steps, (60,) (Davis and Mermelstein 1980)."""
    coefficients = _decibel(excerpt) @ _COSINES
    steps = np.diff(coefficients[::2], axis=0)
    return np.concatenate([mean_and_deviation(coefficients), steps.std(axis=0)])


def shape(excerpt: Excerpt) -> Values:
    """Mean and deviation of what describes the spectrum as a distribution, and of the shares of seven bands, (30,).

    Centroid, spread, roll-off, median, flatness, entropy, flux (Peeters 2004, "A large set of audio features") and zero crossings.
    """
    power = excerpt.power
    share = power / (power.sum(axis=1, keepdims=True) + np.float32(1e-9))
    centroid = share @ _FREQUENCIES
    spread = np.sqrt(np.maximum(share @ np.square(_FREQUENCIES) - np.square(centroid), 1))
    below = np.cumsum(share, axis=1)
    logarithm = np.log(power + np.float32(1e-9))
    unit = excerpt.magnitude / (np.linalg.norm(excerpt.magnitude, axis=1, keepdims=True) + np.float32(1e-6))
    flux = np.linalg.norm(np.diff(unit, axis=0), axis=1)
    described = np.stack(
        [
            np.log(centroid + 20),
            np.log(spread + 20),
            np.log(FREQUENCIES[_rank(below, 0.85)] + 20),
            np.log(FREQUENCIES[_rank(below, 0.5)] + 20),
            logarithm.mean(axis=1) - np.log(power.mean(axis=1) + np.float32(1e-9)),
            -(share * np.log(share + np.float32(1e-12))).sum(axis=1),
            np.append(flux, flux[-1]),
        ],
        axis=1,
    )
    bands = np.stack([share[:, part].sum(axis=1) for part in _PARTS], axis=1)
    signs = np.signbit(excerpt.samples[: len(excerpt.samples) // HOP * HOP].reshape(-1, HOP))
    crossings = np.log((signs[:, 1:] != signs[:, :-1]).mean(axis=1) + 1e-3)
    return np.concatenate(
        [mean_and_deviation(described), [crossings.mean(), crossings.std()], mean_and_deviation(np.log(bands + 1e-4))]
    )


def contrast(excerpt: Excerpt) -> Values:
    """Mean and deviation of how far the peaks of seven bands stand out of their valleys, (14,) (Jiang et al. 2002)."""
    logarithm = np.log(excerpt.power[::_EVERY] + np.float32(1e-9))
    return mean_and_deviation(np.stack([_contrast(logarithm[:, part]) for part in _PARTS], axis=1))


def _contrast(logarithm: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    ordered = np.sort(logarithm, axis=1)
    edge = max(1, int(0.15 * ordered.shape[1]))
    return np.asarray(ordered[:, -edge:].mean(axis=1) - ordered[:, :edge].mean(axis=1))


def mean_and_deviation(values: npt.NDArray[np.floating]) -> Values:
    """Over the first axis, one after the other."""
    return np.concatenate([values.mean(axis=0), values.std(axis=0)]).astype(np.float64)


def _decibel(excerpt: Excerpt) -> npt.NDArray[np.float32]:
    return np.asarray(10 * np.log10(excerpt.bands + np.float32(1e-6)))


def _rank(below: npt.NDArray[np.float32], share: float) -> npt.NDArray[np.intp]:
    """The first bin up to which so much of the power lies."""
    return np.asarray(np.minimum((below < share).sum(axis=1), below.shape[1] - 1))


_FREQUENCIES = FREQUENCIES.astype(np.float32)
_PARTS = [slice(*np.searchsorted(FREQUENCIES, edges)) for edges in itertools.pairwise(_EDGES_HZ)]
_COSINES = (
    np.sqrt(2 / BANDS)
    * np.cos(np.pi / BANDS * (np.arange(BANDS)[:, np.newaxis] + 0.5) * np.arange(1, _COEFFICIENTS + 1))
).astype(np.float32)
