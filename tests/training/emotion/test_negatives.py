"""What is no readable face: where the crops come from, what spoils a face, and that only one head learns from it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from mien_models.errors import DataError
from mien_models.labels import Head
from mien_training.emotion.batches import FaceBatches
from mien_training.emotion.datasets import NO_LABEL, Faces
from mien_training.emotion.mixing import with_negatives
from mien_training.emotion.negatives import read_negatives, spoil


def write_pictures(folder: Path, count: int) -> None:
    """Flat pictures of different greys, so that a crop tells which one it is of."""
    folder.mkdir(parents=True)
    for number in range(count):
        cv2.imwrite(str(folder / f"{number:02}.png"), np.full((90, 120), 10 * number, np.uint8))


def test_crops_for_validation_are_of_other_pictures(tmp_path: Path) -> None:
    write_pictures(tmp_path / "things" / "lamps", 20)

    training, validation = read_negatives(tmp_path, 60, seed=1)

    assert (training.shape, training.dtype, validation.shape) == ((60, 48, 48), np.uint8, (6, 48, 48))
    assert set(training.mean(axis=(1, 2))) == {10 * n for n in range(20)} - {0, 100}
    assert set(validation.mean(axis=(1, 2))) == {0, 100}
    assert (read_negatives(tmp_path, 60, seed=1)[0] == training).all()


def test_too_few_pictures_are_refused(tmp_path: Path) -> None:
    write_pictures(tmp_path / "things", 9)
    with pytest.raises(DataError, match=r"9 pictures of 40 px or more there; name a folder with at least 10"):
        read_negatives(tmp_path, 10, seed=0)


def test_a_spoilt_face_is_another_picture() -> None:
    face = np.random.default_rng(0).integers(0, 256, (48, 48), np.uint8)
    spoilt = np.stack([spoil(face, np.random.default_rng(seed)) for seed in range(40)])

    assert (spoilt.shape, spoilt.dtype) == ((40, 48, 48), np.uint8)
    assert (spoilt != face).any(axis=(1, 2)).all()


def test_people_who_saw_nothing_make_a_face_unreadable() -> None:
    votes = np.zeros((3, 10), np.uint8)
    votes[0, 3], votes[1, 3], votes[1, 8], votes[2, 9] = 10, 6, 4, 10
    faces = Faces(np.zeros((3, 48, 48), np.uint8), np.zeros(3, np.int64), votes, np.array(["Training"] * 3))

    assert faces.readable.tolist() == pytest.approx([1, 0.6, 0])
    assert faces.labels(Head.READABLE).tolist() == [0, 0, 1]


@pytest.mark.parametrize("votes", [None, np.full((2, 10), 1, np.uint8)])
def test_negatives_have_no_emotion(votes: np.ndarray | None) -> None:
    faces = Faces(np.zeros((2, 48, 48), np.uint8), np.array([3, 4]), votes, np.array(["Training"] * 2))
    both = with_negatives(faces, np.full((3, 48, 48), 9, np.uint8))

    assert len(both) == 5
    assert both.labels(Head.FER).tolist() == [3, 4, *[NO_LABEL] * 3]
    assert both.labels(Head.FERPLUS)[2:].tolist() == [NO_LABEL] * 3
    assert both.readable[2:].tolist() == [0, 0, 0]
    assert (both.usage == "Training").all()


def test_a_spoilt_face_teaches_readability_alone() -> None:
    targets = {"fer": np.full((200, 7), 1 / 7, np.float32), "readable": np.tile(np.float32([1, 0]), (200, 1))}
    faces = np.full((200, 48, 48), 100, np.uint8)
    _, seen = FaceBatches(faces, targets, batch=200, seed=0, epoch=0, mixup=False, spoilt=0.3)[0]

    spoilt = seen["fer"].sum(axis=1) == 0
    assert 0.15 < spoilt.mean() < 0.45
    assert (seen["readable"][spoilt] == [0, 1]).all()
    assert (seen["readable"][~spoilt] == [1, 0]).all()
    assert (targets["fer"] > 0).all()  # the data set's own targets stay
    assert (faces == 100).all()
