from __future__ import annotations

import cv2
import numpy as np
import pytest

from mien_device.camera.scenes import DemoCamera
from mien_device.config import FacesConfig
from mien_device.faces import distinct
from mien_device.faces.haar import HaarFinder, brighten, load_cascade
from mien_device.faces.open import open_finder
from mien_device.faces.search import PacedSearch
from mien_models.errors import MissingDependencyError
from mien_models.preprocess import Box, crop_face, grey


@pytest.fixture(scope="module")
def scene() -> np.ndarray:
    """A happy prototype, about a third of the picture high."""
    return DemoCamera().draw(2.0)


@pytest.fixture(scope="module")
def finder() -> HaarFinder:
    return HaarFinder()


def test_finds_the_prototype_and_only_it(finder, scene):
    (box,) = finder.find(scene)
    assert 0 < box.score <= 1
    pose = DemoCamera()._pose(2.0)
    assert np.hypot(box.centre[0] - pose.x, box.centre[1] - pose.y) < 0.15 * pose.size
    # The prototypes are crops of FER2013's kind: the box must bring back the crop they were made from
    assert box.height == pytest.approx(pose.size, rel=0.15)
    assert box.height > box.width


def test_the_crop_is_the_prototype_again(finder, scene):
    (box,) = finder.find(scene)
    camera = DemoCamera()
    face = next(image for emotion, image in camera._faces.items() if emotion == "happy")
    alike = np.corrcoef(crop_face(scene, box).ravel(), face.ravel())[0, 1]
    assert alike > 0.8


def test_grey_pictures_are_as_good(finder, scene):
    assert finder.find(grey(scene)) == finder.find(scene)


def test_near_finds_it_again_where_it_moved(finder, scene):
    (box,) = finder.find(scene)
    shifted = np.roll(scene, (6, -10), (0, 1))
    again = finder.find_near(shifted, box)
    assert again is not None
    assert again.iou(Box(box.x - 10, box.y + 6, box.width, box.height)) > 0.75


@pytest.mark.parametrize("box", [Box(0, 0, 60, 80), Box(-500, 0, 60, 80), Box(639, 479, 60, 80), Box(600, 5, 15, 20)])
def test_near_finds_nothing_where_nothing_is(finder, scene, box):
    assert finder.find_near(scene, box) is None


def test_a_face_lower_than_wanted_is_left_out(scene):
    assert HaarFinder(min_height=250).find(scene) == []


@pytest.mark.parametrize("shape", [(1, 1, 3), (10, 640, 3), (480, 12)])
def test_pictures_too_small_for_a_face(finder, shape):
    assert finder.find(np.zeros(shape, np.uint8)) == []


def test_a_dark_scene_is_brightened(finder, scene):
    dark = (scene * 0.12).astype(np.uint8)
    assert grey(dark).mean() < 25
    assert len(finder.find(dark)) == 1
    assert brighten(grey(scene)) is not None


def test_brighten_leaves_light_pictures_alone():
    light = np.full((4, 4), 90, np.uint8)
    assert brighten(light) is light
    assert brighten(np.full((4, 4), 20, np.uint8)).mean() == 110
    assert brighten(np.zeros((4, 4), np.uint8)).max() == 0


def test_an_opencv_without_cascades_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr("mien_device.faces.haar._FOLDERS", ())
    monkeypatch.setattr(cv2, "__file__", str(tmp_path / "cv2.py"))
    with pytest.raises(MissingDependencyError, match="opencv-data"):
        load_cascade()
    monkeypatch.delattr(cv2, "CascadeClassifier")
    with pytest.raises(MissingDependencyError, match="<5"):
        load_cascade()


def test_open_finder(tmp_path):
    assert open_finder(FacesConfig(finder="haar"), tmp_path).name.startswith("Haar")


def test_distinct_keeps_the_first():
    first, second, other = Box(0, 0, 10, 10), Box(1, 0, 10, 10), Box(50, 0, 10, 10)
    assert distinct([first, second, other]) == [first, other]


def test_boxes_do_not_drift_from_frame_to_frame() -> None:
    """Each near search starts from the last one's box: a small excess would add up."""
    finder, camera = HaarFinder(), DemoCamera()
    search = PacedSearch(finder, interval_s=1e9)
    known: list[Box] = []
    ratios = []
    for number in range(150):
        image = camera.draw(number / 30)
        known = search.find(image, number / 30, known)
        (whole,) = finder.find(image)
        ratios.append(known[0].height / whole.height)
    assert 0.93 < np.median(ratios) < 1.08
    assert max(ratios) < 1.2
