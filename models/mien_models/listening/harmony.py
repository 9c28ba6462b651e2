"""What an excerpt's notes are like: mode, clarity of the key, how fast the harmony moves, how much is tone at all."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mien_models.listening.excerpts import FRAMES_A_SECOND, Excerpt
from mien_models.listening.key import chroma, key_strengths, tonal_share
from mien_models.listening.timbre import Values

_GROUP = 12
"""Frames that are looked at together: a quarter of a second, about the shortest chord."""
_PASSAGE = int(5 * FRAMES_A_SECOND / _GROUP)
"""Groups in five seconds, for which a key is looked for apart."""


def harmony(excerpt: Excerpt) -> Values:
    """Major against minor, whole and by passages; movement of the harmony; spread of the pitch classes; share of tones, (17,)."""
    groups = _groups(chroma(excerpt))
    unit = groups / (np.linalg.norm(groups, axis=1, keepdims=True) + 1e-9)
    whole = _shares(groups.sum(axis=0))
    major, minor = key_strengths(whole).max(axis=1)
    passages = np.array([key_strengths(part.sum(axis=0)).max(axis=1) for part in _passages(groups)])
    modes = passages[:, 0] - passages[:, 1]
    change = 1 - (unit[1:] * unit[:-1]).sum(axis=1)
    place = _shares(groups) @ _TONNETZ
    tones = tonal_share(excerpt)
    return np.array(
        [
            *(major, minor, major - minor),
            *passages.mean(axis=0),
            *(modes.mean(), modes.std()),
            *(change.mean(), change.std()),
            _entropy(whole),
            _entropy(np.square(unit)).mean(),
            *(tones.mean(), tones.std()),
            *place.std(axis=0).reshape(3, 2).mean(axis=1),
            np.linalg.norm(np.diff(place, axis=0), axis=1).mean(),
        ]
    )


def scale(excerpt: Excerpt) -> Values:
    """Shares of the pitch classes from the tonic upwards, and how often each interval sounds at once, (18,)."""
    groups = _groups(chroma(excerpt))
    unit = groups / (np.linalg.norm(groups, axis=1, keepdims=True) + 1e-9)
    whole = _shares(groups.sum(axis=0))
    tonic = int(key_strengths(whole).max(axis=0).argmax())
    intervals = [(unit * np.roll(unit, step, axis=1)).sum(axis=1).mean() for step in range(1, 7)]
    return np.concatenate([np.roll(whole, -tonic), intervals])


def _groups(classes: npt.NDArray[np.float32]) -> Values:
    """Pitch classes (frames, 12) of each quarter of a second, at least two."""
    whole = classes[: len(classes) // _GROUP * _GROUP]
    if len(whole) < 2 * _GROUP:
        return np.asarray(np.repeat(classes.sum(axis=0, keepdims=True), 2, axis=0), np.float64)
    return np.asarray(whole.reshape(-1, _GROUP, 12).sum(axis=1), np.float64)


def _passages(groups: Values) -> list[Values]:
    starts = range(0, len(groups) - _PASSAGE + 1, _PASSAGE)
    return [groups[start : start + _PASSAGE] for start in starts] or [groups]


def _shares(values: Values) -> Values:
    return np.asarray(values / (values.sum(axis=-1, keepdims=True) + 1e-9))


def _entropy(shares: Values) -> Values:
    return np.asarray(-(shares * np.log(shares + 1e-9)).sum(axis=-1))


def _tonnetz() -> Values:
    """(12, 6): pitch classes on the circles of fifths, minor and major thirds (Harte, Sandler, Gasser 2006)."""
    turns = np.arange(12)[:, np.newaxis] * np.pi * np.array([7 / 6, 3 / 2, 2 / 3])
    circles = np.stack([np.sin(turns), np.cos(turns)], axis=2) * np.array([1, 1, 0.5])[:, np.newaxis]
    return np.asarray(circles.reshape(12, 6))


_TONNETZ = _tonnetz()
