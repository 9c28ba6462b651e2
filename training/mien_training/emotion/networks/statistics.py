"""Batch normalisation for weights that come from a network without any."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

_SAMPLE = 512  # faces to measure the activations on


def set_affine(normalisation: Any, scale: npt.NDArray[np.float32], offset: npt.NDArray[np.float32]) -> None:
    """Make a batch normalisation compute scale · x + offset (k,), normalising nothing yet."""
    still = np.zeros_like(scale), np.full_like(scale, 1 - normalisation.epsilon)
    normalisation.set_weights([scale, offset, *still])


def measure_statistics(model: Any, pairs: Sequence[tuple[Any, Any]], faces: npt.NDArray[np.uint8]) -> None:
    """Give each normalisation the statistics of its convolution on `faces` (n, 48, 48), with gamma and beta that undo them.

    `pairs` are (convolution, normalisation) of `model`. It computes what it did before, and can be trained on: in training
    the statistics of a batch take the place of these.
    """
    import keras

    trunk = keras.Model(model.inputs, {str(i): convolution.output for i, (convolution, _) in enumerate(pairs)})
    rows = np.random.default_rng(0).permutation(len(faces))[:_SAMPLE]
    activations = trunk.predict(faces[rows][..., np.newaxis].astype(np.float32), batch_size=64, verbose=0)
    for i, (_, normalisation) in enumerate(pairs):
        values = activations[str(i)]
        mean, variance = values.mean(axis=(0, 1, 2)), values.var(axis=(0, 1, 2))
        scale, offset = normalisation.get_weights()[:2]
        spread = np.sqrt(variance + normalisation.epsilon)
        normalisation.set_weights([scale * spread, offset + scale * mean, mean, variance])
