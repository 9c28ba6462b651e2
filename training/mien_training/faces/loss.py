"""What the network is to make small: wrong scores, boxes that overlap the truth badly, landmarks beside their places."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from mien_training.faces.targets import COUNTS, IS_FACE, SCORE

_BOX, _LANDMARKS = 1.5, 1.0
_FOCUS = 2.0


class FinderLoss(keras.losses.Loss):  # type: ignore[misc]  # Keras is untyped
    """Of targets (n, cells, 17) and rows (n, cells, 15): divided by the number of cells in the batch that are to find a face."""

    def __init__(self) -> None:
        super().__init__(reduction=None, name="finder")

    def call(self, y_true: Any, y_pred: Any) -> Any:
        y_pred = ops.cast(y_pred, "float32")
        is_face = y_true[..., IS_FACE]
        cells = _focal(y_true[..., SCORE], y_pred[..., 0]) * y_true[..., COUNTS]
        numbers, wanted = y_pred[..., 1:], y_true[..., 3:]
        cells = cells + is_face * (_BOX * _distance_iou(wanted, numbers) + _LANDMARKS * _landmarks(wanted, numbers))
        return ops.sum(cells) / ops.maximum(ops.sum(is_face), 1.0)


def _focal(wanted: Any, logits: Any) -> Any:
    """Cross entropy that leaves aside what is right already (Lin et al. 2017, equation 4; without alpha)."""
    wrong = ops.sigmoid(logits * (1 - 2 * wanted))
    return ops.power(wrong, _FOCUS) * ops.softplus(logits * (1 - 2 * wanted))


def _distance_iou(wanted: Any, given: Any) -> Any:
    """1 − IoU + distance of the middles over the diagonal around both, squared (Zheng et al. 2020, equation 7)."""
    middle_w, size_w = wanted[..., :2], ops.exp(wanted[..., 2:4])
    middle_g, size_g = given[..., :2], ops.exp(ops.clip(given[..., 2:4], -4.0, 4.0))
    low_w, high_w = middle_w - size_w / 2, middle_w + size_w / 2
    low_g, high_g = middle_g - size_g / 2, middle_g + size_g / 2
    shared = _area(ops.maximum(ops.minimum(high_w, high_g) - ops.maximum(low_w, low_g), 0.0))
    either = _area(size_w) + _area(size_g) - shared
    around = ops.maximum(high_w, high_g) - ops.minimum(low_w, low_g)
    apart = ops.sum((middle_w - middle_g) ** 2, axis=-1) / ops.maximum(ops.sum(around**2, axis=-1), 1e-6)
    return 1 - shared / ops.maximum(either, 1e-6) + apart


def _landmarks(wanted: Any, given: Any) -> Any:
    """Mean distance in heights of the face, squared where small (Huber)."""
    apart = ops.abs(wanted[..., 4:] - given[..., 4:]) / ops.exp(wanted[..., 3:4])
    limit = 0.1
    return ops.mean(ops.where(apart < limit, apart**2 / (2 * limit), apart - limit / 2), axis=-1) * 5


def _area(sides: Any) -> Any:
    return sides[..., 0] * sides[..., 1]
