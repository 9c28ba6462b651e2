"""What `mien-train` asks about faces: a Keras network, or an int8 model through the very code that the device runs."""

from __future__ import annotations

import functools
import logging
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mien_models.errors import ModelError
from mien_models.files import user_path
from mien_models.labels import Head
from mien_models.manifest import MANIFEST_NAME
from mien_models.runner import Classifier
from mien_models.shipped import find_model, shipped_models
from mien_training import runs
from mien_training.backend import import_keras

log = logging.getLogger(__name__)

Probabilities = npt.NDArray[np.float32]
Predict = Callable[[npt.NDArray[np.uint8]], dict[Head, Probabilities]]
"""From faces (n, 48, 48) to each head's probabilities (n, k)."""

_PROGRESS_EVERY = 1000  # faces


def open_predictor(name: str) -> Predict:
    """The model `name`: a run directory, a .keras file, an int8 model directory, or a shipped model's name.

    Keras is imported for the first two only.

    Raises:
        ModelError: there is no such model, or it cannot be run.

    """
    if is_network(name):
        return keras_predictor(load_network(Path(name)))
    return functools.partial(read_faces, Classifier.open(find_model(name)))


def is_network(name: str) -> bool:
    """Whether `name` is a run directory or a .keras file, rather than an int8 model's directory or name."""
    path = user_path(name)
    is_run = name not in shipped_models() and path.is_dir() and not (path / MANIFEST_NAME).exists()
    return is_run or path.suffix == ".keras"


def load_network(path: Path) -> Any:
    """The Keras model of a run directory, or in a .keras file.

    Raises:
        ModelError: there is none, or it is no model of mien-train.
        ConfigError: the run is of another version.

    """
    path = user_path(path)
    if path.is_dir():
        if (path / runs.CONFIG).exists():
            runs.check_format(path)
        if not (path / runs.MODEL).exists():
            raise ModelError(
                f"{path}: neither {runs.MODEL} nor {MANIFEST_NAME} there; finish the training by giving its command "
                "again, or name a model that `mien-convert quantize` made"
            )
        path = path / runs.MODEL
    if not path.is_file():
        raise ModelError(f"{path}: no such file; give a run directory or .keras file of `mien-train emotion`")
    if not zipfile.is_zipfile(path):  # Keras would say that it is not there
        raise ModelError(f"{path}: damaged, or no .keras file; train anew or copy it again")
    keras = import_keras()
    try:
        model = keras.models.load_model(path, compile=False)
        outputs = model.output if isinstance(model.output, dict) else {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, zipfile.BadZipFile, zlib.error) as error:
        first_line = str(error).strip().partition("\n")[0]
        raise ModelError(f"{path}: Keras cannot load it ({first_line}); train anew or copy it again") from error
    if not outputs or not set(outputs) <= set(Head):
        raise ModelError(f"{path}: its outputs are not heads named {' and '.join(Head)}; is it a model of mien-train?")
    return model


def keras_predictor(model: Any) -> Predict:
    """A Keras model as what is asked."""

    def predict(faces: npt.NDArray[np.uint8]) -> dict[Head, Probabilities]:
        answers = model.predict(faces[..., np.newaxis].astype(np.float32), batch_size=256, verbose=0)
        return {Head(name): values for name, values in answers.items()}

    return predict


def read_faces(classifier: Classifier, faces: npt.NDArray[np.uint8]) -> dict[Head, Probabilities]:
    """An int8 model's answers (n, k) to faces (n, 48, 48), by head."""
    answers = []
    for number, face in enumerate(faces, start=1):
        answers.append(classifier.scores(face))
        if number % _PROGRESS_EVERY == 0:
            log.info("%d of %d faces", number, len(faces))
    return {head: np.stack([answer[head] for answer in answers]) for head in classifier.heads}
