"""A scene in the making: pictures laid into each other, and the faces that are seen then."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from mien_models.preprocess import Image
from mien_training.faces.geometry import Matrix, joined, moved_faces
from mien_training.faces.masks import MASKS
from mien_training.faces.material import Faces, Picture

SMALLEST = 8.0
"""Height in pixels of the network's input of the smallest face."""
_LEAST_SEEN = 0.55
"""A face of which less lies in the picture is ignored."""


class Canvas:
    """A scene in the making."""

    def __init__(self, height: int, width: int) -> None:
        self.height, self.width = height, width
        self.pixels: Image = np.zeros((height, width), np.uint8)
        self.faces: list[Faces] = []
        self.ignored: list[Faces] = []

    def fill(self, picture: Picture, matrix: Matrix) -> None:
        """Make the picture the background."""
        source, moved = _at_scale(picture, matrix)
        size = self.width, self.height
        self.pixels = np.asarray(
            cv2.warpAffine(source, moved, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8
        )
        self._take_in(picture, matrix, np.ones((self.height, self.width), np.float32), 0, 0)

    def paste(
        self, picture: Picture, matrix: Matrix, centre: npt.ArrayLike, size: npt.ArrayLike, rng: np.random.Generator
    ) -> None:
        """Lay in what surrounds a box of the picture, cut out along one of `MASKS`, unless it would half hide a face."""
        mask = MASKS[rng.integers(len(MASKS))]
        reach = np.asarray(size) * rng.uniform(1.15, 2.4)  # of the surroundings, in the picture's pixels
        cut = _mask_matrix(mask.shape[0], np.asarray(centre), reach)
        onto = joined(matrix, cut)
        corners = cv2.transform(np.array([[[0, 0], [1, 0], [0, 1], [1, 1]]], np.float64) * mask.shape[0], onto)[0]
        left, top = np.maximum(np.floor(corners.min(axis=0)), 0).astype(int)
        right, bottom = np.minimum(np.ceil(corners.max(axis=0)) + 1, (self.width, self.height)).astype(int)
        if right - left < 2 or bottom - top < 2:
            return
        shift = np.array([[0, 0, left], [0, 0, top]], np.float64)
        source, moved = _at_scale(picture, matrix - shift)
        where = right - left, bottom - top
        alpha = np.asarray(cv2.warpAffine(mask, onto - shift, where, flags=cv2.INTER_LINEAR), np.float32)
        inside = np.full(source.shape, 1, np.float32)
        if rng.random() < 0.7:  # the picture ends where it ends; else its border is repeated
            alpha *= cv2.warpAffine(inside, moved, where, flags=cv2.INTER_LINEAR)
        if self._hides(alpha, left, top):
            return
        laid = cv2.warpAffine(source, moved, where, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        part = self.pixels[top:bottom, left:right]
        part[:] = np.rint(part + alpha * (np.asarray(laid, np.float32) - part)).astype(np.uint8)
        self._take_in(picture, matrix, alpha, left, top)

    def _hides(self, alpha: npt.NDArray[np.float32], left: int, top: int) -> bool:
        """Whether what is laid in would take more than a tenth of a face that is there."""
        for face in self.faces:
            (x, y), (wide, high) = face[0] - (left, top), face[1]
            rows = slice(max(0, int(y - high / 2)), max(0, int(y + high / 2) + 1))
            columns = slice(max(0, int(x - wide / 2)), max(0, int(x + wide / 2) + 1))
            if alpha[rows, columns].sum() > 0.1 * wide * high:
                return True
        return False

    def _take_in(self, picture: Picture, matrix: Matrix, alpha: npt.NDArray[np.float32], left: int, top: int) -> None:
        """Note the faces that came along with a picture, as far as they were not cut away."""
        for faces, sure in ((picture.faces, True), (picture.ignored, False)):
            for face in moved_faces(faces, matrix):
                seen = _seen(face, alpha, left, top)
                if sure and seen >= _LEAST_SEEN and face[1, 1] >= 0.75 * SMALLEST:
                    self.faces.append(face)
                elif seen > 0.1:
                    self.ignored.append(face)


def _seen(face: Faces, alpha: npt.NDArray[np.float32], left: int, top: int) -> float:
    """The share of a face's box that was laid in."""
    low, high = face[0] - face[1] / 2 - (left, top), face[0] + face[1] / 2 - (left, top)
    (x1, y1), (x2, y2) = np.maximum(np.rint(low), 0).astype(int), np.maximum(np.rint(high), 0).astype(int)
    return float(alpha[y1:y2, x1:x2].sum() / max(1.0, np.prod(np.rint(high) - np.rint(low))))


def _at_scale(picture: Picture, matrix: Matrix) -> tuple[Image, Matrix]:
    """The picture shrunk ahead of a shrinking `matrix`, which would skip pixels, and the matrix from there."""
    source, shrunk = picture.at_scale(float(np.sqrt(abs(np.linalg.det(matrix[:, :2])))))
    moved = matrix.copy()
    moved[:, :2] /= shrunk
    return source, moved


def _mask_matrix(size: int, centre: npt.NDArray[Any], reach: npt.NDArray[Any]) -> Matrix:
    """From a mask's pixels to the picture's, `reach` wide and high about `centre`."""
    scale = reach / size
    return np.array([[scale[0], 0, centre[0] - reach[0] / 2], [0, scale[1], centre[1] - reach[1] / 2]], np.float64)
