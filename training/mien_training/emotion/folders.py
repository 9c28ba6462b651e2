"""Folders of pictures, one sub-folder an emotion, as FER2013 and others are often passed around."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mien_models import pictures
from mien_models.errors import DataError
from mien_models.labels import Emotion
from mien_models.preprocess import FACE_SIZE, resize_face

_NAMES = {
    **{emotion.value: emotion for emotion in Emotion},
    "anger": Emotion.ANGRY,
    "disgusted": Emotion.DISGUST,
    "fearful": Emotion.FEAR,
    "happiness": Emotion.HAPPY,
    "sadness": Emotion.SAD,
    "surprised": Emotion.SURPRISE,
}
_PICTURES = {".png", ".jpg", ".jpeg", ".bmp", ".webp"}
_IGNORED = (".", "__MACOSX")  # what git and archives made on a Mac leave
_TRAINING = ("train", "training")
_VALIDATION = ("validation", "valid", "val", "test")
_VALIDATION_SHARE = 0.1

Labelled = tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], npt.NDArray[np.str_]]


def read_folder(folder: Path) -> Labelled:
    """Faces (n, 48, 48) uint8, labels (n,) and usages (n,) of a folder of pictures.

    Sub-folders `train` and `validation` (or `test`) are its splits; without them, about one picture in ten is for
    validation, by what it shows: always the same ones, whatever is added, and no face on both sides. The pictures are whole
    faces, cut as they shall be.

    Raises:
        DataError: no sub-folder is named after an emotion, or a picture cannot be read.

    """
    training = _child(folder, _TRAINING)
    validation = _child(folder, _VALIDATION)
    if training is None:
        pixels, labels = _read_classes(folder)
        held_back = [_is_held_back(face) for face in pixels]
        return pixels, labels, np.where(held_back, "PublicTest", "Training")
    if validation is None:
        raise DataError(
            f"{folder}: has {training.name}/ but no validation/ or test/ beside it; add one, or give {training} itself, of which "
            "one picture in ten is held back"
        )
    first, second = _read_classes(training), _read_classes(validation)
    usage = np.repeat(["Training", "PublicTest"], [len(first[1]), len(second[1])])
    return np.concatenate([first[0], second[0]]), np.concatenate([first[1], second[1]]), usage


def _is_held_back(face: npt.NDArray[np.uint8]) -> bool:
    return hashlib.sha256(face.tobytes()).digest()[0] < 256 * _VALIDATION_SHARE


def _child(folder: Path, names: tuple[str, ...]) -> Path | None:
    present = {path.name.lower(): path for path in folder.iterdir() if path.is_dir()}
    return next((present[name] for name in names if name in present), None)


def _read_classes(folder: Path) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    faces: list[npt.NDArray[np.uint8]] = []
    labels: list[int] = []
    for child in sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(_IGNORED)):
        if child.name.lower() not in _NAMES:
            beside = f" (a {child.name}/ wants a train/ beside it)" if child.name.lower() in _VALIDATION else ""
            raise DataError(
                f"{child}: not named after an emotion; rename it to one of {', '.join(sorted(_NAMES))}{beside}"
            )
        pictures = sorted(path for path in child.iterdir() if path.suffix.lower() in _PICTURES)
        faces += [resize_face(read_picture(path), FACE_SIZE) for path in pictures]
        labels += [list(Emotion).index(_NAMES[child.name.lower()])] * len(pictures)
    if not faces:
        raise DataError(
            f"{folder}: no pictures ({' '.join(sorted(_PICTURES))}) in sub-folders named {', '.join(Emotion)}"
        )
    return np.stack(faces), np.array(labels, np.int64)


def picture_files(folder: Path) -> list[Path]:
    """All pictures below `folder`, in the order of their names."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in _PICTURES)


def read_picture(path: Path) -> npt.NDArray[np.uint8]:
    """A picture in grey (h, w).

    Raises:
        DataError: it cannot be read.

    """
    try:
        picture = pictures.read_picture(path, colour=False)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; mend its rights or remove it") from error
    if picture is None:
        raise DataError(f"{path}: damaged or no picture; remove it or copy it again")
    return picture
