"""Outlines along which faces and things are cut out: with edges soft and hard, so that no edge tells what it surrounds."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

SIZE = 64

Mask = npt.NDArray[np.float32]
"""(64, 64) in [0, 1], over the surroundings of a face's box."""


def _ellipse() -> Mask:
    mask = np.zeros((SIZE, SIZE), np.float32)
    cv2.ellipse(mask, (SIZE // 2, SIZE // 2), (SIZE // 2 - 3, SIZE // 2 - 3), 0, 0, 360, 1.0, -1)
    return mask


def _square() -> Mask:
    mask = np.zeros((SIZE, SIZE), np.float32)
    mask[2:-2, 2:-2] = 1
    return mask


def _bust() -> Mask:
    """A head on shoulders."""
    mask = np.zeros((SIZE, SIZE), np.float32)
    cv2.ellipse(mask, (SIZE // 2, SIZE * 7 // 16), (SIZE * 5 // 16, SIZE * 3 // 8), 0, 0, 360, 1.0, -1)
    shoulders = np.array(
        [[2, SIZE - 2], [8, SIZE * 13 // 16], [24, 46], [40, 46], [56, SIZE * 13 // 16], [62, SIZE - 2]]
    )
    cv2.fillPoly(mask, [shoulders.astype(np.int32)], 1.0)
    return mask


def _soft(mask: Mask, sigma: float) -> Mask:
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT), np.float32)


MASKS: tuple[Mask, ...] = tuple(
    _soft(shape, sigma)
    for shape, sigma in (
        (_ellipse(), 1.0),
        (_ellipse(), 4.0),
        (_square(), 0.5),
        (_square(), 0.5),
        (_square(), 4.0),
        (_bust(), 1.0),
        (_bust(), 1.0),
        (_bust(), 2.5),
    )
)
"""To pick from; some shapes more than once, as they are worth more."""
