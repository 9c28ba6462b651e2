"""The demo's camera draws what the script says, in time."""

from __future__ import annotations

import threading
import time

import cv2
import numpy as np

from mien_device.camera.scenes import SCRIPT, DemoCamera, on_stage
from tests.waiting import well_within


def test_the_script_repeats() -> None:
    length = sum(seconds for _, seconds in SCRIPT)
    assert on_stage(0.0) is SCRIPT[0][0]
    assert on_stage(length + 0.1) is SCRIPT[0][0]
    assert on_stage(length - 0.1) is SCRIPT[-1][0]


def test_a_scene_is_the_same_for_the_same_second_and_holds_a_face_only_when_someone_is_there() -> None:
    camera = DemoCamera()
    assert np.array_equal(camera.draw(1.0), camera.draw(1.0))
    finder = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_alt2.xml")  # type: ignore[attr-defined]
    at = 0.0
    for emotion, seconds in SCRIPT:
        scene = cv2.cvtColor(camera.draw(at + seconds / 2), cv2.COLOR_BGR2GRAY)
        assert len(finder.detectMultiScale(scene, 1.1, 3)) == (0 if emotion is None else 1), emotion
        at += seconds


def test_frames_keep_their_pace_and_close_wakes_the_reader() -> None:
    camera = DemoCamera(fps=20)
    begin = time.monotonic()
    frames = [camera.read() for _ in range(5)]
    assert time.monotonic() - begin > 0.15
    assert [frame.number for frame in frames if frame] == sorted({frame.number for frame in frames if frame})
    slow = DemoCamera(fps=1 / 120)
    assert slow.read() is not None  # the first is due at once, the second in two minutes
    threading.Timer(0.1, slow.close).start()
    with well_within(120):
        assert slow.read() is None
