"""No reading rather than a guess: which faces are not read, and why."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mien_device.faces.legible import Trouble, trouble_with_box, trouble_with_face
from mien_models.preprocess import Box
from mien_models.selftest import load_prototypes

PICTURE = np.zeros((480, 640, 3), np.uint8)
FRONTAL = ((220.0, 200.0), (255.0, 200.0), (237.0, 215.0), (225.0, 230.0), (250.0, 230.0))


@pytest.mark.parametrize(
    ("box", "trouble"),
    [
        (Box(200, 150, 75, 100), None),
        (Box(200, 150, 30, 39), Trouble.SMALL),
        (Box(-15, 150, 75, 100), None),
        (Box(-30, 150, 75, 100), Trouble.CUT),
        (Box(200, 420, 75, 100), Trouble.CUT),
        (Box(200, 150, 75, 100, 1.0, FRONTAL), None),
        (Box(200, 150, 75, 100, 1.0, ((220.0, 200.0), (230.0, 200.0), *FRONTAL[2:])), Trouble.PROFILE),
    ],
)
def test_where_a_face_lies(box: Box, trouble: Trouble | None) -> None:
    assert trouble_with_box(box, PICTURE, 40) is trouble


@pytest.fixture(scope="module")
def sharp() -> np.ndarray:
    """A prototype is an average and soft: with the grain of a camera it is as sharp as a face."""
    face = next(iter(load_prototypes().values()))
    grain = np.random.default_rng(0).normal(0, 6, face.shape)
    return np.clip(face + grain, 0, 255).astype(np.uint8)


def test_a_face_is_read(sharp: np.ndarray) -> None:
    assert trouble_with_face(sharp) is None


def test_a_smeared_face_is_not(sharp: np.ndarray) -> None:
    assert trouble_with_face(cv2.GaussianBlur(sharp, (0, 0), 5)) is Trouble.BLURRED


def test_a_face_in_the_dark_is_not(sharp: np.ndarray) -> None:
    assert trouble_with_face((sharp * 0.03).astype(np.uint8)) is Trouble.DARK
