"""Beginning with an int8 model: its floats answer as it does, can be trained on, and nothing else is taken for it."""

from __future__ import annotations

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
from mien_training.__main__ import main
from mien_training.emotion.datasets import Faces, Usage, split
from tests.make_tiny_model import TINY_MODEL, noisy_pictures
from tests.training.conftest import KERAS_WARNING, Dataset
from tests.training.emotion.tiny_training import arguments

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
    from mien_training.emotion.predictors import read_faces
    from mien_training.emotion.warm_start import begin_with

    network = tiny_convolution((Head.FERPLUS, Head.FER, Head.READABLE))  # a head that the model does not have
    begin_with(network, str(TINY_MODEL), PICTURES)

    wanted = read_faces(Classifier.open(TINY_MODEL), PICTURES)
    answers = network(pixels(PICTURES))
    for head in (Head.FER, Head.FERPLUS):
        np.testing.assert_allclose(answers[head], wanted[head], atol=0.03)
    # In training the statistics of the batch take the place of those of the faces: nearly the same.
    training = network(pixels(PICTURES), training=True)
    np.testing.assert_allclose(training["ferplus"], answers["ferplus"], atol=0.03)


def deeper_small(heads: tuple[Head, ...]) -> Any:
    """As `mien-small`, with a block more at each size."""
    from mien_training.emotion.networks import mien

    return mien._mien(heads, 32, "deeper", (3, 4, 3))


def test_the_shipped_model_is_taken_up_again(real_faces: Faces) -> None:
    from mien_training.emotion.networks import ARCHITECTURES
    from mien_training.emotion.predictors import keras_predictor, read_faces
    from mien_training.emotion.warm_start import begin_with

    seen = split(real_faces, Usage.PUBLIC_TEST, Path("fer2013"), 300).pixels
    network = ARCHITECTURES["mien-small"].build(tuple(Head))
    begin_with(network, "emotion", split(real_faces, Usage.TRAINING, Path("fer2013"), 300).pixels)

    answers, wanted = keras_predictor(network)(seen), read_faces(Classifier.open(find_model("emotion")), seen)
    for head in Head:
        assert (answers[head].argmax(axis=1) == wanted[head].argmax(axis=1)).mean() > 0.97


@pytest.mark.parametrize(("model", "arch"), [("emotion", "mien-small"), ("emotion-nano", "mien-nano")])
def test_what_is_shipped_is_of_an_architecture_that_there_is(model: str, arch: str) -> None:
    from mien_training.emotion.networks import ARCHITECTURES
    from mien_training.emotion.warm_start import begin_with

    network = ARCHITECTURES[arch].build(tuple(Head))
    begin_with(network, model, PICTURES)
    assert_answers_as_shipped(network, model)


def assert_answers_as_shipped(network: Any, model: str) -> None:
    from mien_training.emotion.predictors import keras_predictor, open_predictor

    answers, wanted = keras_predictor(network)(PICTURES), open_predictor(model)(PICTURES)
    for head in answers:
        np.testing.assert_allclose(answers[head], wanted[head], atol=0.1)


def learn(network: Any) -> None:
    network.compile("adam", {"fer": "categorical_crossentropy"})
    targets = {"fer": np.eye(7, dtype=np.float32)[np.arange(len(PICTURES)) % 7]}
    network.fit(pixels(PICTURES), targets, epochs=2, verbose=0)


def all_of_it_learns(network: Any) -> bool:
    """Whether nothing is stuck, least of all what adds nothing yet."""
    before = [weight.copy() for weight in network.get_weights()]
    learn(network)
    return all((a != b).any() for a, b in zip(before, network.get_weights(), strict=True))


def test_a_deeper_network_begins_with_an_int8_model() -> None:
    from mien_training.emotion.warm_start import begin_with

    network = deeper_small((Head.FER,))
    begin_with(network, "emotion", PICTURES)
    assert_answers_as_shipped(network, "emotion")
    assert all_of_it_learns(network)


def test_a_network_that_halves_at_once_begins_with_an_int8_model_that_halves_later() -> None:
    from mien_training.emotion.networks import mien
    from mien_training.emotion.warm_start import begin_with

    network = mien._mien((Head.FER,), 32, "in_phases", stem=mien._stem_in_phases)
    begin_with(network, "emotion", PICTURES)
    assert_answers_as_shipped(network, "emotion")
    assert all_of_it_learns(network)


def test_and_with_a_run_of_which_it_computes_the_very_same(tmp_path: Path) -> None:
    import keras

    from mien_training.emotion.networks import mien
    from mien_training.emotion.warm_start import begin_with

    keras.utils.set_random_seed(0)
    plain = mien._mien((Head.FER,), 4, "plain", (1, 1, 1))
    learn(plain)
    plain.save(tmp_path / "plain.keras")

    network = mien._mien((Head.FER,), 4, "in_phases", (1, 1, 1), mien._stem_in_phases)
    begin_with(network, str(tmp_path / "plain.keras"), PICTURES)
    wanted = np.asarray(plain(pixels(PICTURES))["fer"])
    assert np.ptp(wanted, axis=0).max() > 1e-3
    np.testing.assert_allclose(network(pixels(PICTURES))["fer"], wanted, atol=1e-5)
    with pytest.raises(ConfigError, match=r"plain\.keras: is a plain, not a wider"):
        begin_with(
            mien._mien((Head.FER,), 8, "wider", (1, 1, 1), mien._stem_in_phases),
            str(tmp_path / "plain.keras"),
            PICTURES,
        )


