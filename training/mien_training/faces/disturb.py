"""What is done to footage to see what a finder bears: the same disturbances for every finder, and with the same noise."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from mien_models.matching import Truth
from mien_models.preprocess import Box, Image, grey
from mien_training.faces.judge import Sample

Disturbance = Callable[[Sample], Sample]

_BLUR = 9
"""Pixels."""
_QUALITY = 10


def _dark(sample: Sample) -> Sample:
    """A room at night: 15 per cent of the light, and the noise of a sensor at its highest gain."""
    return replace(sample, image=_noisy(sample.image * np.float32(0.15), 9))


def _backlit(sample: Sample) -> Sample:
    """The left half of each face in the dark: an eighth of the light."""
    image = sample.image.astype(np.float32)
    for box in sample.truth.faces:
        top, bottom = int(box.y - 0.3 * box.height), int(box.y + 1.3 * box.height)
        left, right = int(box.x - 0.25 * box.width), int(box.centre[0])
        image[max(0, top) : max(0, bottom), max(0, left) : max(0, right)] *= 0.125
    return replace(sample, image=_noisy(image, 2))


def _grey(sample: Sample) -> Sample:
    """Without colours, as from an infrared camera."""
    return replace(sample, image=grey(sample.image))


def _blur(sample: Sample) -> Sample:
    """Moved sideways by nine pixels."""
    kernel = np.full((1, _BLUR), 1 / _BLUR, np.float32)
    return replace(sample, image=np.asarray(cv2.filter2D(sample.image, -1, kernel), np.uint8))


def _jpeg(sample: Sample) -> Sample:
    encoded = cv2.imencode(".jpg", sample.image, (cv2.IMWRITE_JPEG_QUALITY, _QUALITY))[1]
    return replace(sample, image=np.asarray(cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED), np.uint8))


def _lower_face_blocked(sample: Sample) -> Sample:
    """A grey block before the lower 45 per cent of each face."""
    image = sample.image.copy()
    for box in sample.truth.faces:
        top, bottom = int(box.y + 0.55 * box.height), int(box.y + 1.05 * box.height)
        left, right = int(box.x - 0.1 * box.width), int(box.x + 1.1 * box.width)
        image[max(0, top) : max(0, bottom), max(0, left) : max(0, right)] = 128
    return replace(sample, image=image)


def _tilted(degrees: float) -> Disturbance:
    def tilt(sample: Sample) -> Sample:
        """The picture turned clockwise about its middle; a box goes round an ellipse that turns with its face."""
        height, width = sample.image.shape[:2]
        matrix = np.asarray(cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1.0), np.float64)
        image = cv2.warpAffine(sample.image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
        truth = Truth(
            tuple(_turned(box, matrix) for box in sample.truth.faces),
            tuple(_turned(box, matrix) for box in sample.truth.doubtful),
        )
        return replace(sample, image=np.asarray(image, np.uint8), truth=truth, landmarks=())

    return tilt


DISTURBANCES: dict[str, Disturbance] = {
    "dark": _dark,
    "backlit": _backlit,
    "tilt20": _tilted(20),
    "tilt35": _tilted(35),
    "grey": _grey,
    "blur": _blur,
    "jpeg": _jpeg,
    "lower_face_blocked": _lower_face_blocked,
}


def _turned(box: Box, matrix: npt.NDArray[np.float64]) -> Box:
    x, y = matrix @ np.array([*box.centre, 1.0])
    cosine, sine = matrix[0, 0], matrix[0, 1]
    width = math.hypot(box.width * cosine, box.height * sine)
    height = math.hypot(box.height * cosine, box.width * sine)
    return Box(float(x) - width / 2, float(y) - height / 2, width, height, box.score)


def _noisy(image: npt.NDArray[np.float32], sigma: float) -> Image:
    noise = np.random.default_rng(0).normal(0, sigma, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)
