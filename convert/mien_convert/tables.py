"""The card's pictures: for each head a table of true labels against answers. Drawn with OpenCV, which is there anyway."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
import numpy.typing as npt

from mien_convert.package import TABLE_NAME
from mien_convert.runs import Holdout
from mien_models.labels import HEAD_LABELS, Head
from mien_models.runner import Probabilities

_CELL_W, _CELL_H = 84, 44
_MARGIN_W, _MARGIN_H = 110, 40
_FONT, _SIZE = cv2.FONT_HERSHEY_SIMPLEX, 0.5
_FULL = np.array([140, 80, 20], np.float64)
"""The colour of 100 %, blue-green-red."""

Shares = npt.NDArray[np.float64]


def draw_tables(probabilities: Mapping[Head, Probabilities], holdout: Holdout) -> dict[str, bytes]:
    """A PNG, by file name, of each head that has labels; `probabilities` (n, k) are of the holdout's n faces."""
    tables = {}
    for head, values in probabilities.items():
        truth = holdout.labels.get(head)
        if truth is None or not (truth >= 0).any():
            continue
        tables[TABLE_NAME.format(head=head)] = _draw(shares(values, truth), HEAD_LABELS[head])
    return tables


def shares(probabilities: Probabilities, truth: npt.NDArray[np.int64]) -> Shares:
    """The share (k, k) of each answer among the faces of each true label; zeros in the row of a label that no face has."""
    classes = probabilities.shape[1]
    known = truth >= 0
    counts = np.zeros((classes, classes))
    np.add.at(counts, (truth[known], probabilities.argmax(axis=1)[known]), 1)
    result: Shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return result


def _draw(table: Shares, labels: tuple[str, ...]) -> bytes:
    size = (_MARGIN_H + _CELL_H * len(labels), _MARGIN_W + _CELL_W * len(labels), 3)
    image = np.full(size, 255, np.uint8)
    for column, label in enumerate(labels):
        _write(image, label, _MARGIN_W + _CELL_W * column, 0, _CELL_W, _MARGIN_H)
    for row, label in enumerate(labels):
        top = _MARGIN_H + _CELL_H * row
        _write(image, label, 0, top, _MARGIN_W, _CELL_H)
        for column, share in enumerate(table[row]):
            left = _MARGIN_W + _CELL_W * column
            image[top : top + _CELL_H - 1, left : left + _CELL_W - 1] = 255 + share * (_FULL - 255)
            _write(image, f"{100 * share:.0f}", left, top, _CELL_W, _CELL_H, dark=share < 0.5)
    return cv2.imencode(".png", image)[1].tobytes()


def _write(
    image: npt.NDArray[np.uint8], text: str, left: int, top: int, width: int, height: int, *, dark: bool = True
) -> None:
    """Text in the middle of a box."""
    (wide, high), _ = cv2.getTextSize(text, _FONT, _SIZE, 1)
    place = (left + (width - wide) // 2, top + (height + high) // 2)
    cv2.putText(image, text, place, _FONT, _SIZE, (0, 0, 0) if dark else (255, 255, 255), 1, cv2.LINE_AA)