def deep(blocks: int, width: int = 4) -> Any:
    """A residual network of so many blocks, as our own family is made of."""
    import keras

    from mien_training.emotion.networks import mien

    inputs = keras.Input((48, 48, 1))
    x = keras.layers.AveragePooling2D(12)(keras.layers.Rescaling(1 / 255)(inputs))
    x = mien._conv(x, width, 3)
    for _ in range(blocks):
        x = mien._basic_block(x, width)
    outputs = {"fer": keras.layers.Dense(7, "softmax", name="fer")(keras.layers.Flatten()(x))}
    return keras.Model(inputs, outputs, name=f"deep_{blocks}")


def test_a_deeper_network_begins_with_the_answers_of_a_shallower_one(tmp_path: Path) -> None:
    import keras

    from mien_training.emotion.warm_start import begin_with

    keras.utils.set_random_seed(0)
    shallow, deeper = deep(1), deep(3)
    learn(shallow)
    shallow.save(tmp_path / "shallow.keras")

    begin_with(deeper, str(tmp_path / "shallow.keras"), PICTURES)
    wanted = np.asarray(shallow(pixels(PICTURES))["fer"])
    assert np.ptp(wanted, axis=0).max() > 1e-3
    np.testing.assert_allclose(deeper(pixels(PICTURES))["fer"], wanted, atol=1e-6)
    assert all_of_it_learns(deeper)


def test_several_of_one_descent_give_the_mean_of_their_weights(tmp_path: Path) -> None:
    import keras

    from mien_training.emotion.warm_start import begin_with, begin_with_mean

    keras.utils.set_random_seed(0)
    first = deep(1)
    learn(first)
    first.save(tmp_path / "first.keras")
    second = deep(1)
    begin_with(second, str(tmp_path / "first.keras"), PICTURES)
    learn(second)
    second.save(tmp_path / "second.keras")

    network = deep(1)
    begin_with_mean(network, [str(tmp_path / "first.keras"), str(tmp_path / "second.keras")], PICTURES)
    for mean, a, b in zip(*(each.get_weights() for each in (network, first, second)), strict=True):
        np.testing.assert_allclose(mean, (a + b) / 2, rtol=1e-6)
    assert all_of_it_learns(network)


@pytest.mark.parametrize("first", [Head.FER, Head.FERPLUS])
def test_a_head_is_the_mean_of_those_that_have_it(first: Head, tmp_path: Path) -> None:
    import keras

    from mien_training.emotion.warm_start import begin_with_mean

    keras.utils.set_random_seed(0)
    both = tiny_convolution((Head.FER, Head.FERPLUS))
    both.save(tmp_path / "both.keras")
    alone = tiny_convolution((first,))
    alone.set_weights([*both.get_weights()[:-4], *(2 * weight for weight in both.get_layer(first).get_weights())])
    alone.save(tmp_path / "alone.keras")

    for sources in (["both", "alone"], ["alone", "both"]):
        network = tiny_convolution((Head.READABLE, Head.FERPLUS, Head.FER))
        untrained = network.get_layer("readable").get_weights()
        names = [str(tmp_path / f"{source}.keras") for source in sources]
        assert begin_with_mean(network, names, PICTURES) == {"fer", "ferplus"}
        for head in (Head.FER, Head.FERPLUS):
            factor = 1.5 if head is first else 1
            wanted = factor * both.get_layer(head).get_weights()[0]
            np.testing.assert_allclose(network.get_layer(head).get_weights()[0], wanted, rtol=1e-5)
        np.testing.assert_array_equal(network.get_layer("readable").get_weights()[0], untrained[0])


def test_weights_that_mean_another_thing_have_no_mean(tmp_path: Path) -> None:
    """The same network with its channels in another order: each half is right, their mean is not."""
    from mien_training.emotion.networks import ARCHITECTURES
    from mien_training.emotion.warm_start import begin_with, begin_with_mean

    network = ARCHITECTURES["mien-small"].build((Head.FER,))
    begin_with(network, "emotion", PICTURES)
    *trunk, kernel, bias = network.get_weights()
    order = np.random.default_rng(0).permutation(len(kernel))
    # The last convolution (1, 1, a, b) and its normalisation, 4 × (b,), then the head (b, 7).
    network.set_weights([*trunk[:-5], *(weight[..., order] for weight in trunk[-5:]), kernel[order], bias])
    assert_answers_as_shipped(network, "emotion")
    network.save(tmp_path / "other_order.keras")

    with pytest.raises(ConfigError, match=r"emotion and .*: their mean answers as none of them does"):
        begin_with_mean(network, ["emotion", str(tmp_path / "other_order.keras")], PICTURES)


