"""From a picture and a face box to the pixels that the network reads. The only definition, used by training as well."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
"""A picture: (height, width) grey or (height, width, 3) blue-green-red, uint8."""

FACE_SIZE = 48
"""Side of the network's input in pixels, as in FER2013."""


@dataclass(frozen=True, slots=True)
class Box:
    """A face in pixels of its picture: top left corner, width, height (hairline to chin), and the finder's score.

    The box may reach beyond the picture where the face is cut.
    """

    x: float
    y: float
    width: float
    height: float
    score: float = 1.0
    landmarks: tuple[tuple[float, float], ...] = ()
    """Right eye, left eye, nose tip, right and left corner of the mouth, as the person has them; () where unknown."""

    @property
    def centre(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2

    @property
    def roll(self) -> float | None:
        """Degrees by which the face is turned in the picture, clockwise, in (-180, 180]; None without landmarks.

        From the middle of the eyes to that of the mouth: steadier than the line between the eyes when the head turns.
        """
        if not self.landmarks:
            return None
        right_eye, left_eye, _, right_mouth, left_mouth = self.landmarks
        right = (right_mouth[0] + left_mouth[0] - right_eye[0] - left_eye[0]) / 2
        down = (right_mouth[1] + left_mouth[1] - right_eye[1] - left_eye[1]) / 2
        return math.degrees(math.atan2(-right, down))

    def iou(self, other: Box) -> float:
        """Intersection over union with `other`, in [0, 1]."""
        wide = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        high = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        if wide <= 0 or high <= 0:
            return 0.0
        shared = wide * high
        return shared / (self.width * self.height + other.width * other.height - shared)


_DARK, _WANTED_MEAN, _LARGEST_GAIN = 60.0, 110.0, 6.0
"""Pictures with a mean below are brightened: arithmetic in eight bits loses what differs by a few grey levels only."""

_TILE, _STEEPEST = 20, 6.0
"""Pixels; and how many times steeper than in the picture as it is a tile's grey levels may become, or noise would."""

TILTED = 15.0
"""Degrees of roll from which a face is turned upright before it is read; FER2013's own faces are tilted up to there."""


def grey(image: Image) -> Image:
    """The picture (h, w[, 3]) as grey (h, w)."""
    return image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)  # type: ignore[return-value]


def brighten(image: Image) -> Image:
    """A dark grey picture with its mean brought up to the middle; any other unchanged."""
    mean = float(image.mean())
    if mean >= _DARK:
        return image
    gain = min(_LARGEST_GAIN, _WANTED_MEAN / max(mean, 1.0))
    return np.asarray(cv2.convertScaleAbs(image, alpha=gain), np.uint8)


def even_light(image: Image) -> Image:
    """A grey picture (h, w) with the contrast of each of its parts raised, so that a half in the shade shows as much as the
    other (contrast limited adaptive histogram equalisation, Zuiderveld 1994).
    """
    height, width = image.shape
    tiles = max(1, width // _TILE), max(1, height // _TILE)
    return np.asarray(cv2.createCLAHE(_STEEPEST, tiles).apply(np.ascontiguousarray(image)), np.uint8)


def crop_face(image: Image, box: Box, size: int = FACE_SIZE) -> Image:
    """Cut a face out as the network wants it: grey uint8 (size, size).

    The rule reproduces the crops of FER2013: a square with the height of the box as its side and the same centre;
    where it reaches beyond the picture the border pixels are repeated; shrunk by area. A face whose landmarks say that it
    is tilted by more than `TILTED` is turned upright about its centre.
    """
    height, width = image.shape[:2]
    if box.x >= width or box.y >= height or box.x + box.width <= 0 or box.y + box.height <= 0:
        raise ValueError(f"box {box} lies outside the {width}x{height} picture")
    centre_x, centre_y = box.centre
    side = max(1, round(box.height))
    roll = box.roll
    if roll is not None and abs(roll) > TILTED:
        return resize_face(_upright(image, box, side, roll), size)
    left, top = math.floor(centre_x - side / 2 + 0.5), math.floor(centre_y - side / 2 + 0.5)
    # Positions outside become the nearest inside. They come in order, so the first and last bound what is needed.
    rows = np.clip(np.arange(top, top + side), 0, height - 1)
    columns = np.clip(np.arange(left, left + side), 0, width - 1)
    patch = grey(image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    if patch.shape != (side, side):
        patch = patch[np.ix_(rows - rows[0], columns - columns[0])]
    return resize_face(patch, size)


def _upright(image: Image, box: Box, side: int, roll: float) -> Image:
    """The square (side, side) about the box's centre, turned back by `roll` degrees, grey."""
    # Only the surroundings that a turned square can reach: the picture may be much larger than the face.
    reach = math.ceil(side * math.sqrt(0.5)) + 1
    height, width = image.shape[:2]
    left, top = max(0, math.floor(box.centre[0]) - reach), max(0, math.floor(box.centre[1]) - reach)
    right, bottom = min(width, left + 2 * reach + 1), min(height, top + 2 * reach + 1)
    part = grey(image[top:bottom, left:right])
    middle = box.centre[0] - 0.5 - left, box.centre[1] - 0.5 - top  # OpenCV counts from the middle of the first pixel
    matrix = np.asarray(cv2.getRotationMatrix2D(middle, roll, 1.0))
    matrix[:, 2] = matrix[:, 2] + (side - 1) / 2 - np.array(middle)
    turned = cv2.warpAffine(part, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(turned, np.uint8)


def resize_face(patch: Image, size: int = FACE_SIZE) -> Image:
    """A grey face (h, w) at the network's size (size, size): by area when it shrinks, bilinear when it grows."""
    if patch.shape == (size, size):
        return patch
    method = cv2.INTER_AREA if min(patch.shape) >= size else cv2.INTER_LINEAR
    return cv2.resize(patch, (size, size), interpolation=method)  # type: ignore[return-value]
