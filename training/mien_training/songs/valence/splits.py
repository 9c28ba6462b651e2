"""Ways to part clips into those to learn from and those to ask."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]
Split = tuple[Rows, Rows]
"""Rows to learn from, rows to ask."""

ASKED = 0.05


def by_clip(count: int, seed: int) -> Split:
    """One clip in twenty drawn, as the earlier system did."""
    order = np.random.default_rng(seed).permutation(count)
    asked = max(1, round(ASKED * count))
    return np.sort(order[asked:]), np.sort(order[:asked])


def by_artist(artists: Rows, seed: int) -> Split:
    """Artists drawn until they have one clip in twenty; all of theirs are asked, none learned from."""
    wanted = max(1, round(ASKED * len(artists)))
    drawn = np.zeros(len(artists), bool)
    for artist in np.random.default_rng(seed).permutation(np.unique(artists)):
        drawn |= artists == artist
        if drawn.sum() >= wanted:
            break
    return np.flatnonzero(~drawn), np.flatnonzero(drawn)


def folds_by_artist(artists: Rows, count: int, seed: int) -> list[Split]:
    """So many folds of about equal size that ask each clip once and part no artist."""
    from sklearn.model_selection import GroupKFold

    return list(GroupKFold(count, shuffle=True, random_state=seed).split(artists, groups=artists))
