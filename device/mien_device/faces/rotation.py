"""Whether the camera hangs upside down or on its side: faces are then found only in a turned picture."""

from __future__ import annotations

import cv2

from mien_device.faces import FaceFinder
from mien_models.preprocess import Box, Image

_TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
_UPRIGHT = 60.0
"""Degrees of roll up to which a face is upright; finders with landmarks see lying ones, too."""


def upright_turn(finder: FaceFinder, image: Image) -> int | None:
    """Degrees clockwise by which a picture must be turned for its surest upright face; None if there is none any way.

    0 wherever there is one as it is: tilted people are no reason to turn a camera.
    """
    if _surest(finder.find(image)) > 0:
        return 0
    scores = {turn: _surest(finder.find(cv2.rotate(image, code))) for turn, code in _TURNS.items()}  # type: ignore[arg-type]
    best = max(scores, key=lambda turn: scores[turn])
    return best if scores[best] > 0 else None


def _surest(boxes: list[Box]) -> float:
    return max((box.score for box in boxes if box.roll is None or abs(box.roll) <= _UPRIGHT), default=0.0)
