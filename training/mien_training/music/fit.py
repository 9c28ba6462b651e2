"""Fitting the model that listens: a kernel over families of features; its reach and its trust in the labels chosen inside the data."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from mien_models.listening.features import FAMILIES
from mien_models.listening.predictor import LEVELS, Predictor, closeness, in_steps, kernel, normal_scores, unpack
from mien_training.music.folds import by_artist

Floats = npt.NDArray[np.floating]
Names = npt.NDArray[np.str_]
Mask = npt.NDArray[np.bool_]

REACHES = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Tried inside the songs; the mean squared distance of two excerpts is 2."""
NOISES = (0.03, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.2)
"""Likewise, for valence and arousal apart."""
SHARES = MappingProxyType({"cepstrum": 3.0, "harmony": 3.0})
"""Families that count more in a distance than the others: the two that explain most alone."""
_FOLDS = 5
DIRECTIONS = 64


def family_weights() -> npt.NDArray[np.float32]:
    """(features,): families count as `SHARES` says, the features of one alike; the squares sum to 1."""
    shares = {name: SHARES.get(name, 1.0) for name in FAMILIES}
    whole = sum(shares.values())
    each = [np.full(count, (shares[name] / whole / count) ** 0.5) for name, (_, count) in FAMILIES.items()]
    return np.concatenate(each).astype(np.float32)


def fit(features: Floats, places: Floats, artists: Names, weight: Floats | None = None) -> Predictor:
    """A model of songs (n, excerpts, d) with places (n, 2).

    Reach, noise and the size of the deviations are those that fit best when artists are held back, in five folds.
    """
    weight = family_weights() if weight is None else weight.astype(np.float32)
    fold_of = by_artist(artists, _FOLDS, seed=0)
    splits = [_Split(features, places, weight, fold_of != fold) for fold in range(_FOLDS)]
    tried = [_Trial(reach, splits, places.var(axis=0)) for reach in REACHES]
    best = min(tried, key=lambda trial: trial.errors.min(axis=0).sum())
    predictor = _solve(features, places, weight, best.reach, best.noise)
    return replace(predictor, spread=best.spread)


class _Split:
    """Songs to learn from and songs held back, as far as they hang on nothing that is tried."""

    def __init__(self, features: Floats, places: Floats, weight: npt.NDArray[np.float32], learned: Mask) -> None:
        quantiles, songs, self.middle = _prepared(features[learned], places[learned])
        self.songs = unpack(songs) * weight
        self.heard = normal_scores(features[~learned], quantiles) * weight
        self.known = places[learned] - self.middle
        self.held = places[~learned]


class _Trial:
    """How well a reach does with each noise, over the splits."""

    def __init__(self, reach: float, splits: list[_Split], shares: Floats) -> None:
        """`shares` (2,) are the variances of valence and arousal."""
        self.reach = reach
        residuals, variances = [], []
        for split in splits:
            near = kernel(split.heard, split.songs, reach)
            itself = np.array([closeness(song, song, reach).mean() for song in split.heard])[:, np.newaxis]
            sizes, vectors = np.linalg.eigh(kernel(split.songs, split.songs, reach))
            told, known = near @ vectors, vectors.T @ split.known
            inverse = 1 / (np.maximum(sizes, 0)[:, np.newaxis] + np.array(NOISES))  # (n, noises)
            predicted = np.einsum("hn,nk,na->hka", told, inverse, known) + split.middle
            residuals.append(predicted - split.held[:, np.newaxis])
            variances.append(np.maximum(itself - np.square(told) @ inverse, 0) + np.array(NOISES))
        residual, variance = np.concatenate(residuals), np.concatenate(variances)[:, :, np.newaxis]
        self.errors: Floats = np.square(residual).mean(axis=0) / shares
        """Mean squared error as a share of the variance, (noises, 2)."""
        chosen = self.errors.argmin(axis=0)
        self.noise = np.array(NOISES)[chosen]
        standard = np.square(residual) / variance
        self.spread = np.sqrt(standard.mean(axis=0)[chosen, [0, 1]]).astype(np.float32)


def _prepared(
    features: Floats, places: Floats
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """A predictor's `quantiles`, `songs` and `middle`."""
    excerpts = features.reshape(-1, features.shape[-1])
    quantiles = np.quantile(excerpts, np.linspace(0, 1, LEVELS), axis=0).T
    songs = in_steps(normal_scores(features, quantiles))
    return quantiles.astype(np.float32), songs, places.mean(axis=0).astype(np.float32)


def _solve(features: Floats, places: Floats, weight: npt.NDArray[np.float32], reach: float, noise: Floats) -> Predictor:
    quantiles, songs, middle = _prepared(features, places)
    weighted = unpack(songs) * weight
    near = kernel(weighted, weighted, reach)
    known = places - places.mean(axis=0)
    answers = [np.linalg.solve(near + level * np.eye(len(near)), known[:, axis]) for axis, level in enumerate(noise)]
    sizes, vectors = np.linalg.eigh(near)
    return Predictor(
        quantiles=quantiles,
        weight=weight,
        songs=songs,
        reach=np.array(reach, np.float32),
        answer=np.stack(answers, axis=1).astype(np.float32),
        middle=middle,
        noise=noise.astype(np.float32),
        spread=np.ones(2, np.float32),
        directions=vectors[:, ::-1][:, :DIRECTIONS].astype(np.float16),
        sizes=sizes[::-1][:DIRECTIONS].astype(np.float32),
    )
