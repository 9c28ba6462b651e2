"""The temperature: found where it is known, and folded in without changing an answer."""

from __future__ import annotations

import numpy as np
import pytest

from mien_models.labels import Emotion, Head
from mien_training.emotion.datasets import NO_LABEL, Faces
from mien_training.emotion.metrics import score
from tests.training.conftest import KERAS_WARNING

pytestmark = [pytest.mark.training, pytest.mark.usefixtures("tensorflow"), KERAS_WARNING]


def drawn(temperature: float) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities that are `temperature` times too sure, and labels drawn from the true ones."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (20000, 7))
    true = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = (true.cumsum(axis=1) > rng.random((20000, 1))).argmax(axis=1)
    stated = np.exp(logits * temperature)
    return (stated / stated.sum(axis=1, keepdims=True)).astype(np.float32), labels


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_right_temperature_is_found(temperature: float) -> None:
    from mien_training.emotion.temperature import fit_temperature

    probabilities, labels = drawn(temperature)
    labels[:100] = NO_LABEL
    assert fit_temperature(probabilities, labels) == pytest.approx(temperature, rel=0.05)


def test_without_labels_nothing_is_changed() -> None:
    from mien_training.emotion.temperature import fit_temperature

    assert fit_temperature(np.full((2, 7), 1 / 7, np.float32), np.full(2, NO_LABEL)) == 1


def test_folded_in_it_calibrates_and_changes_no_answer() -> None:
    import keras

    from mien_training.emotion.temperature import fold_temperatures
    from mien_training.emotion.validation import predict

    rng = np.random.default_rng(1)
    inputs = keras.Input((48, 48, 1))
    features = keras.layers.Flatten()(keras.layers.AveragePooling2D(16)(inputs))
    model = keras.Model(inputs, {"fer": keras.layers.Dense(len(Emotion), "softmax", name="fer")(features)})
    model.get_layer("fer").set_weights([rng.normal(0, 0.2, (9, 7)), rng.normal(0, 1, 7)])
    faces = Faces(
        rng.integers(0, 256, (3000, 48, 48), np.uint8), rng.integers(0, 7, 3000), None, np.array(["x"] * 3000)
    )
    before = predict(model, faces)["fer"]

    temperatures = fold_temperatures(model, (Head.FER,), faces)

    after = predict(model, faces)["fer"]
    assert temperatures["fer"] > 1  # the labels are noise, so it must become unsure
    assert (after.argmax(axis=1) == before.argmax(axis=1)).all()
    assert score(after, faces.fer, tuple(Emotion)).ece < score(before, faces.fer, tuple(Emotion)).ece
