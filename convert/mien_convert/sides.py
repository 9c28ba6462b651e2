"""Models of every kind behind one question: which scores do you give these pictures?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mien_convert.classifiers import input_shape, is_classifier, open_classifier
from mien_convert.floating import open_keras
from mien_convert.inspection import TensorInfo, inspect_model
from mien_convert.pictures import Scale, Shape
from mien_convert.quiet import quiet
from mien_convert.runs import find_network, read_config
from mien_models.errors import ModelError
from mien_models.manifest import MANIFEST_NAME, Tensor
from mien_models.preprocess import FACE_SIZE
from mien_models.runner import Classifier, Probabilities, dequantize, quantize
from mien_models.runtime import Accelerator, open_interpreter

Pixels = npt.NDArray[np.uint8]
"""(n, height, width, channels); grey, or red, green, blue."""
Scores = dict[str, Probabilities]
"""By the name of the output (n, classes)."""

_TFLITE_MARK = b"TFL3"
_BATCH = 64


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two models that are compared."""

    name: str
    shape: Shape
    ask: Callable[[Pixels], Scores]

    def scores(self, pixels: Pixels) -> Scores:
        """The scores of pictures of this side's shape.

        Raises:
            ModelError: they are no numbers.

        """
        scores = self.ask(pixels)
        if not all(np.isfinite(values).all() for values in scores.values()):
            raise ModelError(f"{self.name}: answers with NaN; train or convert it anew")
        return scores


def open_side(path: Path, scale: Scale) -> Side:
    """Open a model directory, a .tflite file, a run, a Keras file or a SavedModel.

    `scale` is what a network from elsewhere was trained to see; runs and model directories know their own.

    Raises:
        ModelError: it is none of these, or cannot be run.
        DataError: it is a run without a network.
        MissingDependencyError: what runs it is not installed.

    """
    if (path / MANIFEST_NAME).is_file():
        return _model_directory(path)
    if _is_tflite(path):
        return _tflite(path, scale)
    if not path.exists():
        raise ModelError(
            f"{path}: no such file; give a model directory, a .tflite file, a run, a Keras file or a SavedModel"
        )
    if is_classifier(path):
        return _keras(path, open_classifier(path), scale)
    read_config(path)  # of another version it may mean another thing
    return _keras(path, open_keras(find_network(path)), Scale.PIXELS)


def _model_directory(path: Path) -> Side:
    with quiet():
        classifier = Classifier.open(path)

    def ask(pixels: Pixels) -> Scores:
        scores = [classifier.scores(face[..., 0]) for face in pixels]
        return {head.value: np.stack([score[head] for score in scores]) for head in classifier.heads}

    return Side(path.name, (FACE_SIZE, FACE_SIZE, 1), ask)


def _keras(path: Path, model: Any, scale: Scale) -> Side:
    def ask(pixels: Pixels) -> Scores:
        size = model.inputs[0].shape[0] or _BATCH
        # The last one is filled up: some networks take so many pictures at once and no others.
        batches = [
            np.resize(pixels[start : start + size], (size, *pixels.shape[1:])) for start in range(0, len(pixels), size)
        ]
        with quiet():
            answers = [model.predict(scale.apply(batch), batch_size=size, verbose=0) for batch in batches]
        return {
            name: np.concatenate([np.asarray(a[name], np.float32) for a in answers])[: len(pixels)]
            for name in answers[0]
        }

    return Side(path.name, input_shape(model), ask)


def _tflite(path: Path, scale: Scale) -> Side:
    inspection = inspect_model(path)
    entry = inspection.inputs[0] if len(inspection.inputs) == 1 else None
    if (
        entry is None
        or len(entry.shape) != 4
        or entry.shape[0] != 1
        or -1 in entry.shape
        or entry.shape[3] not in {1, 3}
    ):
        shapes = ", ".join(str(tensor.shape) for tensor in inspection.inputs)
        raise ModelError(f"{path}: takes {shapes}; a classifier takes (1, height, width, 1 or 3), all of them fixed")
    if any(len(tensor.shape) != 2 for tensor in inspection.outputs):
        shapes = ", ".join(str(tensor.shape) for tensor in inspection.outputs)
        raise ModelError(f"{path}: answers in {shapes}; a classifier answers in (1, classes)")
    fed, read = _feeder(path, entry), {tensor.name: _reader(path, tensor) for tensor in inspection.outputs}
    names = {tensor.name: tensor.signature or tensor.name for tensor in inspection.outputs}
    with quiet():
        interpreter, _ = open_interpreter(path, Accelerator.CPU, 1)
    index = interpreter.get_input_details()[0]["index"]
    outputs = {detail["name"]: detail["index"] for detail in interpreter.get_output_details()}

    def ask(pixels: Pixels) -> Scores:
        rows: dict[str, list[Probabilities]] = {name: [] for name in read}
        for picture in pixels:
            interpreter.set_tensor(index, fed(scale.apply(picture[np.newaxis])))
            interpreter.invoke()
            for name, values in rows.items():
                values.append(read[name](interpreter.get_tensor(outputs[name])[0]))
        return {names[name]: np.stack(values) for name, values in rows.items()}

    height, width, channels = entry.shape[1:]
    return Side(path.name, (height, width, channels), ask)


def _feeder(path: Path, info: TensorInfo) -> Callable[[Probabilities], npt.NDArray[Any]]:
    if info.dtype == "float32":
        return lambda values: values
    tensor = _quantised(path, info)
    return lambda values: quantize(values, tensor)


def _reader(path: Path, info: TensorInfo) -> Callable[[npt.NDArray[Any]], Probabilities]:
    if info.dtype == "float32":
        return lambda values: values.copy()
    tensor = _quantised(path, info)
    return lambda values: dequantize(values, tensor)


def _quantised(path: Path, info: TensorInfo) -> Tensor:
    """The tensor as the device's own quantisation wants it, which serves here as well."""
    if info.dtype not in {"int8", "uint8"} or info.scale is None or info.zero_point is None:
        raise ModelError(f"{path}: '{info.name}' is {info.dtype} without a scale; it must be float32, or int8 with one")
    return Tensor(name=info.name, shape=info.shape, dtype=info.dtype, scale=info.scale, zero_point=info.zero_point)


def _is_tflite(path: Path) -> bool:
    if path.suffix == ".tflite":
        return True
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return stream.read(8)[4:] == _TFLITE_MARK
