from __future__ import annotations

import numpy as np

from mien_device.faces.search import PacedSearch
from mien_device.faces.tracks import Tracker
from mien_models.preprocess import Box, Image

PICTURE = np.zeros((480, 640, 3), np.uint8)
HERE, THERE = Box(100, 100, 60, 80), Box(400, 100, 60, 80)


class ScriptedFinder:
    """Has the faces that the test puts into `faces`, and counts what it was asked."""

    name = "scripted"
    sure = 0.0

    def __init__(self, *faces: Box) -> None:
        self.faces = list(faces)
        self.wholes = self.nears = 0

    def find(self, image: Image) -> list[Box]:
        self.wholes += 1
        return list(self.faces)

    def find_near(self, image: Image, box: Box) -> Box | None:
        self.nears += 1
        return next((face for face in self.faces if face.iou(box) > 0.3), None)


def test_searches_everywhere_only_every_interval():
    finder = ScriptedFinder(HERE)
    search = PacedSearch(finder, 0.5)
    known: list[Box] = []
    for number in range(31):
        known = search.find(PICTURE, number / 30, known)
        assert known == [HERE]
    assert (finder.wholes, finder.nears) == (3, 30)


def test_the_first_picture_is_searched_at_once():
    assert PacedSearch(ScriptedFinder(HERE)).find(PICTURE, 1e6) == [HERE]


def test_a_lost_face_is_searched_for_sooner_but_not_in_every_frame():
    finder = ScriptedFinder(HERE)
    search = PacedSearch(finder, 0.6)
    search.find(PICTURE, 0.0)
    finder.faces = [THERE]
    assert search.find(PICTURE, 0.1, [HERE]) == []
    assert search.find(PICTURE, 0.21, [HERE]) == [THERE]
    for number in range(10):
        search.find(PICTURE, 0.22 + number * 0.01, [HERE, THERE])
    assert finder.wholes == 2


def test_two_known_boxes_on_one_face_become_one():
    search = PacedSearch(ScriptedFinder(HERE))
    assert search.find(PICTURE, 0.0, [HERE, Box(105, 105, 60, 80)]) == [HERE]


def test_an_interval_of_nothing_searches_every_frame():
    finder = ScriptedFinder()
    search = PacedSearch(finder, 0.0)
    for number in range(5):
        search.find(PICTURE, number / 30)
    assert finder.wholes == 5


def test_a_crowd_costs_one_look_a_frame_and_keeps_its_identities():
    """Forty looks at surroundings would take a second and more on a small board."""
    faces = [Box(10 + 60 * column, 10 + 80 * row, 45, 60) for row in range(5) for column in range(8)]
    finder, tracker = ScriptedFinder(*faces), Tracker()
    search = PacedSearch(finder, 0.5)
    for number in range(30):
        at = number / 10
        tracks = tracker.update(search.find(PICTURE, at, tracker.expected(at)), at).tracks
    assert finder.nears == 0
    assert finder.wholes == 30
    assert {track.id for track in tracks} == set(range(40))
