"""Accuracy on the validation faces while and after a network trains."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from mien_models.labels import HEAD_LABELS, Head
from mien_training.average import running_average
from mien_training.emotion.datasets import Faces
from mien_training.emotion.metrics import Scores, score

_BATCH = 256


def validate(model: Any, faces: Faces, heads: tuple[Head, ...]) -> dict[str, float]:
    """Validation accuracy by head, of the weights as they are and, where there is one, of their running average."""
    accuracies = {head.value: scores.accuracy for head, scores in score_heads(model, faces, heads).items()}
    if not model.optimizer.use_ema:
        return accuracies
    with running_average(model):
        averages = {f"{head} averaged": scores.accuracy for head, scores in score_heads(model, faces, heads).items()}
    return accuracies | averages


def score_heads(model: Any, faces: Faces, heads: tuple[Head, ...]) -> dict[Head, Scores]:
    """How well each head of the model answers on the faces that have a label of it."""
    probabilities = predict(model, faces)
    return {head: score(probabilities[head.value], faces.labels(head), HEAD_LABELS[head]) for head in heads}


def predict(model: Any, faces: Faces) -> dict[str, npt.NDArray[np.float32]]:
    """Each head's probabilities (n, k), by its name.

    Raises:
        FloatingPointError: they are no numbers: the last step of an epoch was one too far.

    """
    n = len(faces)
    whole = -(-n // _BATCH) * _BATCH  # devices that share batches want every one of them whole
    pixels = np.zeros((whole, *faces.pixels.shape[1:], 1), np.float32)
    pixels[:n, ..., 0] = faces.pixels
    answers: dict[str, npt.NDArray[np.float32]] = model.predict(pixels, batch_size=_BATCH, verbose=0)
    if not all(np.isfinite(table).all() for table in answers.values()):
        raise FloatingPointError("the answers to the validation faces are no numbers")
    return {head: np.asarray(table[:n]) for head, table in answers.items()}
