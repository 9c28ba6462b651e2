"""Gains that move: a straight line from one value to another, and the fade whose power is constant."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

QUARTER = math.pi / 2


class Ramp:
    """A value that goes to its target in a straight line, frame by frame."""

    def __init__(self, value: float) -> None:
        self._value = self._target = value
        self.left = 0
        """Frames until the target is reached."""

    @property
    def value(self) -> float:
        """Where it is now."""
        return self._value

    @property
    def target(self) -> float:
        """Where it goes, or rests."""
        return self._target

    def go(self, target: float, frames: int) -> None:
        """From here to `target` within `frames` (0: at once)."""
        self._target, self.left = target, frames
        if frames <= 0 or target == self._value:
            self._value, self.left = target, 0

    def take(self, frames: int) -> npt.NDArray[np.float64] | float:
        """The value at the next `frames` frames, (frames,); a single number while it rests."""
        if self.left == 0 or frames == 0:
            return self._value
        moving = min(frames, self.left)
        line = np.full(frames, self._target, np.float64)
        line[:moving] = self._value + (self._target - self._value) * (np.arange(1, moving + 1) / self.left)
        self.left -= moving
        self._value = self._target if self.left == 0 else float(line[moving - 1])
        return line


class Fade:
    """A gain that is the sine of an angle which goes in a straight line (0: silent, π/2: full).

    Of two fades of one length, one coming and one going, the squares add up to one at every frame: sin² + cos² = 1,
    so that two pieces that have nothing in common keep their power.
    """

    def __init__(self, *, silent: bool) -> None:
        self._angle = Ramp(0.0 if silent else QUARTER)

    @property
    def silent(self) -> bool:
        """Whether it has arrived at nothing."""
        return self._angle.left == 0 and self._angle.value == 0

    def rise(self, frames: int) -> None:
        """To full within `frames`."""
        self._angle.go(QUARTER, frames)

    def fall(self, frames: int) -> None:
        """To nothing within `frames`; a fall that would end sooner stays as it is."""
        if self._angle.target > 0 or self._angle.left > frames:
            self._angle.go(0.0, frames)

    def apply(self, samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """`samples` (n, 2) under the gain of the next n frames."""
        angle = self._angle.take(len(samples))
        if isinstance(angle, float):
            return samples if angle == QUARTER else samples * np.float32(math.sin(angle))
        return samples * np.sin(angle).astype(np.float32)[:, None]
