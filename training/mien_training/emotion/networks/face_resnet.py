"""A teacher that has seen many faces before: the residual network of dlib's face recogniser, and its published weights.

The layout is described in dlib's own documentation of `dnn_face_recognition_ex` (King 2017): 29 convolutions, each followed
by a scale and an offset. Its weights are public domain (CC0); tensorflow.js users have them as
`face_recognition_model-weights_manifest.json` with a `.bin` beside it, which is the form that is read here. No weight of it
is part of this project: it only teaches.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mien_models.errors import DataError
from mien_models.labels import Head
from mien_models.preprocess import FACE_SIZE
from mien_training.emotion.config import Recipe
from mien_training.emotion.networks.heads import answers
from mien_training.emotion.networks.statistics import measure_statistics, set_affine

_INPUT = 112
"""Side that faces are enlarged to. The weights were made for 150; this is half the work, and halves five times evenly."""
_STAGES = ((32, 3), (64, 4), (128, 3), (256, 3))
"""Width and blocks of each stage; the first block of all but the first halves the map."""
_MEANS = np.array([122.782, 117.001, 104.298], np.float32)  # red, green, blue: what the recogniser subtracts
_OFFSET = float(_MEANS.mean())

RECIPE = Recipe(epochs=15, learning_rate=1e-3, warmup_epochs=1)
"""Short and gentle: it knows faces already."""

Weights = dict[str, npt.NDArray[np.float32]]


def face_resnet(heads: tuple[Head, ...]) -> Any:
    """The recogniser's trunk with our heads: 4.4 M parameters.

    Input: float (n, 48, 48, 1), pixel values 0…255. Output: one softmax for each head, by its name.
    """
    import keras

    inputs = keras.Input((FACE_SIZE, FACE_SIZE, 1), name="face")
    x = keras.layers.Resizing(_INPUT, _INPUT)(inputs)
    x = keras.layers.Rescaling(1 / 255, offset=-_OFFSET / 255)(x)
    x = keras.layers.ReLU()(_scaled(x, 32, "conv32_down", size=7, stride=2))
    x = keras.layers.MaxPooling2D(3, strides=2)(x)
    for width, blocks in _STAGES:
        for number in range(blocks):
            is_first = number == 0 and width > _STAGES[0][0]
            x = _block(x, width, _block_name(width, number), halve=is_first)
    x = keras.layers.GlobalAveragePooling2D()(x)
    x = keras.layers.Dropout(0.3)(x)
    return keras.Model(inputs, answers(x, heads), name="face_resnet")


def warm_start(model: Any, path: Path, faces: npt.NDArray[np.uint8]) -> None:
    """Give a `face_resnet` the recogniser's weights from a tensorflow.js manifest.

    Each scale and offset of the recogniser becomes a batch normalisation with the statistics of `faces` (n, 48, 48), such
    that the network computes what the recogniser does and can be trained on.

    Raises:
        DataError: the manifest or its weights cannot be read, or belong to another network.

    """
    weights = _read_weights(path)
    names = [layer.name for layer in model.layers if layer.name.endswith(".conv")]
    try:
        for name in names:
            _set_affine(model, name, weights)
        for layer in model.layers:
            if layer.name.endswith(".project"):  # the recogniser fills the new channels of its shortcut with zeros
                layer.set_weights([np.eye(*layer.kernel.shape[2:], dtype=np.float32)[np.newaxis, np.newaxis]])
    except (KeyError, ValueError) as error:
        raise DataError(f"{path}: is not the face recogniser's manifest ({error})") from error
    measure_statistics(model, [(model.get_layer(name), model.get_layer(_scale_name(name))) for name in names], faces)


def _block_name(width: int, number: int) -> str:
    is_first = number == 0 and width > _STAGES[0][0]
    return f"conv{width}_down" if is_first else f"conv{width}_{number + (width == _STAGES[0][0])}"


def _block(x: Any, width: int, name: str, *, halve: bool) -> Any:
    """Two 3×3 convolutions around a shortcut; where it halves, the shortcut is an average and a projection."""
    import keras

    shortcut = x
    if halve:
        shortcut = keras.layers.AveragePooling2D(2)(x)
        shortcut = keras.layers.Conv2D(
            width, 1, use_bias=False, kernel_initializer="he_normal", name=f"{name}.project"
        )(shortcut)
        if x.shape[1] % 2 == 0:
            x = keras.layers.ZeroPadding2D(((0, 1), (0, 1)))(x)  # as many outputs as the average has
    y = keras.layers.ReLU()(_scaled(x, width, f"{name}.conv1", stride=2 if halve else 1))
    y = _scaled(y, width, f"{name}.conv2")
    return keras.layers.ReLU()(keras.layers.Add()([y, shortcut]))


def _scaled(x: Any, width: int, name: str, *, size: int = 3, stride: int = 1) -> Any:
    import keras

    padding = "same" if stride == 1 else "valid"
    convolution = keras.layers.Conv2D(
        width,
        size,
        strides=stride,
        padding=padding,
        use_bias=False,
        name=f"{name}.conv",
        kernel_initializer="he_normal",
    )
    return keras.layers.BatchNormalization(name=f"{name}.scale")(convolution(x))


def _scale_name(convolution: str) -> str:
    return convolution.removesuffix("conv") + "scale"


def _set_affine(model: Any, name: str, weights: Weights) -> None:
    """The recogniser's convolution, scale and offset, by a normalisation that normalises nothing yet."""
    kernel, bias = weights[f"{name}.filters"], weights[f"{name}.bias"]
    if kernel.shape[2] == len(_MEANS):
        # Of a grey picture all three colours are equal, so their filters add up; the means differ by a constant.
        bias = bias + (kernel.sum(axis=(0, 1)) * (_OFFSET - _MEANS)[:, np.newaxis] / 255).sum(axis=0)
        kernel = kernel.sum(axis=2, keepdims=True)
    scale, offset = weights[f"{_scale_name(name)}.weights"], weights[f"{_scale_name(name)}.biases"]
    # The recogniser's filters are up to fifty times smaller than untrained ones. An optimizer whose steps are equally long
    # for all weights would overwrite them at once; enlarged, with the scale taking it back, they keep what they know.
    size = math.sqrt(np.square(kernel).mean())
    if not math.isfinite(size):
        raise ValueError(f"{name} holds NaN or infinity")
    larger = math.sqrt(2 / math.prod(kernel.shape[:3])) / size if size else 1.0
    model.get_layer(name).set_weights([kernel * larger])
    set_affine(model.get_layer(_scale_name(name)), scale / larger, offset + scale * bias)


def _read_weights(path: Path) -> Weights:
    """The tensors by name, dequantised: value = minimum + scale × byte (tensorflow.js' weights manifest)."""
    weights: Weights = {}
    try:
        for group in json.loads(path.read_text(encoding="utf-8")):
            content = b"".join((path.parent / name).read_bytes() for name in group["paths"])
            at = 0
            for entry in group["weights"]:
                quantised = entry.get("quantization")
                dtype = np.dtype(quantised["dtype"] if quantised else entry["dtype"])
                count = math.prod(entry["shape"])
                values = np.frombuffer(content, dtype, count, at).reshape(entry["shape"]).astype(np.float32)
                at += count * dtype.itemsize
                weights[entry["name"].replace("/", ".")] = (
                    values * quantised["scale"] + quantised["min"] if quantised else values
                )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{path}: is no weights manifest of tensorflow.js with its files beside it ({error})"
        ) from error
    return weights
