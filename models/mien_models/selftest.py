"""The self-test: faces that a model must read as it did when it was made, or it is fed or read wrongly.

Of the seven emotion projects for the Raspberry Pi that were measured for this one, five feed their network wrongly: other
scale, other order of labels, raw bytes as integers. Nothing fails then; the answers are confident nonsense.
"""

from __future__ import annotations

from importlib import resources

import cv2
import numpy as np

from mien_models.errors import DataError, ModelError
from mien_models.finder import ModelFinder
from mien_models.labels import Emotion
from mien_models.preprocess import FACE_SIZE, Box, Image
from mien_models.runner import Classifier

_CLEAR = 0.1
"""Lead of the right answer: int8 arithmetic of another processor moves a probability by 0.01 or so."""


def load_prototypes() -> dict[Emotion, Image]:
    """The average face (48, 48) of each emotion: computed by `mien-train prototypes`, nobody's picture.

    Raises:
        DataError: the package's file is damaged.

    """
    content = resources.files("mien_models").joinpath("prototypes.png").read_bytes()
    strip = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)
    if strip is None or strip.shape != (FACE_SIZE, FACE_SIZE * len(Emotion)):
        raise DataError("prototypes.png of the package is damaged; install mien again")
    faces = np.hsplit(np.asarray(strip, np.uint8), len(Emotion))
    return dict(zip(Emotion, faces, strict=True))


def surely_read(classifier: Classifier) -> tuple[Emotion, ...]:
    """The prototypes that the model reads as what they show, and so clearly that rounding cannot change it."""
    return tuple(shown for shown, face in load_prototypes().items() if _is_sure(classifier, face, shown))


def _is_sure(classifier: Classifier, face: Image, shown: Emotion) -> bool:
    probabilities = dict(zip(Emotion, classifier.read(face).probabilities.tolist(), strict=True))
    own = probabilities.pop(shown)
    return bool(own - max(probabilities.values()) >= _CLEAR)


def self_test(classifier: Classifier) -> int:
    """See that the model reads the prototypes that its manifest promises; returns how many those are.

    Raises:
        ModelError: it takes one of them for something else.

    """
    promised = classifier.manifest.reads
    faces = load_prototypes() if promised else {}
    read = {shown: list(Emotion)[int(classifier.read(faces[shown]).probabilities.argmax())] for shown in promised}
    wrong = [f"{shown} as {answer}" for shown, answer in read.items() if answer is not shown]
    if wrong:
        manifest = classifier.manifest
        raise ModelError(
            f"{manifest.file.path}: {len(wrong)} of {len(promised)} test faces are read otherwise than when it was made "
            f"({', '.join(wrong)}): it is fed with another scale, order or normalisation, or its accelerator computes "
            "wrongly; convert it anew with `mien-convert quantize`, or set model.accelerator to cpu"
        )
    return len(promised)


_PICTURE, _SIDE = (240, 320), 120
"""Height and width of the picture that a finder is tested with, and the side of the face in it."""


def surely_found(finder: ModelFinder) -> tuple[Emotion, ...]:
    """The prototypes that the finder finds in a plain picture, and so surely that rounding cannot change it."""
    return tuple(
        shown for shown, face in load_prototypes().items() if _found(finder, face) >= finder.manifest.start + _CLEAR
    )


def self_test_finder(finder: ModelFinder) -> int:
    """See that the finder finds the prototypes that its manifest promises; returns how many those are.

    Raises:
        ModelError: it overlooks one.

    """
    promised = finder.manifest.finds
    faces = load_prototypes() if promised else {}
    missed = [str(shown) for shown in promised if _found(finder, faces[shown]) < finder.manifest.start]
    if missed:
        raise ModelError(
            f"{finder.manifest.file.path}: {len(missed)} of {len(promised)} test faces are not found that were found when it "
            f"was made ({', '.join(missed)}): it is fed with another scale, or its accelerator computes wrongly; convert it "
            "anew with `mien-convert quantize`, or set model.accelerator to cpu"
        )
    return len(promised)


def _found(finder: ModelFinder, face: Image) -> float:
    """The score of the box that covers a prototype in the middle of a plain picture; 0 where there is none."""
    height, width = _PICTURE
    picture = np.full(_PICTURE, int(face[[0, -1]].mean()), np.uint8)
    left, top = (width - _SIDE) // 2, (height - _SIDE) // 2
    picture[top : top + _SIDE, left : left + _SIDE] = cv2.resize(face, (_SIDE, _SIDE), interpolation=cv2.INTER_CUBIC)
    place = Box(left + 0.1 * _SIDE, top, 0.8 * _SIDE, _SIDE)
    return max((box.score for box in finder.look(picture, 0.05) if box.iou(place) > 0.4), default=0.0)
