"""From faces to probabilities, with the tiny model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mien_models.errors import ManifestError, ModelError
from mien_models.labels import CONTEMPT, HEAD_LABELS, Emotion, Head
from mien_models.manifest import ModelFile, Tensor
from mien_models.runner import Classifier, dequantize, quantize
from mien_models.runtime import Accelerator
from tests.make_tiny_model import PICTURES, TINY_MODEL, picture

Edit = Callable[[Callable[[dict[str, Any]], object]], None]


def tensor(dtype: str, scale: float, zero_point: int) -> Tensor:
    return Tensor.model_validate({"name": "x", "shape": [1], "dtype": dtype, "scale": scale, "zero_point": zero_point})


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier.open(TINY_MODEL)


def test_pixels_are_quantised_exactly() -> None:
    pixels = np.arange(256, dtype=np.uint8)

    integers = quantize(pixels, tensor("int8", 1.0, -128))

    assert integers.dtype == np.int8
    assert integers.tolist() == list(range(-128, 128))
    assert quantize(pixels, tensor("uint8", 1.0, 0)).tolist() == list(range(256))


def test_quantize_rounds_to_the_nearest() -> None:
    assert quantize(np.array([0.9, -0.9, 1.4, 1.6]), tensor("int8", 1.0, 0)).tolist() == [1, -1, 1, 2]


def test_quantize_clips_and_never_wraps() -> None:
    values = np.array([-1e9, -200, 200, 255, 1e9])

    assert quantize(values, tensor("int8", 1.0, 0)).tolist() == [-128, -128, 127, 127, 127]
    assert quantize(values, tensor("uint8", 1.0, 0)).tolist() == [0, 0, 200, 255, 255]


def test_dequantize_widens_before_it_subtracts() -> None:
    probabilities = dequantize(np.array([-128, 0, 127], np.int8), tensor("int8", 1 / 256, -128))

    assert probabilities.dtype == np.float32
    assert probabilities.tolist() == [0, 0.5, 255 / 256]


@given(st.sampled_from([("int8", -128, 127), ("uint8", 0, 255)]), st.floats(1e-3, 1e3), st.data())
def test_every_integer_survives_there_and_back(kind: tuple[str, int, int], scale: float, data: st.DataObject) -> None:
    dtype, low, high = kind
    quantised = tensor(dtype, scale, data.draw(st.integers(low, high)))
    integers = np.arange(low, high + 1).astype(dtype)

    assert (quantize(dequantize(integers, quantised), quantised) == integers).all()


@pytest.mark.parametrize("emotion", Emotion)
def test_each_picture_is_read_as_its_emotion_and_no_other(classifier: Classifier, emotion: Emotion) -> None:
    probabilities = classifier.read(picture(emotion)).probabilities

    assert probabilities.shape == (7,)
    assert probabilities.dtype == np.float32
    assert list(Emotion)[probabilities.argmax()] is emotion
    assert probabilities.max() > 0.9
    assert probabilities.sum() == pytest.approx(1)


@pytest.mark.parametrize("label", PICTURES)
def test_heads_are_told_apart(classifier: Classifier, label: str) -> None:
    scores = classifier.scores(picture(label))

    assert {head: values.shape for head, values in scores.items()} == {Head.FER: (7,), Head.FERPLUS: (8,)}
    assert HEAD_LABELS[Head.FERPLUS][scores[Head.FERPLUS].argmax()] == label
    # The FER head was made less sure: a mix-up of the two would show.
    assert scores[Head.FER].max() < scores[Head.FERPLUS].max()


def test_contempt_is_dropped(classifier: Classifier) -> None:
    probabilities = classifier.read(picture(CONTEMPT)).probabilities

    assert list(Emotion)[probabilities.argmax()] is Emotion.NEUTRAL
    assert probabilities.sum() == pytest.approx(1)


def test_the_answer_comes_from_the_head_that_the_manifest_names(
    model: Path, edit: Edit, classifier: Classifier
) -> None:
    edit(lambda m: m.update(answer="fer"))
    other = Classifier.open(model)
    face = picture(Emotion.HAPPY)

    assert other.read(face).probabilities == pytest.approx(
        classifier.scores(face)[Head.FER] / classifier.scores(face)[Head.FER].sum()
    )
    assert other.heads == (Head.FER, Head.FERPLUS)


def test_outputs_are_found_by_name_whatever_their_order(model: Path, edit: Edit, classifier: Classifier) -> None:
    edit(lambda m: m["outputs"].reverse())
    face = picture(Emotion.FEAR)
    expected = classifier.scores(face)

    scores = Classifier.open(model).scores(face)

    assert all((scores[head] == expected[head]).all() for head in expected)


def test_two_faces_do_not_share_memory(classifier: Classifier) -> None:
    first = classifier.read(picture(Emotion.HAPPY)).probabilities
    kept = first.copy()
    classifier.read(picture(Emotion.SAD))

    assert (first == kept).all()


@pytest.mark.parametrize(
    "face", [np.zeros((48, 47), np.uint8), np.zeros((48, 48), np.float32), np.zeros((1, 48, 48, 1), np.uint8)]
)
def test_what_is_no_face_is_refused(classifier: Classifier, face: Any) -> None:
    with pytest.raises(ValueError, match=r"a face is uint8 \(48, 48\)"):
        classifier.scores(face)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda m: m["input"].update(name="face"), "tensor 'face' is not among"),
        (lambda m: m["input"].update(shape=[1, 64, 64, 1]), "'input.shape' is (1, 64, 64, 1)"),
        (lambda m: m["input"].update(scale=0.5), "the manifest says int8 (1, 48, 48, 1) scale 0.5"),
        (lambda m: m["input"].update(zero_point=0), "the manifest says int8 (1, 48, 48, 1) scale 1 zero point 0"),
        (lambda m: m["input"].update(dtype="uint8"), "the manifest says uint8"),
        (lambda m: m["outputs"][0].update(name=m["outputs"][1]["name"]), "is int8 (1, 8)"),
        (lambda m: m["outputs"][1].update(scale=0.0039), "scale 0.00390625"),
    ],
)
def test_a_manifest_that_says_something_else_is_refused(
    model: Path, edit: Edit, change: Callable[[dict[str, Any]], object], expected: str
) -> None:
    edit(change)

    with pytest.raises(ManifestError) as caught:
        Classifier.open(model)

    assert expected in str(caught.value)


def test_a_file_that_is_no_model_is_refused(model: Path, edit: Edit) -> None:
    path = model / "emotion_int8.tflite"
    path.write_bytes(path.read_bytes()[:1000])
    edit(lambda m: m.update(file=ModelFile.of(path).model_dump()))

    with pytest.raises(ModelError, match="mien-convert quantize") as caught:
        Classifier.open(model)

    assert str(path) in str(caught.value)


def test_the_accelerator_in_use_is_told(classifier: Classifier) -> None:
    assert classifier.accelerator is Accelerator.CPU
