"""The exponential average over one face's readings."""

from __future__ import annotations

import math

import numpy as np

from mien_models.runner import Probabilities


class Smoothed:
    """The average of one face's seven probabilities; a reading that is τ seconds old weighs 1/e of a fresh one."""

    def __init__(self, time_constant_s: float) -> None:
        self.time_constant_s = time_constant_s
        """τ; may be set at any time."""
        self.value: Probabilities | None = None
        """(7,), summing to one; None before the first reading."""
        self.weight = 0.0
        """Of the face among others, as last given."""
        self.read_at = -math.inf

    def update(self, probabilities: Probabilities, at: float, weight: float = 1.0) -> None:
        """Take in a reading (7,) made at `at`. By elapsed time, not by count: dropped frames change nothing."""
        if self.value is None:
            self.value = probabilities.astype(np.float32)
        else:
            share = -math.expm1(-max(0.0, at - self.read_at) / self.time_constant_s)
            self.value = (self.value + np.float32(share) * (probabilities - self.value)).astype(np.float32)
        self.weight, self.read_at = weight, max(at, self.read_at)

    def weight_at(self, at: float) -> float:
        """The face's weight, fading with the age of its last reading: who looks away counts less and less."""
        return self.weight * math.exp(-max(0.0, at - self.read_at) / self.time_constant_s)
