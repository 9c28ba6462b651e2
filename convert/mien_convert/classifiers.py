"""Any image classifier in Keras's or TensorFlow's formats, opened as a Keras model with named outputs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mien_convert.floating import import_keras, load_network
from mien_convert.pictures import Shape
from mien_convert.quiet import first_line, quiet
from mien_models.errors import ModelError

SAVED_MODEL = "saved_model.pb"
_SIGNATURE = "serving_default"
_SUFFIXES = {".keras", ".h5", ".hdf5"}
_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_SAVE_ANEW = "save it anew, without layers of your own"
_GIVE = "a .keras or .h5 file, a SavedModel or the directory of a run"


def is_classifier(path: Path) -> bool:
    """Whether the path is meant as a Keras file or a SavedModel, rather than as a run."""
    return path.suffix in _SUFFIXES or path.is_file() or (path / SAVED_MODEL).is_file()


def open_classifier(path: Path) -> Any:
    """The network of a .keras or .h5 file or a SavedModel directory: one picture in, one or more rows of scores out.

    Raises:
        MissingDependencyError: TensorFlow or Keras is not installed.
        ModelError: it cannot be loaded, or is no image classifier.

    """
    if not path.exists():
        raise ModelError(f"{path}: no such file; give {_GIVE}")
    if path.is_file() and path.suffix not in _SUFFIXES:
        raise ModelError(f"{path}: is none of Keras's files; give {_GIVE}")
    keras = import_keras()
    model = _open_saved_model(keras, path) if path.is_dir() else load_network(path, _SAVE_ANEW)
    _check(model, path)
    if isinstance(model, keras.Sequential):  # which has no names for its outputs
        model = keras.Model(model.inputs, model.outputs, name=model.name)
    # Outputs in a dictionary become named outputs of the converted file; in a list they would only have positions.
    return keras.Model(model.inputs, _named_outputs(model, path), name=model.name)


def input_shape(model: Any) -> Shape:
    """Height, width and channels of a model of `open_classifier`."""
    _, height, width, channels = model.inputs[0].shape
    return int(height), int(width), int(channels)


def _open_saved_model(keras: Any, path: Path) -> Any:
    from tensorflow.errors import OpError

    with quiet():
        try:
            return _saved_model(keras, path)
        except (ValueError, TypeError, KeyError, IndexError, OSError, OpError) as error:
            raise ModelError(f"{path}: cannot be loaded ({first_line(error)}); {_SAVE_ANEW}") from error


def _saved_model(keras: Any, path: Path) -> Any:
    import tensorflow as tf

    signature = tf.saved_model.load(str(path)).signatures.get(_SIGNATURE)
    if signature is None:
        raise ModelError(f"{path}: has no signature '{_SIGNATURE}'; save it with one")
    specs = list(signature.structured_input_signature[1].values())
    if len(specs) != 1 or specs[0].dtype != tf.float32:
        raise ModelError(f"{path}: takes {[spec.dtype.name for spec in specs]}; a classifier takes one float32 picture")
    entry = keras.Input(specs[0].shape[1:], batch_size=specs[0].shape[0])
    answers = keras.layers.TFSMLayer(str(path), call_endpoint=_SIGNATURE)(entry)
    if not isinstance(answers, dict):
        answers = {next(iter(signature.structured_outputs)): answers}
    # A layer that does nothing gives each output its name: Keras names outputs after the layers that they leave.
    named = [keras.layers.Identity(name=name)(answer) for name, answer in answers.items()]
    return keras.Model(entry, named, name=_name(path))


def _named_outputs(model: Any, path: Path) -> dict[str, Any]:
    """Each output by its key, where the network answers with a dictionary, else by the name of the layer that it leaves."""
    named = isinstance(model.output, dict)
    outputs = dict(model.output if named else zip(model.output_names, model.outputs, strict=True))
    wrong = [name for name in outputs if not _NAME.fullmatch(name)]
    if wrong:
        raise ModelError(
            f"{path}: an output is named {wrong[0]!r}, which no converted file may hold; give its layer a name of Latin letters, "
            "digits, dots, dashes and underscores"
        )
    return outputs


def _check(model: Any, path: Path) -> None:
    if not getattr(model, "inputs", None):
        raise ModelError(
            f"{path}: says nothing of what it takes; save a Sequential or functional network, or a SavedModel by its export()"
        )
    shapes = [tuple(tensor.shape) for tensor in model.inputs]
    types = {str(tensor.dtype) for tensor in model.inputs}
    if types != {"float32"}:
        raise ModelError(
            f"{path}: takes {', '.join(sorted(types))}; a classifier takes float32, save it with such an input"
        )
    entry = shapes[0]
    if len(shapes) != 1 or len(entry) != 4 or None in entry[1:] or entry[3] not in {1, 3}:
        raise ModelError(
            f"{path}: takes {', '.join(map(str, shapes))}; a classifier takes (None, height, width, 1 or 3), all of them fixed"
        )
    answers = [tuple(tensor.shape) for tensor in model.outputs]
    if any(len(shape) != 2 or shape[1] is None for shape in answers):
        raise ModelError(f"{path}: answers in {', '.join(map(str, answers))}; a classifier answers in (None, classes)")


def _name(path: Path) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in path.resolve().name) or "model"
