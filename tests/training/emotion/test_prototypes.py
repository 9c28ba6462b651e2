"""Average faces."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from mien_models.errors import ConfigError, DataError
from mien_models.labels import Emotion
from mien_training.__main__ import main
from mien_training.emotion.datasets import Faces, Usage, read_faces, split
from mien_training.emotion.prototypes import prototypes, save_prototypes
from tests.make_tiny_model import picture
from tests.training.conftest import ROOT, Dataset


def test_one_face_an_emotion(make_dataset: Callable[..., Dataset], monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = make_dataset()
    monkeypatch.setattr("mien_training.emotion.prototypes._FACES", 8)  # as many as the data set has of each
    images = prototypes(read_faces(dataset.data, dataset.ferplus))
    assert images.shape == (7, 48, 48)
    assert images.dtype == np.uint8
    for emotion in (Emotion.ANGRY, Emotion.DISGUST, Emotion.FEAR, Emotion.SURPRISE):  # those that are not flat
        average = images[list(Emotion).index(emotion)]
        assert np.corrcoef(average.ravel(), picture(emotion).ravel())[0, 1] > 0.95
        assert (average.min(), average.max()) == (0, 255)


def test_command_writes_png_and_npz(
    make_dataset: Callable[..., Dataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = make_dataset()
    monkeypatch.setattr("mien_training.emotion.prototypes._FACES", 8)
    for name in ("new/p.png", "p.npz"):
        arguments = ["prototypes", "--data", str(dataset.data), "--ferplus", str(dataset.ferplus)]
        assert main([*arguments, "--out", str(tmp_path / name)]) == 0
    strip = cv2.imread(str(tmp_path / "new/p.png"), cv2.IMREAD_UNCHANGED)
    assert strip is not None
    with np.load(tmp_path / "p.npz") as stored:
        np.testing.assert_array_equal(np.hstack(list(stored["faces"])), strip)


def test_mistakes(make_dataset: Callable[..., Dataset], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="need the FER\\+ votes"):
        prototypes(read_faces(make_dataset().data))
    few = make_dataset()
    with pytest.raises(
        DataError, match="faces have votes for angry, 200 are averaged"
    ):  # an average of a few shows them
        prototypes(read_faces(few.data, few.ferplus))
    with pytest.raises(ConfigError, match=r"ends in \.png or \.npz"):
        save_prototypes(tmp_path / "p.jpg", np.zeros((7, 48, 48), np.uint8))


@pytest.mark.footage
def test_the_demos_faces_are_what_the_command_makes(real_faces: Faces) -> None:
    made = np.hstack(list(prototypes(split(real_faces, Usage.TRAINING, Path("fer2013.csv.xz")))))
    kept = cv2.imread(str(ROOT / "models/mien_models/prototypes.png"), cv2.IMREAD_UNCHANGED)
    assert kept is not None
    assert np.abs(made.astype(int) - kept).max() <= 1
