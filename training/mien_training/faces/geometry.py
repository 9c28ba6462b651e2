"""Where pictures and their faces go when they are scaled, turned, mirrored and moved."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mien_training.faces.material import Faces

Matrix = npt.NDArray[np.float64]
"""(2, 3): linear part and shift, in pixels."""


def placed(centre: npt.ArrayLike, scale: float, roll: float, at: npt.ArrayLike, *, mirrored: bool) -> Matrix:
    """The similarity that takes `centre` to `at`, turned by `roll` degrees."""
    sine, cosine = np.sin(np.radians(roll)) * scale, np.cos(np.radians(roll)) * scale
    linear = np.array([[cosine, -sine], [sine, cosine]])
    if mirrored:
        linear[:, 0] *= -1
    return np.column_stack([linear, np.asarray(at) - linear @ np.asarray(centre)])


def joined(second: Matrix, first: Matrix) -> Matrix:
    """`first`, then `second`."""
    return np.column_stack([second[:, :2] @ first[:, :2], second[:, :2] @ first[:, 2] + second[:, 2]])


def mirrored(matrix: Matrix, width: int) -> Matrix:
    """A picture so wide mirrored, then `matrix`."""
    return joined(matrix, np.array([[-1.0, 0, width - 1], [0, 1, 0]]))


def turned(matrix: Matrix, roll: float, about: npt.ArrayLike) -> Matrix:
    """`matrix`, then a turn of `roll` degrees clockwise `about` a place."""
    return joined(placed(about, 1.0, roll, about, mirrored=False), matrix)


def moved_faces(faces: Faces, matrix: Matrix) -> Faces:
    """Faces of a picture where `matrix` takes them. Their boxes go round an ellipse that turns with the face."""
    if not len(faces):
        return faces
    moved = faces.copy()
    linear = matrix[:, :2]
    points = faces[:, [0, 2, 3, 4, 5, 6]] @ linear.T + matrix[:, 2]
    if np.linalg.det(linear) < 0:
        points = points[:, [0, 2, 1, 3, 5, 4]]  # mirrored, the left eye is the right one
    moved[:, [0, 2, 3, 4, 5, 6]] = points
    moved[:, 1] = np.sqrt((faces[:, 1] ** 2) @ (linear.T**2))
    return moved.astype(np.float32)
