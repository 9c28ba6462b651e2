"""Which faces can be read at all: for the others no reading is the right answer, a label would be a guess."""

from __future__ import annotations

import math
from enum import StrEnum

import cv2

from mien_models.preprocess import Box, Image

LEAST_INSIDE = 0.75
"""Share of a face's box that must lie in the picture."""
LEAST_EYE_DISTANCE = 0.2
"""Distance of the eyes in widths of the box, below which a face is seen from the side."""
LEAST_CONTRAST = 3.0
"""Standard deviation of a crop's grey levels, of 256: below, the sensor's noise is most of what is seen. Faces of the
development footage have 26 and more, at 15 per cent of their light 4, at 5 per cent 2."""
LEAST_DETAIL = 0.04
"""Variance of the second derivative (Laplacian) of a crop over that of its grey levels: below, it is smeared. 98 in 100 faces
of that footage have .18 and more, blurred by a tenth of their height all have less than .02."""


class Trouble(StrEnum):
    """Why a face is not read."""

    SMALL = "too small"
    CUT = "cut off"
    PROFILE = "from the side"
    DARK = "too dark"
    BLURRED = "blurred"


def trouble_with_box(box: Box, image: Image, min_height: float) -> Trouble | None:
    """What is wrong with where a face lies in a picture."""
    height, width = image.shape[:2]
    wide = min(box.x + box.width, width) - max(box.x, 0)
    high = min(box.y + box.height, height) - max(box.y, 0)
    if box.height < min_height:
        return Trouble.SMALL
    if max(0.0, wide) * max(0.0, high) < LEAST_INSIDE * box.width * box.height:
        return Trouble.CUT
    if box.landmarks and math.dist(*box.landmarks[:2]) < LEAST_EYE_DISTANCE * box.width:
        return Trouble.PROFILE
    return None


def trouble_with_face(face: Image) -> Trouble | None:
    """What is wrong with a grey crop (48, 48)."""
    contrast = float(face.std())
    if contrast < LEAST_CONTRAST:
        return Trouble.DARK
    detail = float(cv2.Laplacian(face, cv2.CV_32F).var()) / contrast**2
    return Trouble.BLURRED if detail < LEAST_DETAIL else None
