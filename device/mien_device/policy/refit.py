"""Learning from the user's corrections: an offset on top of the model's answers, kept only where it helps unseen songs.

A ridge regression from a song's features to what the user's word differs from the model's (Hoerl and Kennard 1970): the last
layer of the model, moved towards one user. It takes milliseconds and nothing leaves the device.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

FEWEST = 8
"""Corrections. With fewer nothing can be held out to judge by."""
FOLDS = 10
STIFFNESS = (1.0, 3.0, 10.0, 30.0, 100.0)
"""Ridge penalties that are tried, as multiples of the number of features."""


@dataclass(frozen=True, slots=True)
class Offset:
    """What to add to the model's valence and arousal, by a song's features."""

    mean: Floats
    """(d,) of the features over the library."""
    scale: Floats
    """(d,), their standard deviations."""
    weights: Floats
    """(d + 1, 2): the last row is added for every song. Zeros for an axis that the model alone does better."""

    def apply(self, features: npt.ArrayLike, heard: npt.ArrayLike) -> Floats:
        """The model's answers `heard` (n, 2) moved by the offset of each song's `features` (n, d), within −1…1."""
        moved: Floats = np.clip(
            np.asarray(heard, float) + _design(features, self.mean, self.scale) @ self.weights, -1, 1
        )
        return moved


def refit(
    library: npt.ArrayLike, features: npt.ArrayLike, heard: npt.ArrayLike, said: npt.ArrayLike, artists: list[str]
) -> Offset | None:
    """The offset that brings the model's answers nearer to the user's, or None where none does.

    Each axis is judged by itself: corrections of whole artists are held out in turn, and an offset counts only if its
    squared error on them is lower than the model's by more than one standard error.

    Args:
        library: (n, d), the features of all songs, for their scale.
        features: (m, d), those of the corrected songs.
        heard: (m, 2), valence and arousal by the model.
        said: (m, 2), by the user.
        artists: (m,), whom the songs are by; songs of one are never on both sides.

    """
    library, features = np.asarray(library, float), np.asarray(features, float)
    wrong = np.asarray(said, float) - np.asarray(heard, float)
    groups = _groups(artists)
    if len(wrong) < FEWEST or groups.max(initial=0) < 1:
        return None
    mean, scale = library.mean(axis=0), library.std(axis=0)
    scale = np.where(scale > 1e-9, scale, 1.0)
    design = _design(features, mean, scale)
    weights = np.zeros((design.shape[1], 2))
    for axis in range(2):
        held_out = {stiffness: _held_out(design, wrong[:, axis], groups, stiffness) for stiffness in STIFFNESS}
        best = min(held_out, key=lambda stiffness: float(held_out[stiffness].mean()))
        gain = wrong[:, axis] ** 2 - held_out[best]
        if gain.mean() > gain.std(ddof=1) / np.sqrt(len(gain)):
            weights[:, axis] = _ridge(design, wrong[:, axis], best)
    return Offset(mean, scale, weights) if weights.any() else None


def _design(features: npt.ArrayLike, mean: Floats, scale: Floats) -> Floats:
    scaled = (np.asarray(features, float) - mean) / scale
    # A feature beyond anything in the library must not throw a song across the plane.
    return np.hstack([np.clip(scaled, -4, 4), np.ones((len(scaled), 1))])


def _groups(artists: list[str]) -> npt.NDArray[np.int64]:
    """(m,): in which of at most `FOLDS` turns each is held out; whole artists, those of nobody one by one."""
    names = [artist.casefold() or f"\0{number}" for number, artist in enumerate(artists)]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.array([numbers[name] % FOLDS for name in names], np.int64)


def _held_out(design: Floats, wrong: Floats, groups: npt.NDArray[np.int64], stiffness: float) -> Floats:
    """(m,): squared errors, each of a fit that has not seen the song's group."""
    errors = np.zeros(len(wrong))
    for group in np.unique(groups):
        out = groups == group
        errors[out] = (wrong[out] - design[out] @ _ridge(design[~out], wrong[~out], stiffness)) ** 2
    return errors


def _ridge(design: Floats, wrong: Floats, stiffness: float) -> Floats:
    """Weights (d + 1,), by the dual form: there are fewer corrections than features."""
    penalty = stiffness * design.shape[1]
    solution = np.linalg.solve(design @ design.T + penalty * np.eye(len(design)), wrong)
    weights: Floats = design.T @ solution
    return weights
