"""The VGG16 variant of "music recommendation by emotion", rebuilt from its description."""

from __future__ import annotations

from typing import Any

from mien_models.labels import Head
from mien_training.emotion.config import Recipe
from mien_training.emotion.networks.heads import answers, face_input

_BLOCKS = ((64, 2), (128, 2), (256, 4), (512, 2), (512, 3))
"""Filters and convolutions of each block. VGG16's own 2, 2, 3, 3, 3 have 14.7 M parameters before the first dense layer,
where the whole system printed 13,491,947; these have 13,488,583, the nearest that was found."""

RECIPE = Recipe(
    optimizer="sgd",
    learning_rate=1e-4,
    momentum=0.85,
    schedule="constant",
    batch=113,
    epochs=400,
    patience=20,  # the description stops on validation accuracy, without a number
    keep="best",
    augmentation="generator",
    clip=None,
    average=0,
    label_smoothing=0,
    mixup=False,
    calibrate=False,
)


def vgg16(heads: tuple[Head, ...]) -> Any:
    """13 convolutions 3×3 with L2 of 0.01 and batch normalisation in five blocks, then 512, 512 and the answer."""
    import keras

    inputs, x = face_input()
    for filters, convolutions in _BLOCKS:
        for _ in range(convolutions):
            x = keras.layers.Conv2D(filters, 3, padding="same", kernel_regularizer=keras.regularizers.L2(0.01))(x)
            x = keras.layers.BatchNormalization()(x)
            x = keras.layers.ReLU()(x)
        x = keras.layers.MaxPooling2D(2)(x)
    x = keras.layers.Flatten()(x)
    for _ in range(2):
        x = keras.layers.Dense(512, activation="relu")(x)
    return keras.Model(inputs, answers(x, heads), name="vgg16")
