"""mien's own finder behind the device's Protocol, with the tiny one that takes white squares for faces."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from mien_device.__main__ import main
from mien_device.config import FacesConfig
from mien_device.faces.mien import MienFinder
from mien_device.faces.open import open_finder
from mien_device.faces.rotation import upright_turn
from mien_device.faces.tracks import Tracker
from mien_models.errors import ManifestError, ModelError
from mien_models.finder import ModelFinder
from mien_models.preprocess import Box, Image
from tests.make_tiny_finder import TINY_FINDER, squares
from tests.make_tiny_model import TINY_MODEL


@pytest.fixture(scope="module")
def finder() -> MienFinder:
    return MienFinder(ModelFinder.open(TINY_FINDER))


def scene(row: int, column: int) -> Image:
    """640×512 in colour with a face 64 pixels high."""
    picture = np.kron(squares((row, column)), np.ones((4, 4), np.uint8))
    return np.stack([picture] * 3, axis=2)


def test_the_configuration_opens_it(tmp_path: Path) -> None:
    opened = open_finder(FacesConfig(finder="mien", model=str(TINY_FINDER)), tmp_path)
    assert opened.name == "faces 1, 160x128 (mien)"
    assert opened.sure == 0.6
    assert len(opened.find(scene(5, 5))) == 1


def test_a_named_model_is_reason_enough_to_use_it(tmp_path: Path) -> None:
    assert open_finder(FacesConfig(model=str(TINY_FINDER)), tmp_path).name.endswith("(mien)")


def test_another_kind_of_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="'kind'"):
        open_finder(FacesConfig(finder="mien", model=str(TINY_MODEL)), tmp_path)


def test_yunet_that_is_not_installed_says_how(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="mien models install yunet"):
        open_finder(FacesConfig(finder="yunet"), tmp_path)


def test_faces_that_are_too_small_are_left_out() -> None:
    assert MienFinder(ModelFinder.open(TINY_FINDER), min_height=65).find(scene(5, 5)) == []


def test_an_unsure_box_holds_a_face_and_begins_none() -> None:
    tracker, dim = Tracker(sure=0.6), Box(10, 10, 50, 60, 0.4)
    assert tracker.update([dim], 0.0).tracks == ()
    assert tracker.expected(0.0) == []
    for at in (0.1, 0.2):
        tracker.update([Box(10, 10, 50, 60, 0.9)], at)
    for number in range(100):
        (track,) = tracker.update([dim], 0.3 + number / 10).tracks
        assert track.id == 0


@pytest.mark.parametrize("sure", [True, False])
def test_only_sure_sightings_confirm(sure: bool) -> None:
    tracker = Tracker(sure=0.6)
    box = Box(10, 10, 50, 60, 0.9)
    tracker.update([box], 0.0)
    seen = tracker.update([Box(11, 10, 50, 60, 0.9 if sure else 0.4)], 0.1)
    assert len(seen.tracks) == sure


def test_the_command_describes_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", str(TINY_FINDER)]) == 0
    said = capsys.readouterr().out
    assert "faces 1: faces, int8" in said
    assert "finds faces in 160x128, from score 0.60, holds them from 0.30" in said


class UprightFinder:
    """Finds a face where the picture is brighter above than below; its landmarks are those of the camera's picture."""

    name, sure = "upright", 0.5

    def find(self, image: Image) -> list[Box]:
        half = image.shape[0] // 2
        return [Box(10, 10, 50, 60, 0.9)] if image[:half].mean() > image[half:].mean() + 20 else []

    def find_near(self, image: Image, box: Box) -> Box | None:
        return None


@pytest.mark.parametrize("hung", [0, 90, 180, 270])
def test_a_camera_that_hangs_otherwise_is_told(hung: int) -> None:
    picture = np.zeros((120, 160), np.uint8)
    picture[:60] = 200
    codes = {90: cv2.ROTATE_90_COUNTERCLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_CLOCKWISE}
    seen = cv2.rotate(picture, codes[hung]) if hung else picture
    assert upright_turn(UprightFinder(), np.asarray(seen, np.uint8)) == hung


class EagerFinder(UprightFinder):
    """Takes a face that is upside down for one as well, less surely."""

    def find(self, image: Image) -> list[Box]:
        return super().find(image) or [Box(10, 10, 50, 60, self.upside_down)]

    def __init__(self, upside_down: float) -> None:
        self.upside_down = upside_down


@pytest.mark.parametrize(("upside_down", "turn"), [(0.73, 180), (0.87, 0)])
def test_that_a_face_is_found_as_it_is_does_not_settle_it(upside_down: float, turn: int) -> None:
    picture = np.zeros((120, 160), np.uint8)
    picture[60:] = 200
    assert upright_turn(EagerFinder(upside_down), picture) == turn


def test_with_nobody_there_nothing_is_said() -> None:
    assert upright_turn(UprightFinder(), np.zeros((120, 160), np.uint8)) is None