def test_networks_that_only_begin_like_one_that_halves_later_are_refused(tmp_path: Path) -> None:
    import keras

    from mien_training.emotion.networks import mien
    from mien_training.emotion.warm_start import begin_with

    def short(normalised: bool, convolutions: int) -> Any:
        x = inputs = keras.Input((48, 48, 1))
        for _ in range(convolutions):
            x = keras.layers.Conv2D(4, 3, padding="same", use_bias=False)(x)
            x = keras.layers.BatchNormalization()(x) if normalised else x
        outputs = {"fer": keras.layers.Dense(7, "softmax", name="fer")(keras.layers.GlobalAveragePooling2D()(x))}
        return keras.Model(inputs, outputs, name="short")

    for normalised, convolutions in ((True, 0), (True, 1), (False, 3), (True, 3)):
        short(normalised, convolutions).save(tmp_path / "short.keras")
        network = mien._mien((Head.FER,), 4, "in_phases", (1, 1, 1), mien._stem_in_phases)
        with pytest.raises(ConfigError, match=r"short\.keras: is a short, not a in_phases"):
            begin_with(network, str(tmp_path / "short.keras"), PICTURES)


@pytest.mark.parametrize("other", [deep, tiny_convolution])
def test_a_network_that_is_not_within_the_other_is_refused(other: Callable[..., Any], tmp_path: Path) -> None:
    from mien_training.emotion.warm_start import begin_with

    (deep(1, width=8) if other is deep else tiny_convolution((Head.FER,))).save(tmp_path / "other.keras")
    with pytest.raises(ConfigError, match=r"other\.keras: is a .*, not a deep_2"):
        begin_with(deep(2), str(tmp_path / "other.keras"), PICTURES)


def test_one_that_answers_otherwise_though_all_weights_have_a_place_is_refused(tmp_path: Path) -> None:
    import keras

    from mien_training.emotion.warm_start import begin_with

    def chain(convolutions: int) -> Any:
        inputs = keras.Input((48, 48, 1))
        x = keras.layers.AveragePooling2D(12)(keras.layers.Rescaling(1 / 255)(inputs))
        for _ in range(convolutions):
            x = keras.layers.Conv2D(4, 3, padding="same", bias_initializer="ones")(x)
        outputs = {"fer": keras.layers.Dense(7, "softmax", name="fer")(keras.layers.Flatten()(x))}
        return keras.Model(inputs, outputs, name=f"chain_{convolutions}")

    chain(2).save(tmp_path / "chain.keras")
    with pytest.raises(ConfigError, match=r"chain\.keras: is a chain_2, not a chain_3"):
        begin_with(chain(3), str(tmp_path / "chain.keras"), PICTURES)


def test_an_int8_model_that_would_answer_otherwise_is_refused() -> None:
    import keras

    from mien_training.emotion.warm_start import begin_with

    inputs = keras.Input((48, 48, 1))
    blurred = keras.layers.BatchNormalization()(keras.layers.Conv2D(1, 5, padding="same", use_bias=False)(inputs))
    longer = keras.Model(inputs, tiny_layers(tiny_convolution((Head.FER,)), blurred), name="longer")
    with pytest.raises(ConfigError, match="is another network, not a longer"):
        begin_with(longer, str(TINY_MODEL), PICTURES)


def tiny_layers(tiny: Any, x: Any) -> dict[str, Any]:
    """The layers of `tiny` once more, behind `x`."""
    import keras

    for layer in tiny.layers[1:-1]:
        x = type(layer).from_config(layer.get_config())(x)
    return {"fer": keras.layers.Dense(7, "softmax", name="fer")(x)}


def test_heads_and_inputs_of_other_sizes_are_refused(tmp_path: Path) -> None:
    import keras

    from mien_training.emotion.warm_start import begin_with

    def bare(side: int, pooled: bool) -> Any:
        inputs = keras.Input((side, side, 1))
        x = keras.layers.Conv2D(2, 3, strides=3, use_bias=False)(inputs)
        x = keras.layers.GlobalAveragePooling2D()(x) if pooled else keras.layers.Flatten()(x)
        outputs = {"fer": keras.layers.Dense(7, "softmax", name="fer")(x)}
        return keras.Model(inputs, outputs, name=f"bare_{side}")

    bare(48, pooled=False).save(tmp_path / "flat.keras")
    bare(96, pooled=True).save(tmp_path / "large.keras")
    for name in ("flat", "large"):
        with pytest.raises(ConfigError, match=rf"{name}\.keras: is a bare_.*, not a bare_48"):
            begin_with(bare(48, pooled=True), str(tmp_path / f"{name}.keras"), PICTURES)


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
        begin_with(network, str(TINY_MODEL), PICTURES)


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
