"""Where every architecture begins and ends: the same face comes in, the same heads answer."""

from __future__ import annotations

from typing import Any

from mien_models.labels import HEAD_LABELS, Head
from mien_models.preprocess import FACE_SIZE


def face_input() -> tuple[Any, Any]:
    """The input, float (n, 48, 48, 1) with pixel values 0…255, and the same brought to 0…1."""
    import keras

    inputs = keras.Input((FACE_SIZE, FACE_SIZE, 1), name="face")
    # Without an offset the scaling folds into the first convolution; with one it stays as two operators.
    return inputs, keras.layers.Rescaling(1 / 255)(inputs)


def answers(x: Any, heads: tuple[Head, ...]) -> dict[str, Any]:
    """One softmax over its labels for each head, by its name."""
    import keras

    return {
        head.value: keras.layers.Dense(len(HEAD_LABELS[head]), activation="softmax", name=head.value)(x)
        for head in heads
    }
