"""How a face finder frames faces: where its crops lie on faces whose place is known, to train with the same."""

from __future__ import annotations

import logging
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from mien_models.errors import DataError
from mien_models.finder import ModelFinder
from mien_training.emotion.folders import picture_files, read_picture

log = logging.getLogger(__name__)

_SCENE = 640, 480  # pixels: the pictures of the cheapest cameras
_LOWEST, _HIGHEST = 60, 200  # pixels: sides of the faces, as many small as large ones
_ENOUGH = 1500  # crops
_MOST = 6000  # faces laid in
_NEAR = 0.4  # of the face's side: a box whose middle lies further off is another thing
_MARGIN = 10  # pixels from the scene's border


def measure(finder: ModelFinder, faces: npt.NDArray[np.uint8], backgrounds: Path) -> npt.NDArray[np.float32]:
    """Lay `faces` (n, 48, 48) into pictures without people and look for them; a row (m, 3) for each that is found.

    It says how far right and down of the face's middle the crop's lies, and its side, all in sides of the face.

    Raises:
        DataError: there is no picture in the folder `backgrounds`, or no face was found.

    """
    rng = np.random.default_rng(0)
    paths = picture_files(backgrounds)
    if not paths:
        raise DataError(f"{backgrounds}: no pictures there; name a folder with pictures without people")
    found: list[list[float]] = []
    looked = 0
    for row in rng.permutation(len(faces))[:_MOST]:
        looked += 1
        scene = np.asarray(cv2.resize(read_picture(paths[rng.integers(len(paths))]), _SCENE), np.uint8)
        left, top, side = _lay_in(faces[row], scene, rng)
        for box in finder.find(scene):
            right, down = (np.array(box.centre) - (left, top)) / side - 0.5
            if np.hypot(right, down) < _NEAR:
                found.append([right, down, box.height / side])
                break
        if len(found) == _ENOUGH:
            break
    if not found:
        raise DataError(f"{backgrounds}: the finder sees no face that is laid into its pictures; leave --finder out")
    framing = np.array(found, np.float32)
    low, middle, high = np.percentile(framing[:, 2], (10, 50, 90))
    log.info(
        "framing: %d of %d faces found, side %.2f [%.2f, %.2f] of the face's", len(framing), looked, middle, low, high
    )
    return framing


def _lay_in(
    face: npt.NDArray[np.uint8], scene: npt.NDArray[np.uint8], rng: np.random.Generator
) -> tuple[int, int, int]:
    """Draw the face into the scene, soft at its edges; where: left, top, side."""
    width, height = _SCENE
    side = int(np.exp(rng.uniform(np.log(_LOWEST), np.log(_HIGHEST))))
    left = int(rng.integers(_MARGIN, width - side - _MARGIN))
    top = int(rng.integers(_MARGIN, height - side - _MARGIN))
    margin = side // 16
    share = np.zeros((side, side), np.float32)
    share[margin:-margin, margin:-margin] = 1
    share = np.asarray(cv2.GaussianBlur(share, (0, 0), margin / 2), np.float32)
    part = scene[top : top + side, left : left + side]
    grown = cv2.resize(face, (side, side), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    part[:] = np.rint(part + share * (grown - part)).astype(np.uint8)
    return left, top, side
