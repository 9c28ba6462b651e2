"""Face finding and following on real pictures."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import cv2
import pytest

from mien_device.camera.replay import ReplayCamera
from mien_device.faces.haar import HaarFinder
from mien_device.faces.search import PacedSearch
from mien_device.faces.tracks import Tracker
from mien_models.preprocess import Box

pytestmark = pytest.mark.footage


def follow(path: Path, step: int = 1) -> tuple[int, Counter[int]]:
    """Number of frames, and in how many of them each confirmed identity was in view."""
    camera = ReplayCamera(path, loop=False, realtime=False)
    search, tracker = PacedSearch(HaarFinder()), Tracker()
    count, seen = 0, Counter[int]()
    while frame := camera.read():
        if frame.number % step:
            continue
        count += 1
        boxes = search.find(frame.image, frame.captured_at, tracker.expected(frame.captured_at))
        seen.update(track.id for track in tracker.update(boxes, frame.captured_at).tracks)
    camera.close()
    return count, seen


@pytest.mark.parametrize("name", ["asl_again.mkv", "asl_bird.mkv", "asl_student.mkv"])
def test_one_person_is_one_identity(shared_data, name):
    frames, seen = follow(shared_data / "footage/clips" / name)
    (_, most), *others = seen.most_common()
    assert most > 0.9 * frames
    assert sum(count for _, count in others) < 0.1 * frames


def test_people_from_behind_are_no_faces(shared_data):
    frames, seen = follow(shared_data / "footage/clips/one-by-one-person-detection.mp4", step=5)
    assert frames > 200
    assert seen.total() < 0.05 * frames


@pytest.mark.parametrize("name", ["kodim03", "kodim07", "kodim13", "kodim20", "kodim23", "kodim24"])
def test_pictures_without_people(shared_data, name):
    camera = ReplayCamera(shared_data / f"footage/negatives/{name}.png", loop=False, realtime=False)
    search, tracker = PacedSearch(HaarFinder()), Tracker()
    while frame := camera.read():
        boxes = search.find(frame.image, frame.captured_at, tracker.expected(frame.captured_at))
        assert tracker.update(boxes, frame.captured_at).tracks == ()


def test_recall_on_stills(shared_data):
    """The figure of `benchmarks/faces.py` on the portraits, with room for other versions of OpenCV."""
    footage = shared_data / "footage"
    finder, found, faces = HaarFinder(), 0, 0
    for sample in json.loads((footage / "PSEUDO_GT.json").read_text(encoding="utf-8")):
        if sample["g"] != "caltech":
            continue
        boxes = finder.find(cv2.imread(str(footage / "caltech_faces" / sample["n"])))
        for face in sample["gt"]:
            x1, y1, x2, y2 = face["b"]
            if face["m"] >= 0.4 and y2 - y1 > 40:
                faces += 1
                found += any(box.iou(Box(x1, y1, x2 - x1, y2 - y1)) >= 0.5 for box in boxes)
    assert faces > 50
    assert found / faces > 0.9
