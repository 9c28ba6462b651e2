"""Xception's entry and exit flow with plain convolutions, rebuilt from its description."""

from __future__ import annotations

from typing import Any

from mien_models.labels import Head
from mien_training.emotion.config import Recipe
from mien_training.emotion.networks.heads import answers, face_input

_STEM = 8
_MODULES = (16, 32, 64, 128)
"""Filters of each residual module. The description gives their number alone; these widths are mini-Xception's (Arriaga
et al. 2017), whose four modules it follows."""

RECIPE = Recipe(
    optimizer="adam",
    learning_rate=1e-3,
    schedule="constant",
    batch=32,  # neither it nor the number of epochs is given; these are mini-Xception's and ours
    epochs=60,
    augmentation="generator",
    clip=None,
    average=0,
    label_smoothing=0,
    mixup=False,
    calibrate=False,
)


def xception(heads: tuple[Head, ...]) -> Any:
    """Two convolutions, four residual modules, global average pooling, softmax."""
    import keras

    inputs, x = face_input()
    for _ in range(2):
        x = keras.layers.ReLU()(_conv(x, _STEM, 3))
    for filters in _MODULES:
        x = _module(x, filters)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, answers(x, heads), name="xception")


def _module(x: Any, filters: int) -> Any:
    """Two convolutions and a pooling beside a strided 1×1 shortcut; halves the map."""
    import keras

    # A 1×1 convolution of stride 2 reads every other pixel. Picking those first is the same function, and does not end
    # in TensorFlow 2.21's crash on such a convolution's gradient.
    shortcut = _conv(keras.layers.MaxPooling2D(1, strides=2)(x), filters, 1)
    for _ in range(2):
        x = keras.layers.ReLU()(_conv(x, filters, 3))
    x = keras.layers.MaxPooling2D(3, strides=2, padding="same")(x)
    return keras.layers.Add()([x, shortcut])


def _conv(x: Any, filters: int, size: int) -> Any:
    import keras

    x = keras.layers.Conv2D(filters, size, padding="same", use_bias=False)(x)
    return keras.layers.BatchNormalization()(x)
