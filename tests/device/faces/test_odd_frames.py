"""Pictures of any size, one after the other, through the shipped finder and network."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from mien_device.camera import Frame
from mien_device.config import FacesConfig, MoodConfig
from mien_device.faces.open import open_finder
from mien_device.pipeline import Pipeline
from mien_models.labels import Emotion
from mien_models.preprocess import Image
from mien_models.runner import Classifier
from mien_models.selftest import load_prototypes
from mien_models.shipped import find_model


def room_with_a_face() -> Image:
    face = load_prototypes()[Emotion.HAPPY]
    room = np.full((480, 640, 3), 90, np.uint8)
    room[140:340, 220:420] = cv2.resize(face, (200, 200), interpolation=cv2.INTER_CUBIC)[..., np.newaxis]
    return room


ODD = {
    "a pixel": lambda room: room[:1, :1],
    "a row": lambda room: room[240:241],
    "a column": lambda room: room[:, 320:321],
    "a strip": lambda room: room[200:220],
    "huge": lambda room: cv2.resize(room, (4800, 3600)),
    "grey": lambda room: room[..., 0],
    "backwards": lambda room: room[:, ::-1],
    "smaller": lambda room: room[::2, ::2],
    "a part": lambda room: room[100:380, 200:440],
}


@pytest.mark.parametrize("finder", ["mien", "haar"])
@pytest.mark.parametrize("odd", ODD)
def test_a_camera_may_change_what_it_gives(odd: str, finder: str, tmp_path: Path) -> None:
    """Known faces are then looked for in a picture that does not reach to where they were."""
    room, faces = room_with_a_face(), FacesConfig(finder=finder)
    pipeline = Pipeline(open_finder(faces, tmp_path), Classifier.open(find_model("emotion")), faces, MoodConfig())
    for number, picture in enumerate([room, room, ODD[odd](room), ODD[odd](room), room, room, room]):
        seen = pipeline.step(Frame(picture, number * 0.6, number))
        if number == 1:
            assert [face.id for face in seen.faces] == [0]
    assert seen.faces_read >= 1
