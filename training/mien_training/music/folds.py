"""Splits in which no artist is on both sides."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def by_artist(artists: npt.NDArray[np.str_], folds: int, seed: int) -> npt.NDArray[np.intp]:
    """The fold of each song, (songs,), 0 … folds - 1: artists in random order, each into the fold that is smallest so far."""
    names, counts = np.unique(artists, return_counts=True)
    sizes = np.zeros(folds, int)
    fold_of: dict[str, int] = {}
    for place in np.random.default_rng(seed).permutation(len(names)):
        fold = int(sizes.argmin())
        fold_of[str(names[place])] = fold
        sizes[fold] += counts[place]
    return np.array([fold_of[str(artist)] for artist in artists])
