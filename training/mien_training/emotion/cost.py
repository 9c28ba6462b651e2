"""What a network costs: multiply-adds, and the size and time of its int8 model."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mien_models.runner import Classifier
from mien_models.validation import Strict

_WARM_UP, _TIMED = 10, 100  # faces


class Int8Cost(Strict):
    """The converted model of a run."""

    bytes: int
    """Of its .tflite file."""
    milliseconds: float
    """Median time of a face, from bytes to probabilities, on one thread of this machine."""


def multiply_adds(model: Any) -> int:
    """Multiplications, each with its addition, that one face costs in a Keras model.

    Counted are convolutions, depthwise convolutions and dense layers, biases left out: 'same' padding counts as if the
    border were pixels. Pooling, normalisation (which conversion folds away), activations and resizing are not counted.
    """
    import keras

    total = 0
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D | keras.layers.Dense):
            # A kernel is applied once at each position of its output: one for dense layers.
            positions = math.prod(layer.output.shape[1:-1])
            total += positions * math.prod(layer.kernel.shape)
    return total


def int8_cost(directory: Path, faces: npt.NDArray[np.uint8]) -> Int8Cost:
    """Size of the model directory's network, and its time over the first of `faces` (n, 48, 48).

    Raises:
        ManifestError: `directory` is no model directory.
        ModelError: the model cannot be run.

    """
    classifier = Classifier.open(directory)
    seconds = []
    for number in range(_WARM_UP + _TIMED):
        started = time.perf_counter()
        classifier.scores(faces[number % len(faces)])
        seconds.append(time.perf_counter() - started)
    median = float(np.median(seconds[_WARM_UP:]))
    return Int8Cost(bytes=classifier.manifest.file.bytes, milliseconds=round(1000 * median, 3))
