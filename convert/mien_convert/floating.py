"""The float network of a run, the reference that its int8 form is compared with. Here alone Keras is imported."""

from __future__ import annotations

import os
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from mien_convert.quiet import first_line, quiet
from mien_convert.runs import Faces
from mien_models.errors import MissingDependencyError, ModelError
from mien_models.labels import HEAD_LABELS, Head
from mien_models.preprocess import FACE_SIZE
from mien_models.runner import Probabilities

_BATCH = 256


def open_keras(path: Path) -> Any:
    """The Keras model in `path`, with its outputs named by head.

    Raises:
        MissingDependencyError: TensorFlow or Keras is not installed.
        ModelError: the file is damaged, or not an emotion network.

    """
    model = load_network(path, "train anew with `mien-train emotion`")
    outputs = dict(zip(model.output_names, model.outputs, strict=True))
    expected = {head.value: (None, len(HEAD_LABELS[head])) for head in Head}
    shapes = {name: tuple(output.shape) for name, output in outputs.items()}
    if not shapes or any(expected.get(name) != shape for name, shape in shapes.items()):
        raise ModelError(f"{path}: has the outputs {shapes}; an emotion network has one or more of {expected}")
    if model.input_shape != (None, FACE_SIZE, FACE_SIZE, 1):
        raise ModelError(
            f"{path}: takes {model.input_shape}; an emotion network takes (None, {FACE_SIZE}, {FACE_SIZE}, 1)"
        )
    # Outputs in a dictionary become named outputs of the converted file; in a list they would only have positions.
    return import_keras().Model(model.inputs, outputs, name=model.name)


def load_network(path: Path, remedy: str) -> Any:
    """The Keras model in the .keras or .h5 file `path`; `remedy` ends the text of an error.

    Raises:
        MissingDependencyError: TensorFlow or Keras is not installed.
        ModelError: the file is damaged, or Keras cannot load it.

    """
    keras = import_keras()
    if path.suffix == ".keras" and not zipfile.is_zipfile(path):  # Keras would say that it is not there
        raise ModelError(f"{path}: damaged, or no .keras file; {remedy}")
    with quiet():
        try:
            return keras.saving.load_model(path, compile=False)
        except (ValueError, TypeError, KeyError, IndexError, OSError, zipfile.BadZipFile) as error:
            raise ModelError(f"{path}: cannot be loaded ({first_line(error)}); {remedy}") from error


def keras_probabilities(model: Any, faces: Faces) -> dict[Head, Probabilities]:
    """Each head's probabilities (n, k) from a model of `open_keras` for faces (n, 48, 48).

    Raises:
        ModelError: they are no numbers.

    """
    with quiet():
        answers = model.predict(faces[..., np.newaxis].astype(np.float32), batch_size=_BATCH, verbose=0)
    if not all(np.isfinite(values).all() for values in answers.values()):
        raise ModelError(f"{model.name}: answers with NaN, so its training diverged; train anew")
    return {Head(name): np.asarray(values, np.float32) for name, values in answers.items()}


def import_keras() -> Any:
    """Keras on TensorFlow, imported without its chatter.

    Raises:
        MissingDependencyError: TensorFlow or Keras is not installed, or Keras already runs on something else.

    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if "keras" not in sys.modules:
        os.environ["KERAS_BACKEND"] = "tensorflow"  # the only one whose models can be converted here
    try:
        with quiet():
            import keras
            import tensorflow  # noqa: F401 - Keras would import it later, and print
    except ImportError as error:
        raise MissingDependencyError(f"{error}; install what this needs with: pip install 'mien[convert]'") from error
    if keras.backend.backend() != "tensorflow":
        raise MissingDependencyError(
            f"Keras runs on {keras.backend.backend()}; start mien-convert with KERAS_BACKEND=tensorflow"
        )
    return keras
