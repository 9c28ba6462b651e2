"""Where the music of a recording begins and ends."""

from __future__ import annotations

import numpy as np

from mien_models.listening.sound import Samples

_BELOW_MUSIC_DB = 50.0
"""What lies so far below the loudness of the music is not heard beside it: hiss, the last of a reverberation."""
_FLOOR_DBFS = -85.0
"""Dither and hum: never music, however quiet the rest is."""


class CueFinder:
    """Keeps how loud every hundredth of a second is: 1.4 MB an hour."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._frame = max(1, round(rate / 100))
        self._left = np.zeros(0, np.float32)
        self._powers: list[Samples] = []

    def add(self, block: Samples) -> None:
        """Hear the next samples, (samples, channels)."""
        squares = np.square(block)
        power = np.concatenate([self._left, np.maximum(squares[:, 0], squares[:, -1])])
        whole = len(power) // self._frame * self._frame
        self._powers.append(power[:whole].reshape(-1, self._frame).mean(axis=1))
        self._left = power[whole:]

    def find(self, loudness_lufs: float) -> tuple[float, float]:
        """Seconds at which the music of this integrated loudness begins and ends.

        What is silent throughout has no beginning: all of it counts.
        """
        last = [np.atleast_1d(self._left.mean())] if len(self._left) else []
        powers = np.concatenate([*self._powers, *last])
        threshold = max(loudness_lufs - _BELOW_MUSIC_DB, _FLOOR_DBFS)
        heard = np.flatnonzero(powers > 10 ** (threshold / 10))
        whole = sum(map(len, self._powers)) * self._frame + len(self._left)
        if not len(heard):
            return 0.0, whole / self._rate
        return int(heard[0]) * self._frame / self._rate, min(whole, (int(heard[-1]) + 1) * self._frame) / self._rate
