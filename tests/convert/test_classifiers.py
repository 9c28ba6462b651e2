"""The many ways in which people save a Keras network: what becomes an int8 file, and what is refused in a line. Wants TensorFlow."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from mien_convert.inspection import inspect_model
from tests.needs import need_module

pytestmark = [
    pytest.mark.training,
    # Keras 3.15 reading TensorFlow's variables with numpy 2.
    pytest.mark.filterwarnings(
        "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning:keras"
    ),
]

Command = Callable[..., tuple[int, str, str]]
SHAPE = (8, 8, 3)


@pytest.fixture(scope="module")
def keras() -> Any:
    need_module("tensorflow")
    from mien_convert.floating import import_keras

    return import_keras()


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Two classes of four pictures: dark ones and bright ones."""
    for name, level in (("bright", 200), ("dark", 50)):
        for number in range(4):
            path = tmp_path / "pictures" / name / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            picture = np.random.default_rng(number).integers(level - 40, level + 40, SHAPE, np.uint8)
            path.write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    return tmp_path / "pictures"


def classifier(keras: Any, classes: int = 2, activation: str | None = "softmax", **options: Any) -> Any:
    """A functional network; `options` are the last layer's."""
    picture = keras.Input(SHAPE)
    mean = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(picture))
    return keras.Model(picture, keras.layers.Dense(classes, activation, **options)(mean))


def answering_bright(keras: Any, activation: str | None, threshold: float, weight: float = 8.0) -> Any:
    """One score: whether the picture is brighter than `threshold` (0…1)."""
    model = classifier(keras, 1, activation)
    model.layers[-1].set_weights([np.full((3, 1), weight / 3), np.array([-weight * threshold])])
    return model


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_a_sequential_network_is_as_good_as_any(
    keras: Any, pictures: Path, tmp_path: Path, mien_convert: Command, suffix: str
) -> None:
    layers = [keras.Input(SHAPE), keras.layers.Conv2D(2, 3), keras.layers.Flatten(), keras.layers.Dense(2, "softmax")]
    source, out = tmp_path / f"x{suffix}", tmp_path / "x.tflite"
    keras.Sequential(layers).save(source)
    code, _, said = mien_convert("quantize", source, "--out", out, "--calibration", pictures)
    assert code == 0, said
    assert inspect_model(out).float_tensors == ()
    code, printed, said = mien_convert("compare", source, out, "--data", pictures, "--json")
    assert code in {0, 10}, said
    (output,) = json.loads(printed)["outputs"].values()
    assert output["labelled"] == 8


def test_outputs_keep_the_keys_of_a_dictionary(keras: Any, tmp_path: Path, mien_convert: Command) -> None:
    model = classifier(keras)
    other = keras.layers.Dense(3, "softmax")(model.layers[-1].input)
    keras.Model(model.inputs, {"first": model.output, "second": other}).save(tmp_path / "x.keras")
    code, _, said = mien_convert(
        "quantize", tmp_path / "x.keras", "--out", tmp_path / "x.tflite", "--variant", "float16"
    )
    assert code == 0, said
    assert {tensor.signature for tensor in inspect_model(tmp_path / "x.tflite").outputs} == {"first", "second"}


@pytest.mark.parametrize("activation", ["sigmoid", None])
def test_a_single_score_is_that_of_the_second_of_two_classes(
    keras: Any, pictures: Path, tmp_path: Path, mien_convert: Command, activation: str | None
) -> None:
    """In alphabetical order that is `dark`: one network is always right, the other never, and they never agree."""
    answering_bright(keras, activation, 0.5, -8.0).save(tmp_path / "dark.keras")
    answering_bright(keras, activation, 0.5).save(tmp_path / "bright.keras")
    code, printed, said = mien_convert(
        "compare", tmp_path / "dark.keras", tmp_path / "bright.keras", "--data", pictures, "--json"
    )
    assert code == 10, said
    (output,) = json.loads(printed)["outputs"].values()
    assert (output["accuracy_a"], output["accuracy_b"], output["agreement"]) == (1.0, 0.0, 0.0)
    assert output["recall_a"] == {"bright": 1.0, "dark": 1.0}


def test_scores_without_bounds_have_gaps_of_any_size(
    keras: Any, pictures: Path, tmp_path: Path, mien_convert: Command
) -> None:
    for name, weight in (("a", 100.0), ("b", 50.0)):
        answering_bright(keras, None, 0.5, weight).save(tmp_path / f"{name}.keras")
    both = (tmp_path / "a.keras", tmp_path / "b.keras", "--data", pictures)
    code, printed, said = mien_convert("compare", *both, "--json")
    assert code == 0, said
    (output,) = json.loads(printed)["outputs"].values()
    assert output["worst_gap"] > 5
    code, _, said = mien_convert("compare", *both, "--max-gap", "5")
    assert code == 10
    assert "more than 5" in said


