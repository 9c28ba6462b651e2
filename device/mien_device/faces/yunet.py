"""Faces by YuNet (Wu et al. 2023), a float network that OpenCV runs. Its file is not ours: `mien models install yunet` fetches it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mien_device.faces import distinct
from mien_models.errors import MissingDependencyError, ModelError
from mien_models.finder import surroundings
from mien_models.preprocess import Box, Image

FILE = "face_detection_yunet_2023mar.onnx"
SIZE = 232_589
SHA256 = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"
ADDRESS = (
    "https://media.githubusercontent.com/media/opencv/opencv_zoo/main/models/face_detection_yunet/"
    "face_detection_yunet_2023mar.onnx"
)
"""OpenCV's model zoo; the licence there is MIT. Trained on WIDER FACE."""

SURE, HOLD = 0.65, 0.4
"""OpenCV's own default of .9 loses half of the faces."""
_OVERLAP = 0.3
_LONG_SIDE = 320
_NEAR_SIDE = 2.6
"""Of the surroundings in which a known face is looked for, in its heights, shrunk or grown to a third of the long side."""


def is_known(content: bytes) -> bool:
    """Whether it is the very file that was measured."""
    return len(content) == SIZE and hashlib.sha256(content).hexdigest() == SHA256


class YuNetFinder:
    """YuNet behind the convention of `FaceFinder`. Not safe to share between threads."""

    name = "YuNet (OpenCV)"
    sure = SURE

    def __init__(self, path: Path, min_height: int = 40) -> None:
        """Open the network in `path`; faces lower than `min_height` pixels are left out.

        Raises:
            MissingDependencyError: this OpenCV cannot run it.
            ModelError: the file is not there or another than the one that was measured.

        """
        remedy = "fetch it anew with `mien models install yunet`"
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            raise ModelError(f"{path}: no such file; fetch it with `mien models install yunet`") from None
        except OSError as error:
            raise ModelError(f"{path}: {error.strerror}; {remedy}") from error
        if not is_known(content):
            raise ModelError(f"{path}: damaged or exchanged, not the file that mien knows; {remedy}")
        if not hasattr(cv2, "FaceDetectorYN"):
            raise MissingDependencyError(
                f"OpenCV {cv2.__version__} has no FaceDetectorYN; install opencv-python-headless"
            )
        self._min_height = min_height
        try:
            self._network: Any = cv2.FaceDetectorYN.create(str(path), "", (_LONG_SIDE, _LONG_SIDE), HOLD, _OVERLAP)
        except cv2.error as error:
            raise ModelError(f"{path}: OpenCV {cv2.__version__} cannot read it; install another") from error

    def find(self, image: Image) -> list[Box]:
        """The faces in a picture (height, width[, 3]), the surest first."""
        boxes = self.look(image, _LONG_SIDE / max(image.shape[:2]))
        return [box for box in boxes if box.score >= SURE and box.height >= self._min_height]

    def find_near(self, image: Image, box: Box) -> Box | None:
        """The face that was at `box`, if it still looks like one."""
        part, left, top = surroundings(image, box, box.height * _NEAR_SIDE, box.height * _NEAR_SIDE)
        if min(part.shape[:2]) < 8:
            return None
        found = [_moved(face, left, top) for face in self.look(part, _LONG_SIDE / 2 / max(part.shape[:2]))]
        return max((face for face in found if face.iou(box) > 0), key=box.iou, default=None)

    def look(self, image: Image, scale: float) -> list[Box]:
        """The faces of a picture seen at `scale`, with a score of `HOLD` or more, the surest first."""
        size = max(8, round(image.shape[1] * scale)), max(8, round(image.shape[0] * scale))
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        if small.ndim == 2:
            small = cv2.cvtColor(small, cv2.COLOR_GRAY2BGR)
        self._network.setInputSize(size)
        _, rows = self._network.detect(small)
        factors = np.array([image.shape[1] / size[0], image.shape[0] / size[1]])
        boxes = [_box(row, factors) for row in (() if rows is None else rows)]
        return distinct(sorted(boxes, key=lambda box: box.score, reverse=True))


def _box(row: Any, factors: Any) -> Box:
    """A row of YuNet's: box, five landmarks in our order, score."""
    places = np.asarray(row[:14], np.float64).reshape(7, 2) * factors
    (x, y), (width, height), *points = places.tolist()
    return Box(x, y, width, height, float(row[14]), tuple((px, py) for px, py in points))


def _moved(box: Box, left: float, top: float) -> Box:
    landmarks = tuple((x + left, y + top) for x, y in box.landmarks)
    return replace(box, x=box.x + left, y=box.y + top, landmarks=landmarks)
