"""A training that takes seconds: a tiny network, its command line and what it leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from mien_models.labels import HEAD_LABELS, Head
from mien_training import runs
from mien_training.emotion.config import Recipe
from tests.training.conftest import Dataset

PLAIN = Recipe(
    optimizer="sgd", learning_rate=0.01, momentum=0.85, schedule="constant", clip=None, average=0, mixup=False,
    label_smoothing=0, augmentation="none", keep="best", patience=2, calibrate=False,
)  # fmt: skip
"""Of the kind that the earlier systems have."""


def tiny(heads: tuple[Head, ...]) -> Any:
    """A network that learns something within seconds, with all that training must carry through a stop."""
    import keras

    inputs = keras.Input((48, 48, 1))
    x = keras.layers.Rescaling(1 / 255)(inputs)
    x = keras.layers.AveragePooling2D(8)(x)
    x = keras.layers.Flatten()(x)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.Dropout(0.1)(x)
    outputs = {head.value: keras.layers.Dense(len(HEAD_LABELS[head]), "softmax", name=head.value)(x) for head in heads}
    return keras.Model(inputs, outputs)


def arguments(dataset: Dataset, run: Path, *more: str, epochs: int = 2, arch: str = "tiny") -> list[str]:
    settings = ["--arch", arch, "--epochs", str(epochs), "--batch", "8"]
    return [
        "emotion",
        "--data",
        str(dataset.data),
        "--ferplus",
        str(dataset.ferplus),
        "--out",
        str(run),
        *settings,
        *more,
    ]


def weights(run: Path) -> list[np.ndarray]:
    import keras

    result: list[np.ndarray] = keras.models.load_model(run / runs.MODEL, compile=False).get_weights()
    return result
