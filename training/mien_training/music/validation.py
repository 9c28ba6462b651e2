"""How good a model that listens is: on artists that it has not heard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from mien_models.listening.predictor import Predictor
from mien_models.validation import Strict

Floats = npt.NDArray[np.floating]

_WITHIN_90 = 1.6449
"""Deviations around the mean that hold nine tenths of a normal distribution."""


class AxisScores(Strict):
    """Figures of one axis."""

    r2: float
    """Share of the variance that is explained: 0 is what the mean of the songs would reach."""
    ccc: float
    """Concordance correlation (Lin 1989): 1 only where all predictions are the truth."""
    rmse: float
    baseline_rmse: float
    """Of the mean of the songs that the model learned from."""
    mean_sd: float
    """Mean of the deviations that the model states."""
    within_sd: float
    """Share of songs no further off than that: .68 where the deviations are honest and normal."""
    within_90: float
    """Share inside the interval that is to hold nine in ten."""
    r2_by_genre: dict[str, float]
    """Within each genre, against that genre's own mean."""


class Scores(Strict):
    """Figures of both axes, on so many songs."""

    n: int
    valence: AxisScores
    arousal: AxisScores


class Validation(Strict):
    """What `mien-train music` found out."""

    data: str
    songs: int
    artists: int
    folds: tuple[Scores, ...]
    """Five folds by artist, dealt out anew for each of these."""
    unheard_genre: Scores
    """Each genre judged by a model of the others."""
    agreement_valence: float
    agreement_arousal: float
    """How well halves of the listeners agree: the most that could be explained."""
    deam: Scores | None
    """The same learner on DEAM's own features, published split."""
    deam_dealt: tuple[Scores, ...] = ()
    """And with the songs of that split dealt out at random, as many to either side."""

    def mean(self, axis: str, figure: str) -> float:
        return float(np.mean([getattr(getattr(scores, axis), figure) for scores in self.folds]))


def score(truth: Floats, places: Floats, deviations: Floats, baseline: Floats, genres: npt.NDArray[np.str_]) -> Scores:
    """Judge places (songs, 2) with their deviations (songs, 2); `baseline` is (2,) or (songs, 2)."""
    mean = np.broadcast_to(baseline, truth.shape)
    axes = [
        _score(truth[:, axis], places[:, axis], deviations[:, axis], mean[:, axis], genres)
        for axis in range(truth.shape[1])
    ]
    return Scores(n=len(truth), valence=axes[0], arousal=axes[1])


def r2(truth: Floats, places: Floats) -> float:
    """Share of the variance explained; 0 where there is none to explain."""
    variance = float(np.square(truth - truth.mean()).sum())
    return 1 - float(np.square(truth - places).sum()) / variance if variance else 0.0


def concordance(truth: Floats, places: Floats) -> float:
    """Lin's concordance correlation coefficient of two arrays (n,) (Biometrics 45, 1989); 1 if both are the same constant."""
    truth, places = truth.astype(np.float64), places.astype(np.float64)
    apart = truth.var() + places.var() + (truth.mean() - places.mean()) ** 2
    return float(2 * ((truth - truth.mean()) * (places - places.mean())).mean() / apart) if apart else 1.0


def _score(truth: Floats, places: Floats, deviations: Floats, mean: Floats, genres: npt.NDArray[np.str_]) -> AxisScores:
    error = np.abs(truth - places)
    by_genre = {str(genre): (truth[genres == genre], places[genres == genre]) for genre in np.unique(genres)}
    return AxisScores(
        r2=r2(truth, places),
        ccc=concordance(truth, places),
        rmse=_root_mean_square(truth - places),
        baseline_rmse=_root_mean_square(truth - mean),
        mean_sd=float(deviations.mean()),
        within_sd=float((error <= deviations).mean()),
        within_90=float((error <= _WITHIN_90 * deviations).mean()),
        r2_by_genre={genre: r2(*pair) for genre, pair in by_genre.items()},
    )


def _root_mean_square(values: Floats) -> float:
    return float(np.sqrt(np.square(values).mean()))


class Held:
    """What models said of songs that they had not heard, a fold after the other."""

    def __init__(
        self,
        features: Floats,
        places: Floats,
        artists: npt.NDArray[np.str_],
        fit: Callable[[Floats, Floats, npt.NDArray[np.str_]], Predictor],
        fold_of: npt.NDArray[Any],
    ) -> None:
        """`features` are (songs, excerpts, d), `fold_of` is (songs,): the songs of each fold are judged by a model of all others."""
        self.places, self.deviations, self.baseline = (np.zeros_like(places) for _ in range(3))
        for fold in np.unique(fold_of):
            learned, held = fold_of != fold, fold_of == fold
            model = fit(features[learned], places[learned], artists[learned])
            self.places[held], self.deviations[held] = model.predict(features[held])
            self.baseline[held] = places[learned].mean(axis=0)
