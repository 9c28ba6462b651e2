"""How steady an answer is when the face finder's box lies a little differently."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from mien_models.preprocess import FACE_SIZE
from mien_models.validation import Strict
from mien_training.emotion.augment import warp

MOVE = 0.08
"""How far the crop is moved, as a share of its side, and how much it is enlarged or reduced."""

_STEP = MOVE * FACE_SIZE
_VIEWS: dict[str, tuple[float, float, float]] = {  # scale, shift right, shift down (pixels)
    "left": (1, -_STEP, 0),
    "right": (1, _STEP, 0),
    "up": (1, 0, -_STEP),
    "down": (1, 0, _STEP),
    "larger": (1 + MOVE, 0, 0),
    "smaller": (1 - MOVE, 0, 0),
}


class Stability(Strict):
    """How many answers change with the crop."""

    n: int
    changed: float
    """Share of the answers that differ from that on the face as it is, the mean of all views."""
    changed_in_any: float
    """Share of the faces whose answer differs in one view or more."""
    by_view: dict[str, float]


def views(faces: npt.NDArray[np.uint8]) -> Iterator[tuple[str, npt.NDArray[np.uint8]]]:
    """Faces (n, 48, 48) in six views, each with its name.

    They are shifted left, right, up and down by 8 % of their side, and drawn 8 % larger and smaller; border pixels are
    repeated where a face ends.
    """
    for name, (scale, right, down) in _VIEWS.items():
        yield name, np.stack([warp(face, scale * np.eye(2), np.array([right, down])) for face in faces])


def stability(plain: npt.NDArray[np.float32], moved: dict[str, npt.NDArray[np.float32]]) -> Stability:
    """Set answers (n, k) to faces in each view beside the `plain` ones (n, k), to the faces as they are; n above 0."""
    differs = {name: answers.argmax(axis=1) != plain.argmax(axis=1) for name, answers in moved.items()}
    table = np.stack(list(differs.values()))
    return Stability(
        n=len(plain),
        changed=float(table.mean()),
        changed_in_any=float(table.any(axis=0).mean()),
        by_view={name: float(row.mean()) for name, row in differs.items()},
    )
