"""Whether a camera's pictures are those of a living camera."""

from __future__ import annotations

import numpy as np

from mien_models.errors import CameraError
from mien_models.preprocess import Image

PLAIN = 4
"""A picture whose values (0…255) differ by no more shows nothing: a sensor's own noise is more than that."""
_STEP = 8
"""So many pixels apart are looked at."""


def is_plain(image: Image) -> bool:
    """Whether the picture (height, width, 3) is of one colour: a covered lens, pitch darkness, or a camera that sees nothing."""
    sample = image[::_STEP, ::_STEP]
    return int(sample.max()) - int(sample.min()) <= PLAIN


class Liveliness:
    """Some drivers give the last picture of an unplugged camera for ever; the noise of a living one never rests."""

    def __init__(self, name: str, timeout_s: float) -> None:
        self._name = name
        self._timeout_s = timeout_s
        self._previous: Image | None = None
        self._changed_at = 0.0

    def check(self, image: Image, at: float) -> None:
        """Look at the next picture, taken at this monotonic second.

        Raises:
            CameraError: the same one has come for too long. In the dark that is no fault.

        """
        if self._previous is None or not np.array_equal(image, self._previous) or is_plain(image):
            self._previous, self._changed_at = image, at
        elif at - self._changed_at > self._timeout_s:
            raise CameraError(f"{self._name} repeats one picture since {at - self._changed_at:.1f} s; plug it in again")
