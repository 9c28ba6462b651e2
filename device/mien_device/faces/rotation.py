"""Whether the camera hangs upside down or on its side: faces are then found, or found more surely, in a turned picture."""

from __future__ import annotations

import cv2
import numpy as np

from mien_device.faces import FaceFinder
from mien_models.preprocess import Box, Image

_TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
_UPRIGHT = 60.0
"""Degrees of roll up to which a face is upright; finders with landmarks see lying ones, too."""

_SURER = 0.05
"""By so much the score of a turned picture's face must be above that of the picture as it is."""


def upright_turn(finder: FaceFinder, image: Image) -> int | None:
    """Degrees clockwise by which a picture must be turned for its surest upright face; None if there is none any way.

    0 wherever none is clearly surer than the one as it is: tilted people are no reason to turn a camera. Finders take many an
    upside-down face for an upright one, so that one is found as it is says little.
    """
    turned = {turn: np.asarray(cv2.rotate(image, code), np.uint8) for turn, code in _TURNS.items()}
    scores = {0: _surest(finder.find(image)) + _SURER} | {turn: _surest(finder.find(p)) for turn, p in turned.items()}
    best = max(scores, key=lambda turn: scores[turn])
    return best if scores[best] > (0 if best else _SURER) else None


def _surest(boxes: list[Box]) -> float:
    return max((box.score for box in boxes if box.roll is None or abs(box.roll) <= _UPRIGHT), default=0.0)
