"""Our own family, made of operators that the Edge TPU takes and that int8 conversion folds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mien_models.labels import Head
from mien_training.emotion.config import Recipe
from mien_training.emotion.networks.heads import answers, face_input
from mien_training.emotion.networks.phases import PHASES

LARGE_RECIPE = Recipe(epochs=40, augmentation="camera-half")
"""Milder faces for half of them, so that fewer epochs do."""


def mien_small(heads: tuple[Head, ...]) -> Any:
    """0.81 M parameters, 76 M multiply-adds: for any Pi from the 3 on."""
    return _mien(heads, 32, "mien_small")


def mien_nano(heads: tuple[Head, ...]) -> Any:
    """Half the width, a quarter of the parameters and multiply-adds; below 256 kB in int8, for a Pi Zero 2."""
    return _mien(heads, 16, "mien_nano", stem=_stem_in_phases)


def mien_large(heads: tuple[Head, ...]) -> Any:
    """1.9 M parameters, 160 M multiply-adds, for teaching the other two; too large to be shipped.

    A VGG (Simonyan and Zisserman 2015) with batch normalisation: another kind than they are, for other shortcomings.
    """
    import keras

    inputs, x = face_input()
    for width, convolutions in ((32, 2), (64, 2), (128, 3), (256, 3)):
        for _ in range(convolutions):
            x = _conv(x, width, 3)
        x = keras.layers.MaxPooling2D(2)(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    x = keras.layers.Dropout(0.4)(x)
    return keras.Model(inputs, answers(x, heads), name="mien_large")


def _stem(x: Any, width: int) -> Any:
    return _conv(_conv(x, width, 3), width, 3, stride=2)


def _stem_in_phases(x: Any, width: int) -> Any:
    """All that `_stem` can compute, and more (`networks.phases`); with few channels it is the faster one."""
    return _conv(_conv(x, PHASES * width, 4, stride=2), width, 2)


def _mien(
    heads: tuple[Head, ...],
    width: int,
    name: str,
    blocks: tuple[int, ...] = (2, 3, 2),
    stem: Callable[[Any, int], Any] = _stem,
) -> Any:
    """A residual network with plain 3×3 convolutions behind its `stem`, `width` channels at its beginning.

    Its stages have so many `blocks`; each has twice the channels of the one before, and half the size. Plain convolutions train three times
    faster than depthwise ones of the same count, and run as fast in int8.
    """
    import keras

    inputs, x = face_input()
    x = stem(x, width)
    for stage, count in enumerate(blocks):
        for _ in range(count):
            x = _basic_block(x, 2**stage * width)
    x = _conv(x, 6 * width, 1)
    x = keras.layers.GlobalAveragePooling2D()(x)
    x = keras.layers.Dropout(0.2)(x)
    return keras.Model(inputs, answers(x, heads), name=name)


def _basic_block(x: Any, width: int) -> Any:
    """Two 3×3 convolutions around a shortcut (He et al. 2016); halves the map where it widens."""
    import keras

    stride = 1 if x.shape[-1] == width else 2
    shortcut = x
    if stride == 2:
        # Averaging first uses all pixels; a strided 1×1 convolution reads a quarter of them, and crashes
        # TensorFlow 2.21 on maps of 56 px and more.
        shortcut = _conv(keras.layers.AveragePooling2D(2)(x), width, 1, activation=False)
    x = _conv(x, width, 3, stride=stride)
    x = _conv(x, width, 3, activation=False)
    return keras.layers.ReLU(max_value=6)(keras.layers.Add()([x, shortcut]))


def _conv(x: Any, width: int, size: int, *, stride: int = 1, activation: bool = True) -> Any:
    """Convolution and batch normalisation, then ReLU6, whose fixed range quantises well."""
    import keras

    x = keras.layers.Conv2D(
        width, size, strides=stride, padding="same", use_bias=False, kernel_initializer="he_normal"
    )(x)
    x = keras.layers.BatchNormalization()(x)
    return keras.layers.ReLU(max_value=6)(x) if activation else x
