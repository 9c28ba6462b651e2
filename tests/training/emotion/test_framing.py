"""How a finder frames faces: measured with the shipped one, and what augmentation makes of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from pydantic import ValidationError

from mien_models.errors import DataError
from mien_models.finder import ModelFinder
from mien_models.labels import Head
from mien_models.preprocess import Box
from mien_models.selftest import load_prototypes
from mien_models.shipped import find_model
from mien_training.__main__ import main
from mien_training.emotion.augment import _move
from mien_training.emotion.batches import FaceBatches
from mien_training.emotion.config import FRAMED, TrainConfig
from mien_training.emotion.framing import measure
from tests.training.conftest import Dataset
from tests.training.emotion.tiny_training import arguments

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


@pytest.mark.parametrize("augmentation", FRAMED)
def test_every_augmentation_that_moves_faces_frames_half_of_them(augmentation: str) -> None:
    """Crops of a twentieth of the face show hardly more than one grey."""
    faces = np.repeat(FACES, 20, axis=0)
    tiny = np.array([[0, 0, 0.05]], np.float32)

    def flat(framing: np.ndarray | None) -> float:
        shown = FaceBatches(
            faces, {}, batch=len(faces), seed=0, epoch=0, augmentation=augmentation, mixup=False, framing=framing
        )[0][0][:, 8:40, 8:40, 0]
        return float((np.median(abs(np.diff(shown, axis=2)), axis=(1, 2)) < 5).mean())

    assert 0.3 < flat(tiny) - flat(None) < 0.6


def test_a_finder_is_refused_where_no_face_would_be_framed() -> None:
    with pytest.raises(
        ValidationError, match="'finder' frames no faces with the augmentation noise; choose one of camera"
    ):
        TrainConfig(data="fer2013.csv", fingerprint="f", heads=(Head.FER,), finder="faces", augmentation="noise")


@pytest.mark.training
@pytest.mark.usefixtures("tensorflow")
def test_earlier_systems_take_no_finder(
    make_dataset: Callable[..., Dataset], backgrounds: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ("--finder", "faces", "--negatives", str(backgrounds))
    assert main(arguments(make_dataset(), tmp_path / "run", *more, arch="elu-cnn")) == 3
    assert "--finder: elu-cnn is trained on faces as they are in the data; leave it out" in capsys.readouterr().err


@pytest.mark.training
@pytest.mark.usefixtures("tensorflow")
def test_a_finder_wants_pictures_to_find_faces_in(
    make_dataset: Callable[..., Dataset], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments(make_dataset(), tmp_path / "run", "--finder", "faces", arch="mien-nano")) == 3
    assert "--finder: wants pictures without people" in capsys.readouterr().err
