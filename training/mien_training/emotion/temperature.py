"""Probabilities that mean what they say: one temperature for each head, folded into its weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mien_models.labels import Head
from mien_training.emotion.datasets import NO_LABEL, Faces
from mien_training.emotion.validation import predict

_TEMPERATURES = np.exp(np.linspace(np.log(0.2), np.log(5), 400))


def fold_temperatures(model: Any, heads: tuple[Head, ...], validation: Faces) -> dict[str, float]:
    """Divide each head's logits by the temperature that fits `validation` best; returns the temperatures by head.

    Temperature scaling (Guo et al. 2017) changes no answer, only how sure the model is. It is a factor of the last
    layer's weights, so it costs nothing. Mixup and soft labels leave a network less sure than it should be: expect < 1.
    """
    probabilities = predict(model, validation)
    temperatures = {}
    for head in heads:
        temperature = fit_temperature(probabilities[head.value], validation.labels(head))
        layer = model.get_layer(head.value)
        layer.set_weights([weight / temperature for weight in layer.get_weights()])
        temperatures[head.value] = temperature
    return temperatures


def fit_temperature(probabilities: npt.NDArray[np.float32], truth: npt.NDArray[np.int64]) -> float:
    """The temperature under which probabilities (n, k) give the true labels (n,) the highest likelihood.

    Rows whose label is `NO_LABEL` do not count; without any other it is 1.
    """
    rows = truth != NO_LABEL
    if not rows.any():
        return 1.0
    logits = np.log(np.maximum(probabilities[rows].astype(np.float64), 1e-12))
    right = np.arange(len(logits)), truth[rows]

    def loss(temperature: float) -> float:
        scaled = logits / temperature
        return float(np.mean(np.logaddexp.reduce(scaled, axis=1) - scaled[right]))

    return float(min(_TEMPERATURES, key=loss))
