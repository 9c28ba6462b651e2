"""The network as it trains is the network that is saved."""

from __future__ import annotations

import numpy as np
import pytest

from mien_models.labels import Head
from mien_training.emotion.networks import ARCHITECTURES
from tests.training.conftest import KERAS_WARNING

pytestmark = [pytest.mark.training, pytest.mark.usefixtures("tensorflow"), KERAS_WARNING]

FACES = np.random.default_rng(0).uniform(0, 255, (16, 48, 48, 1)).astype(np.float32)


# They take half a minute each, and bring no kind of layer that the others do not have.
LARGE = {"alexnet", "vgg16"}


@pytest.mark.parametrize(
    ("name", "precision", "tolerance"),
    [
        *(pytest.param(name, "float32", 1e-5, marks=[pytest.mark.slow] * (name in LARGE)) for name in ARCHITECTURES),
        *((name, "bfloat16", 0.05) for name in ARCHITECTURES if name not in LARGE),
    ],
)
def test_the_copy_answers_alike_before_and_after_a_step(name: str, precision: str, tolerance: float) -> None:
    import keras

    from mien_training.precision import for_training

    keras.utils.set_random_seed(0)
    network = ARCHITECTURES[name].build((Head.FER,))
    copy = for_training(network, precision)
    targets = {"fer": np.eye(7, dtype=np.float32)[np.arange(16) % 7]}
    copy.compile(keras.optimizers.SGD(0.01), {"fer": "categorical_crossentropy"})
    kept = network.get_weights()
    for _ in range(3):
        copy.train_on_batch(FACES, targets)
    assert all((a == b).all() for a, b in zip(network.get_weights(), kept, strict=True))

    network.set_weights(copy.get_weights())

    assert copy.predict(FACES, verbose=0)["fer"].dtype == np.float32
    expected = network.predict(FACES, verbose=0)["fer"]
    np.testing.assert_allclose(copy.predict(FACES, verbose=0)["fer"], expected, atol=tolerance)
    assert {weight.dtype for weight in copy.get_weights()} == {np.dtype(np.float32)}


def test_fused_normalisation_learns_what_keras_own_learns() -> None:
    import keras

    from mien_training.precision import for_training

    def network() -> keras.Model:
        keras.utils.set_random_seed(0)
        inputs = keras.Input((48, 48, 1))
        x = keras.layers.BatchNormalization()(keras.layers.Conv2D(4, 3)(inputs))
        return keras.Model(inputs, {"fer": keras.layers.Dense(7, "softmax")(keras.layers.GlobalMaxPooling2D()(x))})

    own, fused = network(), for_training(network(), "float32")
    assert type(fused.layers[2]).__name__ == "_FusedNormalization"
    for model in (own, fused):
        model.compile(keras.optimizers.SGD(0.01), {"fer": "categorical_crossentropy"})
        for _ in range(5):
            model.train_on_batch(FACES, {"fer": np.eye(7, dtype=np.float32)[np.arange(16) % 7]})
    for a, b in zip(own.get_weights(), fused.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-2, atol=1e-3)
