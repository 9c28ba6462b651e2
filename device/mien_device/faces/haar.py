"""Faces by OpenCV's Haar cascade: no model to download, quick, and weak on turned heads (`benchmarks/faces.py`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mien_device.faces import distinct
from mien_models.errors import MissingDependencyError
from mien_models.finder import surroundings
from mien_models.preprocess import Box, Image, brighten, grey

CASCADE = "haarcascade_frontalface_alt2.xml"
_FOLDERS = (Path("/usr/share/opencv4/haarcascades"), Path("/usr/share/opencv/haarcascades"))
"""Where Debian's opencv-data puts the cascades, for an OpenCV that comes without them."""

WINDOW = 20
"""Side in pixels of the picture detail that the cascade was trained on; it sees nothing smaller."""

# From the cascade's square to the box from hairline to chin, as factors of the square's side: medians over the faces of
# the development footage (their 10th and 90th percentiles lie 5 to 9 per cent around).
HEIGHT, WIDTH, RISE = 1.047, 0.785, 0.004

# The whole picture is searched shrunk so far that the lowest wanted face just fills the window.
_STEP, _NEIGHBOURS = 1.2, 2
# A known face is looked for in a square of so many times its size, scaled to so many pixels.
_NEAR_SIDE, _NEAR_SIZE, _NEAR_STEP, _NEAR_NEIGHBOURS = 1.8, 44, 1.1, 2
_NEAR_SMALLEST, _NEAR_LARGEST = 0.75, 1.2
# With these settings the cascade's squares come out larger than in the whole picture (the median over the same footage).
_NEAR_EXCESS = 1.02


class HaarFinder:
    """The cascade behind the convention of `FaceFinder`. Not safe to share between threads."""

    name = "Haar cascade (OpenCV)"
    sure = 0.0
    """Its neighbours say little: every box counts."""

    def __init__(self, min_height: int = 40) -> None:
        """Load the cascade; faces lower than `min_height` pixels are not looked for.

        Raises:
            MissingDependencyError: this OpenCV has no cascades.

        """
        self._cascade = load_cascade()
        self._scale = min(1.0, WINDOW * HEIGHT / min_height)
        self._smallest = max(WINDOW, round(min_height * self._scale / HEIGHT))

    def find(self, image: Image) -> list[Box]:
        """The faces in a picture (height, width[, 3]), the surest first."""
        small = brighten(_resized(grey(image), self._scale))
        squares, neighbours = self._cascade.detectMultiScale2(
            small, scaleFactor=_STEP, minNeighbors=_NEIGHBOURS, minSize=(self._smallest, self._smallest)
        )
        boxes = [_box(square, count, self._scale) for square, count in zip(squares, neighbours, strict=True)]
        return distinct(sorted(boxes, key=lambda box: box.score, reverse=True))

    def find_near(self, image: Image, box: Box) -> Box | None:
        """The face that was at `box`, if it still looks like one."""
        side = box.height / HEIGHT
        part, left, top = surroundings(image, box, side * _NEAR_SIDE, side * _NEAR_SIDE)
        scale = _NEAR_SIZE / side
        if min(part.shape[:2]) * scale < WINDOW:
            return None
        smallest, largest = max(WINDOW, round(_NEAR_SIZE * _NEAR_SMALLEST)), round(_NEAR_SIZE * _NEAR_LARGEST)
        squares, neighbours = self._cascade.detectMultiScale2(
            brighten(_resized(grey(part), scale)),
            scaleFactor=_NEAR_STEP,
            minNeighbors=_NEAR_NEIGHBOURS,
            minSize=(smallest, smallest),
            maxSize=(largest, largest),
        )
        found = [
            _box(square, count, scale, left, top, _NEAR_EXCESS)
            for square, count in zip(squares, neighbours, strict=True)
        ]
        return max(found, key=box.iou, default=None)


def load_cascade() -> Any:
    """OpenCV's classifier with the cascade in it.

    Raises:
        MissingDependencyError: OpenCV 5, which has none, or a build without the files.

    """
    if not hasattr(cv2, "CascadeClassifier"):
        raise MissingDependencyError(
            f"OpenCV {cv2.__version__} has no face finder of its own any more; install 'opencv-python-headless<5'"
        )
    folders = (Path(cv2.__file__).parent / "data", *_FOLDERS)
    path = next((folder / CASCADE for folder in folders if (folder / CASCADE).is_file()), None)
    if path is None:
        raise MissingDependencyError(
            f"{CASCADE} is not on this machine; `sudo apt install opencv-data`, or install opencv-python-headless with pip"
        )
    return cv2.CascadeClassifier(str(path))


def _resized(image: Image, scale: float) -> Image:
    if scale == 1:
        return image
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=method), np.uint8)


def _box(square: Any, neighbours: int, scale: float, left: int = 0, top: int = 0, excess: float = 1.0) -> Box:
    """The cascade's square (x, y, side, side), `excess` times too large, of a picture cut out at (left, top) and scaled."""
    middle_x, middle_y = square[0] + square[2] / 2, square[1] + square[2] / 2
    side = square[2] / scale / excess
    width, height = side * WIDTH, side * HEIGHT
    return Box(
        middle_x / scale + left - width / 2,
        middle_y / scale + top - side * RISE - height / 2,
        width,
        height,
        score=float(1 - 0.5 ** (neighbours / 5)),
    )
