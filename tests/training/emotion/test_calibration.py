"""Calibration: found where it is known, folded in exactly, and offsets only where they help."""

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


@pytest.mark.parametrize("offsets", [False, True])
@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_right_temperature_is_found(temperature: float, offsets: bool) -> None:
    from mien_training.emotion.calibration import fit

    probabilities, labels = drawn(temperature)
    labels[:100] = NO_LABEL
    found = fit(probabilities, labels, offsets=offsets)
    assert found.temperature == pytest.approx(temperature, rel=0.05)
    assert np.abs(found.offsets).max() < (0.1 if offsets else 1e-9)


def test_the_right_offsets_are_found() -> None:
    from mien_training.emotion.calibration import Calibration, fit

    probabilities, labels = drawn(2.0)
    shift = np.array([1.0, -0.5, 0, 0, 0.3, 0, -0.8])
    shifted = Calibration(1.0, shift).apply(probabilities)
    found = fit(shifted, labels, offsets=True)
    # A constant added to all of them changes nothing.
    assert found.offsets - found.offsets.mean() == pytest.approx((shift.mean() - shift) / 2, abs=0.06)
    assert found.temperature == pytest.approx(2, rel=0.05)


def test_without_labels_nothing_is_changed() -> None:
    from mien_training.emotion.calibration import fit

    found = fit(np.full((2, 7), 1 / 7, np.float32), np.full(2, NO_LABEL), offsets=True)
    assert found.temperature == 1
    assert not found.offsets.any()


def test_offsets_are_for_where_they_help() -> None:
    from mien_training.emotion.calibration import Calibration, _offsets_help

    probabilities, labels = drawn(1.0)
    assert not _offsets_help(probabilities[:500], labels[:500])  # nothing to mend: fitting only adds noise
    assert _offsets_help(Calibration(1.0, np.array([2.0, 0, 0, 0, 0, 0, 0])).apply(probabilities), labels)
    assert not _offsets_help(probabilities[:4], labels[:4])


def test_certain_and_wrong_is_survived() -> None:
    """Answers of 0 and 1, some of them wrong, as an int8 network or one trained on few faces gives them."""
    from mien_training.emotion.calibration import fit

    rng = np.random.default_rng(0)
    labels = rng.integers(0, 7, 200)
    answers = np.eye(7, dtype=np.float32)[np.where(rng.random(200) < 0.8, labels, 0)]
    found = fit(answers, labels, offsets=True)
    assert 1 < found.temperature < 50
    assert np.isfinite(found.offsets).all()


def test_folded_in_it_calibrates_and_changes_what_it_says() -> None:
    import keras

    from mien_training.emotion.calibration import calibrate
    from mien_training.emotion.validation import predict

    rng = np.random.default_rng(1)
    inputs = keras.Input((48, 48, 1))
    features = keras.layers.Flatten()(keras.layers.AveragePooling2D(16)(inputs))
    model = keras.Model(inputs, {"fer": keras.layers.Dense(len(Emotion), "softmax", name="fer")(features)})
    model.get_layer("fer").set_weights([rng.normal(0, 0.01, (9, 7)), rng.normal(0, 1, 7)])
    faces = Faces(
        rng.integers(0, 256, (3000, 48, 48), np.uint8), rng.integers(0, 7, 3000), None, np.array(["x"] * 3000)
    )
    before = predict(model, faces)["fer"]

    calibration = calibrate(model, (Head.FER,), faces)["fer"]

    after = predict(model, faces)["fer"]
    assert calibration.temperature > 1  # the labels are noise, so it must become unsure
    assert after == pytest.approx(calibration.apply(before), abs=1e-4)
    assert score(after, faces.fer, tuple(Emotion)).ece < score(before, faces.fer, tuple(Emotion)).ece


def test_a_label_is_favoured_as_far_as_nothing_is_lost() -> None:
    """Of 25 neutral faces three are called sad by a hair; the happy ones are far from it."""
    from mien_training.emotion.calibration import Calibration, favour

    neutral, happy, sad = 6, 3, 4
    table = np.full((50, 8), 0.01, np.float32)
    truth = np.array([neutral] * 25 + [happy] * 25)
    table[np.arange(50), truth] = 0.93
    table[:3, neutral], table[:3, sad] = 0.46, 0.48
    plain = Calibration(1.0, np.zeros(8))

    leaning = favour(plain, table, truth, neutral, 0.92)
    assert leaning.temperature == 1
    assert leaning.offsets.tolist() == pytest.approx([0, 0, 0, 0, 0, 0, 0.06, 0])
    assert (leaning.apply(table).argmax(axis=1) == truth).all()

    # As many sad faces that are called so by less than that would be lost: then nothing changes.
    lost = np.full((4, 8), 0.01, np.float32)
    lost[:, neutral], lost[:, sad] = 0.465, 0.475
    table, truth = np.concatenate([table, lost]), np.concatenate([truth, np.full(4, sad)])
    assert not favour(plain, table, truth, neutral, 0.92).offsets.any()

    # Nor where there is no neutral face, or enough of them are called so.
    assert not favour(plain, table, np.full(54, NO_LABEL), neutral, 0.92).offsets.any()
    assert not favour(plain, table[3:50], truth[3:50], neutral, 0.92).offsets.any()
