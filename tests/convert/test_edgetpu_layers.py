"""What the converter makes of layers that people use, against the check of the Edge TPU. Wants TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from mien_convert.edgetpu import check_model
from mien_models.labels import Head
from mien_training.emotion.networks import ARCHITECTURES
from tests.needs import need_module

pytestmark = [
    pytest.mark.training,
    # Keras 3.15 reading TensorFlow's variables with numpy 2.
    pytest.mark.filterwarnings(
        "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning:keras"
    ),
]

Build = Callable[[Any, Any], Any]


def convert(path: Path, build: Build, batch: int | None = 1, *, dense_by_row: bool = False) -> Path:
    """A full int8 file of a small classifier whose middle is what `build` makes of Keras and a (16, 16, 8) tensor."""
    need_module("tensorflow")
    from mien_convert.floating import import_keras
    from mien_convert.quiet import quiet

    keras = import_keras()
    import tensorflow as tf

    face = keras.Input((16, 16, 1))
    middle = build(keras, keras.layers.Conv2D(8, 3, padding="same")(face))
    model = keras.Model(face, keras.layers.Dense(4, "softmax")(keras.layers.Flatten()(middle)))

    def pictures() -> Iterator[list[npt.NDArray[np.float32]]]:
        for number in range(8):
            yield [np.random.default_rng(number).uniform(-1, 1, (1, 16, 16, 1)).astype(np.float32)]

    with quiet():
        model.export(
            str(path),
            format="litert",
            verbose=False,
            input_signature=[keras.InputSpec(dtype="float32", shape=(batch, 16, 16, 1))],
            optimizations=[tf.lite.Optimize.DEFAULT],
            representative_dataset=pictures,
            target_spec={"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]},
            inference_input_type=tf.int8,
            inference_output_type=tf.int8,
            _experimental_disable_per_channel_quantization_for_dense_layers=not dense_by_row,
        )
    return path


def problems(path: Path) -> str:
    report = check_model(path)
    return "; ".join([*report.problems, *(f"{v.name}: {p}" for v in report.operators for p in v.problems)])


PASSES: dict[str, Build] = {
    "relu6, depthwise": lambda k, x: k.layers.DepthwiseConv2D(3, activation="relu6")(x),
    "residual": lambda k, x: k.layers.Add()([x, k.layers.Conv2D(8, 3, padding="same", activation="relu")(x)]),
    "pools": lambda k, x: k.layers.GlobalAveragePooling2D()(k.layers.MaxPooling2D(2)(k.layers.AveragePooling2D(2)(x))),
    "squeeze and excite": lambda k, x: (
        x * k.layers.Conv2D(8, 1, activation="sigmoid")(k.layers.GlobalAveragePooling2D(keepdims=True)(x))
    ),
    "prelu over the picture": lambda k, x: k.layers.PReLU(shared_axes=[1, 2])(x),
    "joined": lambda k, x: k.layers.Concatenate()([x, k.layers.Conv2D(4, 1)(x)]),
    "padded": lambda k, x: k.layers.ZeroPadding2D(2)(k.layers.ReLU()(x)),
    "upsampled between pixels": lambda k, x: k.layers.UpSampling2D(2, interpolation="bilinear")(x),
    "transposed": lambda k, x: k.layers.Conv2DTranspose(8, 3, strides=2)(x),
}

FAILS: dict[str, tuple[Build, str]] = {
    "leaky": (lambda k, x: k.layers.LeakyReLU()(x), "LEAKY_RELU: the Edge TPU has no such operator"),
    "gelu": (lambda k, x: k.layers.Activation("gelu")(x), "GELU: the Edge TPU has no such operator"),
    "hard swish": (lambda k, x: k.layers.Activation("hard_swish")(x), "HARD_SWISH: the Edge TPU has no such operator"),
    "elu": (lambda k, x: k.layers.ELU()(x), "DEQUANTIZE: the Edge TPU has no such operator"),
    "grouped": (lambda k, x: k.layers.Conv2D(8, 3, groups=2)(x), "CONV_2D: version 6, the compiler knows up to 5"),
    "prelu by pixel": (lambda k, x: k.layers.PReLU()(x), "PRELU: alpha is 16×16×8, it must be one vector"),
    "upsampled by repeating": (lambda k, x: k.layers.UpSampling2D(2)(x), "TILE: the Edge TPU has no such operator"),
    "mean over channels": (
        lambda k, x: k.ops.mean(x, axis=-1, keepdims=True),
        "MEAN: is taken over something else than height and width",
    ),
}


@pytest.mark.parametrize("name", PASSES)
def test_layers_that_map(tmp_path: Path, name: str) -> None:
    assert problems(convert(tmp_path / "x.tflite", PASSES[name])) == ""


@pytest.mark.parametrize("name", FAILS)
def test_layers_that_do_not(tmp_path: Path, name: str) -> None:
    build, expected = FAILS[name]

    assert expected in problems(convert(tmp_path / "x.tflite", build))


def test_the_converters_own_default_for_dense_layers(tmp_path: Path) -> None:
    path = convert(tmp_path / "x.tflite", lambda k, x: x, dense_by_row=True)

    assert "FULLY_CONNECTED: weights have 4 scales, one a row" in problems(path)


def test_an_open_batch(tmp_path: Path) -> None:
    assert "leaves the shape of input" in problems(convert(tmp_path / "x.tflite", lambda k, x: x, batch=None))


@pytest.mark.parametrize("architecture", [name for name in ARCHITECTURES if name.startswith("mien-")])
def test_our_own_networks(tmp_path: Path, architecture: str) -> None:
    """With every head, untrained: what training makes of the numbers changes no operator."""
    need_module("tensorflow")
    from mien_convert.floating import import_keras
    from mien_convert.quantize import to_int8

    import_keras()
    faces = np.random.default_rng(0).uniform(0, 255, (8, 48, 48, 1)).astype(np.float32)
    path = tmp_path / "x.tflite"

    path.write_bytes(to_int8(ARCHITECTURES[architecture].build(tuple(Head)), faces, (0, 255), path))

    report = check_model(path)
    assert report.failures == ()
    assert report.fits
    assert sum(verdict.name == "SOFTMAX" for verdict in report.operators) == len(Head)
