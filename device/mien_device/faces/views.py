"""Each face is read by turns as it is and mirrored: the mean of both views is right more often than either alone."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import cv2
import numpy as np

from mien_device.faces import Reader
from mien_models.preprocess import Image
from mien_models.runner import LEAST_READABLE, Answer

LATEST_S = 0.5
"""A view that is this much older than the next has no part in it: with few looks a second the smoothing of the mood forms the mean."""


@dataclass(frozen=True, slots=True)
class _View:
    answer: Answer
    at: float
    mirrored: bool


class Views:
    """Reads each face once a look, and answers with the mean of that and the look before: the second view costs nothing.

    What it is worth on labelled faces: `mien-train evaluate --mirrored`.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._last: dict[int, _View] = {}

    def read(self, face: int, crop: Image, at: float) -> Answer:
        """What the network makes of the grey `crop` (48, 48) of a face, taken at `at`; how readable it is, of this view alone."""
        before = self._last.get(face)
        mirrored = before is not None and not before.mirrored
        answer = self._reader.read(np.asarray(cv2.flip(crop, 1), np.uint8) if mirrored else crop)
        self._last[face] = _View(answer, at, mirrored)
        if before is None or abs(at - before.at) > LATEST_S or before.answer.readable < LEAST_READABLE:
            return answer
        return Answer(np.float32(0.5) * (before.answer.probabilities + answer.probabilities), answer.readable)

    def keep(self, faces: Collection[int]) -> None:
        """Forget all other faces."""
        self._last = {face: view for face, view in self._last.items() if face in faces}
