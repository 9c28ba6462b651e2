"""How a finder frames faces: measured with the shipped one, and what augmentation makes of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from mien_models.errors import DataError
from mien_models.finder import ModelFinder
from mien_models.preprocess import Box
from mien_models.selftest import load_prototypes
from mien_models.shipped import find_model
from mien_training.__main__ import main
from mien_training.emotion.augment import FaceBatches, _move
from mien_training.emotion.framing import measure
from tests.training.conftest import Dataset
from tests.training.test_train import arguments

FACES = np.stack([*load_prototypes().values()] * 5)


@pytest.fixture
def backgrounds(tmp_path: Path) -> Path:
    """Pictures without people: clouds of grey."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "backgrounds"
    folder.mkdir()
    for number in range(10):
        cloud = cv2.GaussianBlur(rng.uniform(0, 255, (120, 160)), (0, 0), 8)
        spread = (cloud - cloud.mean()) / cloud.std() * 30 + 120
        cv2.imwrite(str(folder / f"{number}.png"), np.clip(spread, 0, 255).astype(np.uint8))
    return folder


def test_the_shipped_finders_crops_lie_about_the_faces(backgrounds: Path) -> None:
    framing = measure(ModelFinder.open(find_model("faces")), FACES, backgrounds)
    assert len(framing) > 10
    right, down, side = np.median(framing, axis=0)
    assert abs(right) < 0.05
    assert abs(down) < 0.1
    assert 0.8 < side < 1.25


class _Blind:
    """Finds something far off only."""

    def find(self, scene: np.ndarray) -> list[Box]:
        return [Box(-500, -500, 50, 50)]


def test_a_finder_that_sees_no_face_is_said(backgrounds: Path) -> None:
    with pytest.raises(DataError, match="the finder sees no face"):
        measure(_Blind(), FACES[:3], backgrounds)  # type: ignore[arg-type]


def test_half_of_the_faces_are_framed_as_in_the_table() -> None:
    """A dot right of and below the middle, where the only crop known is centred, comes to lie in the middle, and large."""
    face = np.zeros((48, 48), np.uint8)
    face[32:36, 28:32] = 255  # its middle is 10 px below and 6 right of the face's
    framing = np.array([[6 / 48, 10 / 48, 0.5]], np.float32)
    rng = np.random.default_rng(0)
    moved = np.stack([_move(face, face, rng, framing) for _ in range(200)])
    centred = (moved[:, 23:25, 23:25].min(axis=(1, 2)) > 200).mean()
    assert 0.4 < centred < 0.65
    plain = np.stack([_move(face, face, rng) for _ in range(200)])
    assert (plain[:, 23:25, 23:25].min(axis=(1, 2)) > 200).mean() < 0.05


def test_only_the_cameras_augmentation_frames() -> None:
    targets = {"fer": np.eye(7, dtype=np.float32)[np.arange(len(FACES)) % 7]}
    shown = FaceBatches(
        FACES, targets, batch=8, seed=0, epoch=0, augmentation="none", mixup=False, framing=np.ones((1, 3), np.float32)
    )[0][0]
    assert all((FACES[..., np.newaxis] == face).all(axis=(1, 2, 3)).any() for face in shown)


def test_camera_half_frames_as_well() -> None:
    """Crops of a twentieth of the face show hardly more than one grey, and a quarter of all faces are such: half of the camera's."""
    faces = np.repeat(FACES, 20, axis=0)
    tiny = np.array([[0, 0, 0.05]], np.float32)

    def flat(framing: np.ndarray | None) -> float:
        shown = FaceBatches(
            faces, {}, batch=len(faces), seed=0, epoch=0, augmentation="camera-half", mixup=False, framing=framing
        )[0][0][:, 8:40, 8:40, 0]
        return float((np.median(abs(np.diff(shown, axis=2)), axis=(1, 2)) < 5).mean())

    assert flat(tiny) > flat(None) + 0.1


@pytest.mark.training
@pytest.mark.usefixtures("tensorflow")
def test_a_finder_wants_pictures_to_find_faces_in(
    make_dataset: Callable[..., Dataset], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments(make_dataset(), tmp_path / "run", "--finder", "faces", arch="mien-nano")) == 3
    assert "--finder: wants pictures without people" in capsys.readouterr().err
