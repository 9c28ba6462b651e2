"""The network: plain 3×3 convolutions down to a thirty-second, and a small head on each of three grids.

Only operators that the Edge TPU has. Plain convolutions train three times as fast as depthwise ones of as many
parameters on a processor, and are as fast in int8; depthwise ones are left to the heads, where they save parameters.
"""

from __future__ import annotations

from typing import Any

import keras

from mien_models.cells import LEVELS, NUMBERS

_STEM = (16, 24)
_WIDTHS = (40, 64, 64)
"""Channels of the grids of stride 8, 16 and 32."""
_RARE = -4.6
"""Logit of a face before anything is learned: one cell in a hundred (Lin et al. 2017, section 4.1)."""


def build(height: int, width: int) -> Any:
    """A finder for grey pictures (height, width, 1) of 0…255, multiples of 16.

    Its outputs are `score_8`, `shape_8` and so on, by the stride of the grid: logits and numbers (`mien_models.cells`).
    """
    pixels = keras.Input((height, width, 1), name="pixels")
    x = keras.layers.Rescaling(1 / 255)(pixels)
    for channels in _STEM:
        x = _conv(x, channels, stride=2)
    x = _conv(x, _STEM[-1])
    grids = []
    for index, channels in enumerate(_WIDTHS):
        x = _conv(x, channels, stride=2)
        x = _residual(x, channels) if index < 2 else _conv(x, channels)
        grids.append(x)
    # What the next coarser grid knows of the surroundings helps to find small faces.
    context = keras.layers.UpSampling2D(2, interpolation="bilinear")(_point(grids[1], _WIDTHS[0]))
    grids[0] = keras.layers.ReLU()(keras.layers.Add()([grids[0], context]))
    outputs = []
    for level, grid in zip(LEVELS, grids, strict=True):
        outputs += _head(grid, level.stride)
    return keras.Model(pixels, outputs, name="finder")


def with_rows(model: Any) -> Any:
    """The same network with one output (cells, 15) of all grids: the score, then the numbers. For training."""
    rows = []
    outputs = dict(zip(model.output_names, model.outputs, strict=True))
    for level in LEVELS:
        both = keras.layers.Concatenate(dtype="float32")([outputs[f"{n}_{level.stride}"] for n in ("score", "shape")])
        rows.append(keras.layers.Reshape((-1, 1 + NUMBERS), dtype="float32")(both))
    return keras.Model(model.input, keras.layers.Concatenate(axis=1, dtype="float32")(rows), name=model.name)


def _head(x: Any, stride: int) -> list[Any]:
    channels = x.shape[-1]
    x = keras.layers.DepthwiseConv2D(3, padding="same", use_bias=False)(x)
    x = keras.layers.ReLU()(_norm()(x))
    x = keras.layers.ReLU()(_point(x, channels))
    rare = keras.initializers.Constant(_RARE)
    return [
        keras.layers.Conv2D(1, 1, bias_initializer=rare, name=f"score_{stride}")(x),
        keras.layers.Conv2D(NUMBERS, 1, name=f"shape_{stride}")(x),
    ]


def _residual(x: Any, channels: int) -> Any:
    """Two convolutions beside a shortcut (He et al. 2016)."""
    y = _conv(x, channels)
    y = keras.layers.Conv2D(channels, 3, padding="same", use_bias=False)(y)
    y = _norm()(y)
    return keras.layers.ReLU()(keras.layers.Add()([x, y]))


def _conv(x: Any, channels: int, stride: int = 1) -> Any:
    x = keras.layers.Conv2D(channels, 3, strides=stride, padding="same", use_bias=False)(x)
    return keras.layers.ReLU()(_norm()(x))


def _norm() -> Any:
    # A short memory: the statistics are measured anew, with few batches, for the running average of the weights.
    return keras.layers.BatchNormalization(momentum=0.9)


def _point(x: Any, channels: int) -> Any:
    return _norm()(keras.layers.Conv2D(channels, 1, use_bias=False)(x))
