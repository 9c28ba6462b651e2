"""The viewers' state from the mood's probabilities: slow, with its uncertainty, and kept for a while when they are gone."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from mien_device.listeners import UNKNOWN, Listener
from mien_models.labels import AFFECT, Emotion

TIME_CONSTANT_S = 30.0
"""A reading that is so old weighs 1/e of a fresh one. Music is chosen for minutes, not for a smile."""
FORGET_S = 600.0
"""Who comes after so long with nobody there is somebody else, as far as anyone can tell."""
FELT_SD = 0.25
"""A face is weak evidence of a feeling: so unsure stays what even a perfect reading of it says of valence and arousal."""
SAID_SD = 0.1
"""Somebody's own word is surer than any face; a word is still no point."""

_PLACES = np.array([AFFECT[emotion] for emotion in Emotion])


class Viewer:
    """Averages readings over time.

    Where several people are in view the probabilities are those of all of them together; people who disagree make the
    spread of the mixture, and with it the state's uncertainty, large, so that the music is chosen with less insistence.
    """

    def __init__(self, time_constant_s: float = TIME_CONSTANT_S) -> None:
        self._time_constant_s = time_constant_s
        self._first = self._last = -math.inf
        self._mean = np.zeros(2)
        self._square = np.zeros(2)
        """Mean of the squares: spread within a reading and between readings alike."""
        self._faces = 0
        self._word: dict[Emotion, float] | None = None
        """What somebody says that they feel; None while nobody does."""

    def see(self, probabilities: Mapping[Emotion, float], faces: int, at: float, *, said: bool = False) -> None:
        """Take in a reading made at `at`; empty `probabilities`: nobody could be read. `said`: it is somebody's own word.

        A word counts at once, and is gone at once when it is taken back: it is not averaged with faces, nor with another word.
        """
        self._faces = faces
        word = dict(probabilities) if said else None
        if word != self._word:
            self._word, self._last = word, -math.inf
        if not probabilities:
            return
        shares = np.array([max(0.0, probabilities.get(emotion, 0.0)) for emotion in Emotion])
        if not shares.sum() > 0:
            return
        shares /= shares.sum()
        mean, square = shares @ _PLACES, shares @ _PLACES**2
        if at - self._last > FORGET_S:
            self._first = at
            self._mean, self._square = mean, square
        else:
            # A young average is the plain mean since its beginning: the first glimpse must not count for a minute.
            elapsed = max(0.0, at - self._last)
            age = max(at - self._first, 1e-3)
            share = max(-math.expm1(-elapsed / self._time_constant_s), elapsed / age)
            self._mean = self._mean + share * (mean - self._mean)
            self._square = self._square + share * (square - self._square)
        self._last = max(at, self._last)

    def at(self, at: float) -> Listener:
        """The state: that of the last people seen, until they are forgotten."""
        if at - self._last > FORGET_S:
            return UNKNOWN
        felt_sd = FELT_SD if self._word is None else SAID_SD
        spread = np.sqrt(np.maximum(self._square - self._mean**2, 0.0) + felt_sd**2)
        return Listener(
            float(self._mean[0]),
            float(spread[0]),
            float(self._mean[1]),
            float(spread[1]),
            faces=self._faces,
            said=self._word is not None,
        )
