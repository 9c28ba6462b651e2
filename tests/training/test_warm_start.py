"""Beginning with an int8 model: its floats answer as it does, can be trained on, and nothing else is taken for it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mien_models.errors import ConfigError, ManifestError, ModelError
from mien_models.labels import HEAD_LABELS, Head
from mien_models.runner import Classifier
from mien_models.shipped import find_model
from mien_training import runs
from mien_training.__main__ import main
from mien_training.emotion.datasets import Faces, Usage, split
from mien_training.emotion.networks import ARCHITECTURES, Architecture
from tests.make_tiny_model import TINY_MODEL, noisy_pictures
from tests.training.conftest import KERAS_WARNING, Dataset
from tests.training.tiny_training import arguments

pytestmark = [pytest.mark.training, pytest.mark.usefixtures("tensorflow"), KERAS_WARNING]

PICTURES = noisy_pictures(np.random.default_rng(0), 5)[0]


def tiny_convolution(heads: tuple[Head, ...]) -> Any:
    """The architecture of tests' tiny model, with the normalisation that its file would have folded."""
    import keras

    inputs = keras.Input((48, 48, 1))
    x = keras.layers.Rescaling(1 / 255)(inputs)
    x = keras.layers.Conv2D(1, 16, strides=16, use_bias=False)(x)
    x = keras.layers.Flatten()(keras.layers.BatchNormalization()(x))
    outputs = {head.value: keras.layers.Dense(len(HEAD_LABELS[head]), "softmax", name=head.value)(x) for head in heads}
    return keras.Model(inputs, outputs, name="tiny_convolution")


def pixels(faces: np.ndarray) -> np.ndarray:
    return faces[..., np.newaxis].astype(np.float32)


def test_the_floats_answer_as_the_int8_model_does() -> None:
    from mien_training.emotion.evaluate import read_faces
    from mien_training.emotion.warm_start import begin_with

    network = tiny_convolution((Head.FERPLUS, Head.FER, Head.READABLE))  # a head that the model does not have
    begin_with(network, [str(TINY_MODEL)], PICTURES)

    wanted = read_faces(Classifier.open(TINY_MODEL), PICTURES)
    answers = network(pixels(PICTURES))
    for head in (Head.FER, Head.FERPLUS):
        np.testing.assert_allclose(answers[head], wanted[head], atol=0.03)
    # In training the statistics of the batch take the place of those of the faces: nearly the same.
    training = network(pixels(PICTURES), training=True)
    np.testing.assert_allclose(training["ferplus"], answers["ferplus"], atol=0.03)


def test_the_shipped_model_is_taken_up_again(real_faces: Faces) -> None:
    from mien_training.emotion.evaluate import keras_predictor, read_faces
    from mien_training.emotion.networks import ARCHITECTURES
    from mien_training.emotion.warm_start import begin_with

    seen = split(real_faces, Usage.PUBLIC_TEST, Path("fer2013"), 300).pixels
    network = ARCHITECTURES["mien-small"].build(tuple(Head))
    begin_with(network, ["emotion"], split(real_faces, Usage.TRAINING, Path("fer2013"), 300).pixels)

    answers, wanted = keras_predictor(network)(seen), read_faces(Classifier.open(find_model("emotion")), seen)
    for head in Head:
        assert (answers[head].argmax(axis=1) == wanted[head].argmax(axis=1)).mean() > 0.97


def test_of_several_models_it_is_the_mean(tmp_path: Path) -> None:
    """Of a model and one whose convolution is negated nothing is left but what both have."""
    from mien_training.emotion import warm_start
    from mien_training.emotion.int8_weights import Affine, Int8Weights, mean_weights, read_int8_weights

    model = read_int8_weights(TINY_MODEL)
    negated = Int8Weights(
        tuple(Affine(-c.kernel, c.bias + 2) for c in model.convolutions), {Head.FER: model.heads[Head.FER]}
    )
    mean = mean_weights([model, negated])
    assert np.abs(mean.convolutions[0].kernel).max() == 0
    np.testing.assert_allclose(mean.convolutions[0].bias, model.convolutions[0].bias + 1)
    assert list(mean.heads) == [Head.FER]
    np.testing.assert_array_equal(mean.heads[Head.FER].kernel, model.heads[Head.FER].kernel)

    # The mean of a model with itself is that model.
    once, twice = (tiny_convolution((Head.FER,)) for _ in range(2))
    warm_start.begin_with(once, [str(TINY_MODEL)], PICTURES)
    warm_start.begin_with(twice, [str(TINY_MODEL)] * 2, PICTURES)
    np.testing.assert_allclose(twice(pixels(PICTURES))["fer"], once(pixels(PICTURES))["fer"], atol=1e-5)


def test_a_mean_is_of_int8_models_only_and_the_run_names_them(
    make_dataset: Callable[..., Dataset],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(ARCHITECTURES, "tiny-convolution", Architecture("for tests", tiny_convolution))
    dataset, run = make_dataset(), tmp_path / "run"
    both = ["--warm-start", str(TINY_MODEL), "--warm-start", str(TINY_MODEL)]
    assert main(arguments(dataset, run, *both, epochs=1, arch="tiny-convolution")) == 0
    assert json.loads((run / runs.CONFIG).read_text())["warm_start"] == ["tiny_emotion", "tiny_emotion"]
    capsys.readouterr()

    mixed = ["--warm-start", str(TINY_MODEL), "--warm-start", str(run)]
    assert main(arguments(dataset, tmp_path / "mixed", *mixed, epochs=1, arch="tiny-convolution")) == 3
    assert f"--warm-start {run}: a mean is taken of int8 models only; convert it" in capsys.readouterr().err


def test_a_model_of_another_architecture_is_refused(
    make_dataset: Callable[..., Dataset], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = arguments(make_dataset(), tmp_path / "run", "--warm-start", "emotion", epochs=1, arch="mien-nano")
    assert main(command) == 3
    assert (
        "--warm-start emotion: is another network, not a mien_nano; give the --arch it was made with"
        in capsys.readouterr().err
    )


def test_a_network_without_normalisation_begins_with_runs_only() -> None:
    import keras

    from mien_training.emotion.warm_start import begin_with

    inputs = keras.Input((48, 48, 1))
    x = keras.layers.Flatten()(keras.layers.Conv2D(1, 16, strides=16)(inputs))
    network = keras.Model(inputs, {"fer": keras.layers.Dense(7, "softmax", name="fer")(x)}, name="bare")
    with pytest.raises(ConfigError, match="a bare begins with runs only"):
        begin_with(network, [str(TINY_MODEL)], PICTURES)


def test_what_is_no_int8_emotion_model_is_refused(tmp_path: Path) -> None:
    from mien_training.emotion.int8_weights import read_int8_weights

    with pytest.raises(ManifestError, match="kind"):
        read_int8_weights(find_model("faces"))
    with pytest.raises(ModelError, match="neither a model directory nor a shipped model"):
        read_int8_weights(find_model("emotoin"))
    damaged = shutil.copytree(TINY_MODEL, tmp_path / "damaged")
    file = next(damaged.glob("*.tflite"))
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(ManifestError, match="manifest"):
        read_int8_weights(damaged)
