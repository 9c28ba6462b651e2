"""How steady an answer is when the face finder's box lies a little differently."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mien_models.labels import LABEL_SETS, Head
from mien_models.preprocess import FACE_SIZE
from mien_training.emotion.augment import warp
from mien_training.emotion.evaluate import Predict, Probabilities
from mien_training.emotion.metrics import Stability

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


def stability(predict: Predict, faces: npt.NDArray[np.uint8]) -> dict[Head, Stability]:
    """Ask a model about `faces` (n, 48, 48) as they are and in six views; n above 0. By label set that it answers in.

    The views are the face shifted left, right, up and down by 8 % of its side, and drawn 8 % larger and smaller; its border
    pixels are repeated where it ends. An answer is the most probable label of a head.
    """
    plain = _answers(predict(faces))
    differs: dict[Head, dict[str, npt.NDArray[np.bool_]]] = {head: {} for head in plain}
    for name, (scale, right, down) in _VIEWS.items():
        moved = np.stack([warp(face, scale * np.eye(2), np.array([right, down])) for face in faces])
        for head, answers in _answers(predict(moved)).items():
            differs[head][name] = answers != plain[head]
    return {head: _summary(by_view) for head, by_view in differs.items()}


def _answers(probabilities: dict[Head, Probabilities]) -> dict[Head, npt.NDArray[np.int64]]:
    return {head: probabilities[head].argmax(axis=1) for head in LABEL_SETS if head in probabilities}


def _summary(differs: dict[str, npt.NDArray[np.bool_]]) -> Stability:
    table = np.stack(list(differs.values()))
    return Stability(
        n=table.shape[1],
        changed=float(table.mean()),
        changed_in_any=float(table.any(axis=0).mean()),
        by_view={name: float(row.mean()) for name, row in differs.items()},
    )
