"""The zoo: every architecture that `mien-train emotion --arch` knows, a family a file.

All take a face as the device cuts it, float (n, 48, 48, 1) with pixel values 0…255, and answer with one softmax for each
head, by its name. What else they want (another size, another range) happens inside, so that conversion, evaluation and the
device treat them alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mien_models.errors import ConfigError
from mien_models.labels import Head
from mien_training.emotion.config import Recipe
from mien_training.emotion.networks import alexnet, elu_cnn, face_resnet, mien, vgg16, xception


@dataclass(frozen=True)
class Architecture:
    """A network and how it is trained."""

    about: str
    """A phrase for the help."""
    build: Callable[[tuple[Head, ...]], Any]
    """The untrained Keras model with these heads."""
    recipe: Recipe = field(default_factory=Recipe)
    """The defaults of its trainings; the command line goes before them."""
    heads: tuple[Head, ...] = tuple(Head)
    """What it can learn."""
    warm_start: Callable[[Any, Path, npt.NDArray[np.uint8]], None] | None = None
    """Gives the untrained model published weights from a file, with some faces (n, 48, 48) to measure on."""


PUBLISHED = ".json"
"""How a file of published weights ends."""

_FER = (Head.FER,)
"""The earlier systems are softmaxes over FER2013's own seven labels and nothing else."""

ARCHITECTURES: dict[str, Architecture] = {
    "mien-small": Architecture("our own, 0.81 M parameters", mien.mien_small),
    "mien-nano": Architecture("our own at half the width, below 256 kB in int8", mien.mien_nano),
    "mien-large": Architecture("our own teacher, 1.9 M parameters", mien.mien_large, mien.LARGE_RECIPE),
    "face-resnet": Architecture(
        "a face recogniser's trunk as a teacher, 4.4 M, best with --warm-start",
        face_resnet.face_resnet,
        face_resnet.RECIPE,
        warm_start=face_resnet.warm_start,
    ),
    "vgg16": Architecture("VGG16 variant, 13.5 M, SGD", vgg16.vgg16, vgg16.RECIPE, _FER),
    "xception": Architecture("Xception's entry and exit flow, 0.3 M, Adam", xception.xception, xception.RECIPE, _FER),
    "alexnet": Architecture("AlexNet on 227×227, 58 M, Adam", alexnet.alexnet, alexnet.RECIPE, _FER),
    "elu-cnn": Architecture("three convolutions with ELU, 0.55 M, Adam", elu_cnn.elu_cnn, elu_cnn.RECIPE, _FER),
}


def find_architecture(name: str) -> Architecture:
    """The architecture of this name.

    Raises:
        ConfigError: there is none.

    """
    if name not in ARCHITECTURES:
        raise ConfigError(f"--arch {name}: unknown; the architectures are {', '.join(ARCHITECTURES)}")
    return ARCHITECTURES[name]
