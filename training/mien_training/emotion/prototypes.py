"""Average faces: one clear face for each emotion that shows no person and may be passed on."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from mien_models.errors import ConfigError, DataError
from mien_models.labels import Emotion
from mien_training.emotion.datasets import Faces
from mien_training.emotion.ferplus import agreement
from mien_training.runs import make_folder, write_arrays, write_bytes

_FACES = 200
_SUFFIXES = (".png", ".npz")


def prototypes(faces: Faces) -> npt.NDArray[np.uint8]:
    """The mean of the 200 faces on whose emotion most taggers agree, for each emotion in its order: (7, 48, 48).

    Each face is brought to mean 0 and deviation 1 first, so that bright ones do not outweigh the others; the mean's
    full range becomes 0…255.

    Raises:
        DataError: the faces have no FER+ votes, or too few of an emotion.

    """
    if faces.votes is None:
        raise DataError("average faces need the FER+ votes: give --ferplus fer2013new.csv")
    shares = agreement(faces.votes)
    # FER2013 holds many a picture several times; one of them is enough, or the mean would show that person.
    different = np.sort(np.unique(faces.pixels.reshape(len(faces), -1), axis=0, return_index=True)[1])
    pixels, shares = faces.pixels[different], shares[different]
    for i, emotion in enumerate(Emotion):
        if (found := int((shares[:, i] > 0).sum())) < _FACES:
            raise DataError(f"{found} faces have votes for {emotion}, {_FACES} are averaged; take both files whole")
    return np.stack([_mean_face(pixels[_most_agreed(shares[:, i])]) for i in range(len(Emotion))])


def save_prototypes(path: Path, images: npt.NDArray[np.uint8]) -> None:
    """Write (7, 48, 48) as the array `faces` of a .npz, or side by side in a grey .png of 336×48.

    Raises:
        ConfigError: `path` ends otherwise, or its folder cannot be made.

    """
    if path.suffix not in _SUFFIXES:
        raise ConfigError(f"{path}: give --out a name that ends in {' or '.join(_SUFFIXES)}")
    make_folder(path.parent)
    if path.suffix == ".npz":
        write_arrays(path, {"faces": images})
    else:
        write_bytes(path, cv2.imencode(".png", np.hstack(list(images)))[1].tobytes())


def _most_agreed(share: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    return np.argsort(-share, kind="stable")[:_FACES]


def _mean_face(faces: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    pixels = faces.astype(np.float32)
    spread = np.maximum(pixels.std(axis=(1, 2), keepdims=True), 1)
    mean = ((pixels - pixels.mean(axis=(1, 2), keepdims=True)) / spread).mean(axis=0)
    low, high = mean.min(), mean.max()
    return np.asarray(np.rint((mean - low) / max(high - low, 1e-6) * 255), np.uint8)
