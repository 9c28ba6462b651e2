"""Valence and arousal from features, in plain numpy: a Gaussian process over the songs that it was trained on.

Rasmussen and Williams 2006, "Gaussian Processes for Machine Learning", chapter 2: the mean is kernel ridge regression, the variance
grows from what the labels are worth to what is known without listening, the further a song is from all that was learned. A song is the
set of its excerpts: two songs are as near as their excerpts are on average (Gärtner and others 2002, "Multi-instance kernels").
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from statistics import NormalDist
from typing import Self

import numpy as np
import numpy.typing as npt

from mien_models.arrays import read_arrays
from mien_models.errors import ModelError
from mien_models.listening import Estimate, SongMood

Floats = npt.NDArray[np.floating]

FURTHEST = 3.0
"""What lies beyond all songs that were learned from counts as if it lay so many deviations from the middle."""
_STEPS = 127
"""Songs are kept as int8: a step is 3 / 127 of a deviation."""
LEVELS = 33
"""Quantiles that are kept of each feature, from its smallest value to its largest."""


@dataclass(frozen=True, slots=True, eq=False)
class Predictor:
    """What a trained model consists of: n songs of e excerpts, d features, r directions."""

    quantiles: npt.NDArray[np.float32]
    """(d, 33), of each feature over the excerpts of all songs."""
    weight: npt.NDArray[np.float32]
    """(d,): what each feature counts in a distance. The squares sum to 1, so that families count alike."""
    songs: npt.NDArray[np.int8]
    """(n, e, d), as `normal_scores`, in steps of 3 / 127."""
    reach: npt.NDArray[np.float32]
    """(): the squared distance at which an excerpt tells half as much as one that is the same."""
    answer: npt.NDArray[np.float32]
    """(n, 2): what each song adds to valence and arousal."""
    middle: npt.NDArray[np.float32]
    """(2,): valence and arousal where nothing is known."""
    noise: npt.NDArray[np.float32]
    """(2,): variance of the labels as a share of the variance of what is learned."""
    spread: npt.NDArray[np.float32]
    """(2,): deviation of what is learned, so that deviations come out as large as errors in validation were."""
    directions: npt.NDArray[np.float16]
    """(n, r): eigenvectors of the songs' kernel, and"""
    sizes: npt.NDArray[np.float32]
    """(r,): their eigenvalues, largest first; what is left out makes deviations a little too large."""

    def predict(self, features: Floats) -> tuple[Floats, Floats]:
        """Valence and arousal (songs, 2) and the deviations of both (songs, 2), from features (songs, excerpts, d)."""
        heard = normal_scores(features, self.quantiles) * self.weight
        reach = float(self.reach)
        near = kernel(heard, unpack(self.songs) * self.weight, reach)
        itself = np.array([closeness(song, song, reach).mean() for song in heard])
        told = np.square(near @ self.directions.astype(np.float64))
        known = told @ (1 / (self.sizes[:, np.newaxis].astype(np.float64) + self.noise))
        places = self.middle + near @ self.answer
        deviations = self.spread * np.sqrt(np.maximum(itself[:, np.newaxis] - known, 0) + self.noise)
        return np.clip(places, -1, 1), deviations

    def estimate(self, features: Floats) -> Estimate:
        """Of one song, (excerpts, d)."""
        (place,), (deviation,) = self.predict(features[np.newaxis])
        return Estimate(
            valence=float(place[0]),
            valence_sd=float(deviation[0]),
            arousal=float(place[1]),
            arousal_sd=float(deviation[1]),
        )

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a .npz.

        Raises:
            ModelError: it is no such file, or its arrays do not fit together.

        """
        arrays = read_arrays(
            path, lambda error: ModelError(f"{path}: damaged ({error}); copy the model directory again")
        )
        if set(arrays) != {field.name for field in fields(cls)}:
            raise ModelError(f"{path}: is no model that listens; copy the model directory again")
        predictor = cls(**arrays)
        if predictor.shapes() != predictor.expected_shapes():
            raise ModelError(f"{path}: the arrays do not fit together; copy the model directory again")
        return predictor

    def shapes(self) -> dict[str, tuple[int, ...]]:
        return {field.name: getattr(self, field.name).shape for field in fields(self)}

    def expected_shapes(self) -> dict[str, tuple[int, ...]]:
        """What the shapes must be, given those of `songs` and `sizes`."""
        if self.songs.ndim != 3 or self.sizes.ndim != 1:
            return {}
        (n, e, d), (r,) = self.songs.shape, self.sizes.shape
        known = {
            "songs": (n, e, d),
            "quantiles": (d, LEVELS),
            "weight": (d,),
            "answer": (n, 2),
            "directions": (n, r),
            "sizes": (r,),
        }
        return known | {"reach": (), "middle": (2,), "noise": (2,), "spread": (2,)}


def normal_scores(features: Floats, quantiles: Floats) -> npt.NDArray[np.float64]:
    """Features (…, d) by their rank among what was learned from, as places on a normal distribution: no outlier, no skew."""
    columns = [np.interp(features[..., at], known, _SCORES) for at, known in enumerate(quantiles)]
    return np.stack(columns, axis=-1)


def in_steps(scores: Floats) -> npt.NDArray[np.int8]:
    """What `Predictor.songs` holds."""
    return np.round(scores * (_STEPS / FURTHEST)).astype(np.int8)


def unpack(songs: npt.NDArray[np.int8]) -> npt.NDArray[np.float32]:
    """The way back."""
    return songs * np.float32(FURTHEST / _STEPS)


def kernel(left: Floats, right: Floats, reach: float) -> npt.NDArray[np.float64]:
    """How much songs (n, e, d) tell of songs (m, f, d), (n, m): means of `closeness` over their excerpts."""
    (n, e, d), (m, f, _) = left.shape, right.shape
    each = closeness(left.reshape(-1, d), right.reshape(-1, d), reach)
    return np.asarray(each.reshape(n, e, m, f).mean(axis=(1, 3)))


def closeness(left: Floats, right: Floats, reach: float) -> npt.NDArray[np.float64]:
    """How much excerpts (n, d) tell of excerpts (m, d), (n, m): rational quadratic with α = 1, 1 for the same excerpt."""
    a, b = left.astype(np.float64), right.astype(np.float64)
    squared = np.square(a).sum(axis=1)[:, np.newaxis] + np.square(b).sum(axis=1) - 2 * a @ b.T
    return np.asarray(1 / (1 + np.maximum(squared, 0) / reach))


_INNER = [NormalDist().inv_cdf(level / (LEVELS - 1)) for level in range(1, LEVELS - 1)]
_SCORES = np.array([-FURTHEST, *_INNER, FURTHEST])


def most_probable_mood(estimate: Estimate) -> SongMood:
    """The quarter of the plane in which the song most probably lies, valence and arousal taken as independent."""
    pleasant, lively = estimate.valence >= 0, estimate.arousal >= 0
    if pleasant:
        return SongMood.HAPPY if lively else SongMood.CALM
    return SongMood.TENSE if lively else SongMood.SAD