def test_a_layer_of_whole_numbers_is_no_half_precision(keras: Any, tmp_path: Path, mien_convert: Command) -> None:
    picture = keras.Input(SHAPE)
    steps = keras.layers.Discretization(bin_boundaries=[50.0, 100.0, 150.0])(picture)
    flat = keras.layers.Flatten()(keras.layers.Rescaling(0.25)(steps))
    keras.Model(picture, keras.layers.Dense(2)(flat)).save(tmp_path / "x.keras")
    code, _, said = mien_convert(
        "quantize", tmp_path / "x.keras", "--out", tmp_path / "x.tflite", "--variant", "dynamic"
    )
    assert "computes in" not in said
    assert code in {0, 4}


def test_a_network_that_takes_no_single_picture_is_one_line(
    keras: Any, pictures: Path, tmp_path: Path, mien_convert: Command
) -> None:
    picture = keras.Input(SHAPE, batch_size=4)
    answer = keras.layers.Dense(2)(keras.ops.reshape(picture, (4, 192)))
    keras.Model(picture, answer).save(tmp_path / "x.keras")
    code, _, said = mien_convert(
        "quantize", tmp_path / "x.keras", "--out", tmp_path / "x.tflite", "--calibration", pictures
    )
    assert code == 4
    assert "takes no single picture" in said


@pytest.mark.parametrize("batch", [1, 3])
def test_a_saved_model_of_a_fixed_number_of_pictures_is_compared(
    keras: Any, pictures: Path, tmp_path: Path, mien_convert: Command, batch: int
) -> None:
    import tensorflow as tf

    model = answering_bright(keras, "sigmoid", 0.5)
    module = tf.Module()
    module.weights = model.variables
    module.serve = tf.function(lambda picture: {"answer": model(picture)}).get_concrete_function(
        tf.TensorSpec((batch, *SHAPE), tf.float32, name="picture")
    )
    tf.saved_model.save(module, str(tmp_path / "saved"), signatures=module.serve)
    model.save(tmp_path / "x.keras")
    code, printed, said = mien_convert(
        "compare", tmp_path / "x.keras", tmp_path / "saved", "--data", pictures, "--json"
    )
    assert code == 0, said
    assert json.loads(printed)["pictures"] == 8


def test_more_folders_than_classes_are_said(
    keras: Any, pictures: Path, tmp_path: Path, mien_convert: Command, caplog: pytest.LogCaptureFixture
) -> None:
    classifier(keras).save(tmp_path / "x.keras")
    (pictures / "zebra").mkdir()
    code, _, said = mien_convert("compare", tmp_path / "x.keras", tmp_path / "x.keras", "--data", pictures)
    assert code == 0, said
    assert "3 sub-folders are not the classes of" in caplog.text
    assert "which has 2: its accuracy is not known" in caplog.text


def recurrent(keras: Any, **options: Any) -> Any:
    picture = keras.Input(SHAPE)
    rows = keras.layers.Reshape((8, 24))(picture)
    return keras.Model(picture, keras.layers.Dense(2, "softmax")(keras.layers.LSTM(4, **options)(rows)))


@pytest.mark.parametrize("saved", [False, True])
def test_a_recurrent_layer_is_refused_before_it_ends_the_process(
    keras: Any, pictures: Path, tmp_path: Path, mien_convert: Command, saved: bool
) -> None:
    source = tmp_path / ("saved" if saved else "x.keras")
    if saved:
        recurrent(keras).export(source, verbose=False)
    else:
        recurrent(keras).save(source)
    code, _, said = mien_convert("quantize", source, "--out", tmp_path / "x.tflite", "--calibration", pictures)
    assert code == 4
    assert "holds a loop" in said
    assert "unroll=True" in said


def test_an_unrolled_one_is_none(keras: Any, pictures: Path, tmp_path: Path, mien_convert: Command) -> None:
    """Whether all of it becomes int8 is the converter's chance: it leaves a few tensors in float one time in three."""
    recurrent(keras, unroll=True).save(tmp_path / "x.keras")
    code, _, said = mien_convert(
        "quantize", tmp_path / "x.keras", "--out", tmp_path / "x.tflite", "--calibration", pictures
    )
    assert code == 0 or "tensors stay in float" in said


