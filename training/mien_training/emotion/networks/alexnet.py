"""AlexNet (Krizhevsky et al. 2012) on faces, rebuilt from its description."""

from __future__ import annotations

from typing import Any

from mien_models.labels import Head
from mien_training.emotion.config import Recipe
from mien_training.emotion.networks.heads import answers, face_input

_SIDE = 227
_DENSE = 4096

RECIPE = Recipe(
    optimizer="adam",
    # Not given. At Adam's usual 1e-3 this depth without normalisation soon answers one class for every face.
    learning_rate=1e-4,
    schedule="constant",
    batch=32,
    epochs=10,
    augmentation="noise",
    clip=None,
    average=0,
    label_smoothing=0,
    mixup=False,
    calibrate=False,
)


def alexnet(heads: tuple[Head, ...]) -> Any:
    """Five convolutions and three dense layers on the face enlarged to 227×227, in one path instead of two."""
    import keras

    inputs, x = face_input()
    x = keras.layers.Resizing(_SIDE, _SIDE)(x)  # bilinear
    x = keras.layers.Conv2D(96, 11, strides=4, activation="relu")(x)
    x = keras.layers.MaxPooling2D(3, strides=2)(x)
    x = keras.layers.Conv2D(256, 5, padding="same", activation="relu")(x)
    x = keras.layers.MaxPooling2D(3, strides=2)(x)
    for filters in (384, 384, 256):
        x = keras.layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
    x = keras.layers.MaxPooling2D(3, strides=2)(x)
    x = keras.layers.Flatten()(x)
    for _ in range(2):
        x = keras.layers.Dense(_DENSE, activation="relu")(x)
        x = keras.layers.Dropout(0.5)(x)
    return keras.Model(inputs, answers(x, heads), name="alexnet")
