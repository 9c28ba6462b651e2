"""Pictures as drivers give them, and as the rest of mien takes them."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from mien_models.errors import CameraError
from mien_models.preprocess import Image

_TO_COLOUR = {1: cv2.COLOR_GRAY2BGR, 4: cv2.COLOR_BGRA2BGR}
"""By the number of channels: infrared cameras give one, some give a fourth that says how opaque a pixel is."""


def as_colour(image: Any, name: str) -> Image:
    """A picture (h, w[, 1, 3 or 4]) of the camera `name` as blue, green, red (h, w, 3) uint8.

    Raises:
        CameraError: it is none, or one of another kind.

    """
    shape = np.shape(image)
    channels = 1 if len(shape) == 2 else shape[2] if len(shape) == 3 else 0
    if channels == 3 and image.dtype == np.uint8 and image.size:
        return image  # type: ignore[no-any-return]
    if channels not in _TO_COLOUR or image.dtype != np.uint8 or not image.size:
        kind = f"shape {shape}, {getattr(image, 'dtype', type(image).__name__)}"
        raise CameraError(f"{name} gives pictures that mien does not know ({kind}); use another camera or driver")
    return np.asarray(cv2.cvtColor(image, _TO_COLOUR[channels]), np.uint8)