@pytest.mark.parametrize("variant", ["int8", "float16"])
@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("diverged", "its training diverged"),
        ("half", "computes in float16; load it with the dtype policy float32"),
        ("double", "computes in float64"),
        ("bytes", "takes uint8; a classifier takes float32"),
        ("name", "an output is named 'größe 1'"),
    ],
)
def test_what_no_other_layer_would_mend_is_not_blamed_on_the_layers(
    keras: Any, pictures: Path, tmp_path: Path, mien_convert: Command, kind: str, words: str, variant: str
) -> None:
    if kind == "diverged":
        model = classifier(keras)
        model.layers[-1].set_weights([np.full((3, 2), np.nan), np.zeros(2)])
    elif kind == "bytes":
        picture = keras.Input(SHAPE, dtype="uint8")
        flat = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(picture))
        model = keras.Model(picture, keras.layers.Dense(2)(flat))
    elif kind == "name":
        model = classifier(keras, name="größe 1")
    else:
        before = keras.config.dtype_policy()
        keras.config.set_dtype_policy("mixed_float16" if kind == "half" else "float64")
        try:
            model = classifier(keras)
        finally:
            keras.config.set_dtype_policy(before)
    model.save(tmp_path / "x.keras")
    more = ("--calibration", pictures) if variant == "int8" else ("--variant", variant)
    code, _, said = mien_convert("quantize", tmp_path / "x.keras", "--out", tmp_path / "x.tflite", *more)
    assert code == 4
    assert words in said
    assert len([line for line in said.splitlines() if "error" in line]) == 1, said
    assert not (tmp_path / "x.tflite").exists()


def test_a_network_that_does_not_say_what_it_takes_is_refused(
    keras: Any, tmp_path: Path, mien_convert: Command
) -> None:
    @keras.saving.register_keras_serializable("mien-test")
    class Own(keras.Model):  # type: ignore[misc]
        def call(self, picture: Any) -> Any:
            return keras.ops.mean(picture, axis=(1, 2))

    model = Own()
    model(np.zeros((1, *SHAPE), np.float32))
    model.save(tmp_path / "x.keras")
    code, _, said = mien_convert(
        "quantize", tmp_path / "x.keras", "--out", tmp_path / "x.tflite", "--variant", "dynamic"
    )
    assert code == 4
    assert "says nothing of what it takes" in said


def test_an_open_size_is_shown_and_not_taken_for_one_pixel(
    keras: Any, pictures: Path, tmp_path: Path, mien_convert: Command
) -> None:
    import tensorflow as tf

    from mien_convert.quiet import quiet

    picture = keras.Input((None, None, 3))
    model = keras.Model(picture, keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(picture)))
    with quiet():
        content = tf.lite.TFLiteConverter.from_keras_model(model).convert()
    (tmp_path / "open.tflite").write_bytes(content)
    assert "1×?×?×3" in mien_convert("inspect", tmp_path / "open.tflite")[1]
    classifier(keras).save(tmp_path / "x.keras")
    code, _, said = mien_convert("compare", tmp_path / "x.keras", tmp_path / "open.tflite", "--data", pictures)
    assert code == 4
    assert "all of them fixed" in said


def test_a_damaged_file_is_not_said_to_be_missing(keras: Any, tmp_path: Path, mien_convert: Command) -> None:
    for content in (b"", b"PK\x03\x04 and no more"):
        (tmp_path / "x.keras").write_bytes(content)
        code, _, said = mien_convert(
            "quantize", tmp_path / "x.keras", "--out", tmp_path / "x.tflite", "--variant", "float16"
        )
        assert code == 4
        assert "x.keras: damaged, or no .keras file" in said


def test_the_network_itself_is_never_written_over(keras: Any, tmp_path: Path, mien_convert: Command) -> None:
    classifier(keras).save(tmp_path / "x.keras")
    before = (tmp_path / "x.keras").read_bytes()
    code, _, said = mien_convert(
        "quantize", tmp_path / "x.keras", "--out", tmp_path / "x.keras", "--variant", "float16"
    )
    assert code == 4
    assert "give a new FILE.tflite" in said
    assert (tmp_path / "x.keras").read_bytes() == before


def test_a_link_is_followed(keras: Any, tmp_path: Path, mien_convert: Command) -> None:
    classifier(keras).save(tmp_path / "x.keras")
    (tmp_path / "link.tflite").symlink_to(tmp_path / "real.tflite")
    code, _, said = mien_convert(
        "quantize", tmp_path / "x.keras", "--out", tmp_path / "link.tflite", "--variant", "float16"
    )
    assert code == 0, said
    assert (tmp_path / "link.tflite").is_symlink()
    assert inspect_model(tmp_path / "real.tflite").inputs[0].shape == (1, *SHAPE)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--variant", "float16", "--calibration", "x"), "--calibration goes with"),
        (("--variant", "dynamic", "--scale", "0-1"), "--scale goes with"),
        (("--calibration", "x", "--name", "mine"), "--name goes with a run"),
        (("--calibration", "x", "--version", "2"), "--version goes with a run"),
    ],
)
def test_options_that_would_change_nothing_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: tuple[str, ...], words: str
) -> None:
    from mien_convert.__main__ import main

    (tmp_path / "x.keras").touch()
    with pytest.raises(SystemExit, match="2"):
        main(["quantize", str(tmp_path / "x.keras"), "--out", str(tmp_path / "x.tflite"), *more])
    assert words in capsys.readouterr().err


def test_what_is_not_there_is_said(tmp_path: Path, mien_convert: Command) -> None:
    code, _, said = mien_convert("quantize", tmp_path / "none", "--out", tmp_path / "x.tflite")
    assert code == 4
    assert "none: no such file" in said
