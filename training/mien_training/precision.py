"""The network as it trains fastest: lower precision, and batch normalisation in one operator."""

from __future__ import annotations

from typing import Any

import keras

_PICTURES = 4  # dimensions of a batch of maps: the fused operator takes no other


def for_training(model: Any, precision: str) -> Any:
    """A copy of `model`, same weights in the same order, whose layers but the heads compute in `precision`.

    The heads stay in float32, as do all weights: probabilities and small steps need the digits. The copy is for
    training alone; save the original.
    """
    policy = "mixed_bfloat16" if precision == "bfloat16" else "float32"
    fused = keras.backend.backend() == "tensorflow"

    def copy(layer: Any) -> Any:
        settings = layer.get_config()
        if not isinstance(layer, keras.layers.Dense):
            settings["dtype"] = policy
        kind = type(layer)
        if fused and kind is keras.layers.BatchNormalization and len(layer.input.shape) == _PICTURES:
            kind = _FusedNormalization
        return kind.from_config(settings)

    clone = keras.models.clone_model(model, clone_function=copy)
    clone.set_weights(model.get_weights())
    return clone


class _FusedNormalization(keras.layers.BatchNormalization):  # type: ignore[misc]  # Keras is untyped
    """Batch normalisation through TensorFlow's fused operator.

    Keras builds it from a dozen operators in float32, with which a step of `mien-small` takes two fifths longer
    (`benchmarks/training_step.py`). The variance that it keeps is the unbiased one.
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        import tensorflow as tf

        fused = tf.compat.v1.nn.fused_batch_norm
        if not training:
            moving = {"mean": self.moving_mean.value, "variance": self.moving_variance.value}
            return fused(inputs, self.gamma.value, self.beta.value, **moving, epsilon=self.epsilon, is_training=False)[
                0
            ]
        outputs, mean, variance = fused(
            inputs, self.gamma.value, self.beta.value, epsilon=self.epsilon, is_training=True
        )[:3]
        for kept, new in ((self.moving_mean, mean), (self.moving_variance, variance)):
            kept.assign(kept * self.momentum + new * (1 - self.momentum))
        return outputs
