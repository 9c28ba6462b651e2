"""Makes `mini_xception.tflite`, the fixed network that costs are given as ratios against. Needs TensorFlow.

    python benchmarks/reference/mini_xception.py

The layout of mini-Xception (Arriaga et al. 2017, arXiv 1710.07557) at 64×64 pixels in float, 58 k parameters, built from the
paper's description with random weights: its time, not its answers, is what is wanted.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras

FILE = Path(__file__).with_name("mini_xception.tflite")


def build() -> Any:
    """Input float (1, 64, 64, 1); output seven probabilities."""
    inputs = keras.Input((64, 64, 1), batch_size=1)
    x = inputs
    for _ in range(2):
        x = _normalised(keras.layers.Conv2D(8, 3, use_bias=False)(x))
    for width in (16, 32, 64, 128):
        shortcut = keras.layers.Conv2D(width, 1, strides=2, padding="same", use_bias=False)(x)
        shortcut = keras.layers.BatchNormalization()(shortcut)
        x = _normalised(keras.layers.SeparableConv2D(width, 3, padding="same", use_bias=False)(x))
        x = keras.layers.SeparableConv2D(width, 3, padding="same", use_bias=False)(x)
        x = keras.layers.BatchNormalization()(x)
        x = keras.layers.MaxPooling2D(3, strides=2, padding="same")(x)
        x = keras.layers.Add()([x, shortcut])
    x = keras.layers.Conv2D(7, 3, padding="same")(x)
    return keras.Model(inputs, keras.layers.Softmax()(keras.layers.GlobalAveragePooling2D()(x)))


def _normalised(x: Any) -> Any:
    return keras.layers.ReLU()(keras.layers.BatchNormalization()(x))


if __name__ == "__main__":
    keras.utils.set_random_seed(0)
    network = build()
    network.export(str(FILE), format="litert", verbose=False)
    print(f"{FILE}: {network.count_params()} parameters, {FILE.stat().st_size} bytes")
