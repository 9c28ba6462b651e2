"""What is no readable face: crops of pictures without people, and faces spoilt beyond reading."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from mien_models.errors import DataError
from mien_models.preprocess import FACE_SIZE, resize_face
from mien_training.emotion.folders import picture_files, read_picture

_SMALLEST = 40  # pixels: finders look for no smaller faces
_HOLD_BACK = 10  # one picture in so many is for validation
_COARSEST, _COARSE = 3, 8  # pixels across a face that nobody can read any more


def read_negatives(folder: Path, count: int, seed: int) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Square crops of the pictures anywhere below `folder`, of any size and place.

    `count` for training (count, 48, 48), and a tenth as many for validation, of other pictures: one in ten of them.

    Raises:
        DataError: the folder holds fewer than ten pictures, or one that cannot be read.

    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; name one with pictures without people")
    pictures = [picture for path in picture_files(folder) if min((picture := read_picture(path)).shape) >= _SMALLEST]
    if len(pictures) < _HOLD_BACK:
        raise DataError(
            f"{folder}: {len(pictures)} pictures of {_SMALLEST} px or more there; name a folder with at least {_HOLD_BACK} "
            "pictures without people"
        )
    rng = np.random.default_rng(seed)
    held_back = pictures[::_HOLD_BACK]
    kept = [picture for i, picture in enumerate(pictures) if i % _HOLD_BACK]
    training = np.stack([_crop(kept[i % len(kept)], rng) for i in range(count)])
    return training, np.stack([_crop(held_back[i % len(held_back)], rng) for i in range(max(1, count // _HOLD_BACK))])


def spoil(face: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """A face (48, 48) made unreadable: a few pixels across, smeared, mostly outside the crop, or cut up."""
    ways = (_far_away, _smeared, _beside, _cut_up)
    return np.asarray(ways[rng.integers(len(ways))](face, rng), np.uint8)


def _crop(picture: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    height, width = picture.shape
    # As many small as large ones: finders are fooled at every size.
    side = int(np.exp(rng.uniform(np.log(_SMALLEST), np.log(min(height, width)))))
    top, left = rng.integers(0, height - side + 1), rng.integers(0, width - side + 1)
    return resize_face(picture[top : top + side, left : left + side])


def _far_away(face: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    side = int(rng.integers(_COARSEST, _COARSE + 1))
    small = cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (FACE_SIZE, FACE_SIZE), interpolation=cv2.INTER_LINEAR), np.uint8)


def _smeared(face: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """By a movement of a third to two thirds of its width."""
    length = int(rng.integers(FACE_SIZE // 3, FACE_SIZE * 2 // 3))
    kernel = np.full((1, length) if rng.random() < 0.5 else (length, 1), 1 / length)
    return np.asarray(cv2.filter2D(face, -1, kernel, borderType=cv2.BORDER_REPLICATE), np.uint8)


def _beside(face: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Moved half to three quarters out of the crop."""
    angle = rng.uniform(0, 2 * np.pi)
    reach = FACE_SIZE * rng.uniform(0.5, 0.75) / max(abs(np.cos(angle)), abs(np.sin(angle)))
    matrix = np.array([[1, 0, reach * np.cos(angle)], [0, 1, reach * np.sin(angle)]])
    return np.asarray(cv2.warpAffine(face, matrix, (FACE_SIZE, FACE_SIZE), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _cut_up(face: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Its sixteenths in another order: the greys and edges of a face without its shape."""
    side = FACE_SIZE // 4
    tiles = face.reshape(4, side, 4, side).swapaxes(1, 2).reshape(16, side, side)
    return rng.permutation(tiles).reshape(4, 4, side, side).swapaxes(1, 2).reshape(FACE_SIZE, FACE_SIZE)
