"""From the float network of a run to a full int8 file with its manifest's tensors."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mien_convert.floating import import_keras
from mien_convert.inspection import Inspection, TensorInfo, inspect_bytes
from mien_convert.quiet import first_line, quiet
from mien_convert.runs import Faces
from mien_models.errors import ModelError
from mien_models.labels import HEAD_LABELS, Head
from mien_models.manifest import Output, Tensor
from mien_models.preprocess import FACE_SIZE

_SHAPE = (1, FACE_SIZE, FACE_SIZE, 1)


def to_int8(model: Any, calibration: Faces, path: Path) -> bytes:
    """A model of `floating.open_keras` as a .tflite file: int8 throughout, its ends too, one face at a time.

    Every face of `calibration` (n, 48, 48) is shown to it. Fully connected weights get one scale a tensor: with one a
    row, the default since 2024, runtimes of before 2021 such as the Edge TPU compiler's compute wrongly without a word.

    Raises:
        ModelError: the network cannot be converted, or not wholly to int8. `path` is for its text.

    """
    import tensorflow as tf

    content = _export(
        model,
        path,
        optimizations=[tf.lite.Optimize.DEFAULT],
        representative_dataset=lambda: _representative(calibration),
        target_spec={"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]},
        inference_input_type=tf.int8,
        inference_output_type=tf.int8,
        _experimental_disable_per_channel_quantization_for_dense_layers=True,
    )
    left = inspect_bytes(content, path).float_tensors
    if left:
        raise ModelError(
            f"{path}: {len(left)} tensors stay in float ({', '.join(left[:3])} …); use layers that have an int8 form"
        )
    return content


def to_float(model: Any, path: Path) -> bytes:
    """A model of `floating.open_keras` as a .tflite file in float, to compare with where there is no TensorFlow.

    Raises:
        ModelError: the network cannot be converted. `path` is for its text.

    """
    import tensorflow as tf

    # Keras would allow TensorFlow's own operators beside the built-in ones, which the device's runtime lacks.
    return _export(model, path, target_spec={"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]})


def _export(model: Any, path: Path, **options: Any) -> bytes:
    keras = import_keras()
    from tensorflow.lite.python.convert_phase import ConverterError

    signature = [keras.InputSpec(dtype="float32", shape=_SHAPE)]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.tflite"
        try:
            with quiet():
                model.export(str(file), format="litert", verbose=False, input_signature=signature, **options)
        except (ValueError, RuntimeError, ConverterError) as error:
            raise ModelError(f"{path}: cannot be converted ({first_line(error)}); use other layers") from error
        return file.read_bytes()


def _representative(calibration: Faces) -> Iterator[list[npt.NDArray[np.float32]]]:
    """Each face as the converter wants it, (1, 48, 48, 1) in a list.

    Two corner pixels of the first are set to black and white, so that the input's range is 0…255 whatever the faces,
    and its scale exactly 1: no pixel value is rounded or clipped on the way in.
    """
    faces = calibration[..., np.newaxis].astype(np.float32)
    faces[0, 0, 0], faces[0, 0, -1] = 0, 255
    for face in faces:
        yield [face[np.newaxis]]


def manifest_tensors(inspection: Inspection, path: Path) -> tuple[Tensor, tuple[Output, ...]]:
    """Input and outputs as the manifest names them; the outputs in the order of `Head`.

    Which output is which head is told by its name in the signature, which is the name of the Keras output. The order of
    outputs in the file is the converter's and differs from the model's.

    Raises:
        ModelError: the file has other inputs or outputs than an emotion model.

    """
    signatures = {tensor.signature: tensor for tensor in inspection.outputs}
    if len(inspection.inputs) != 1 or not signatures or not set(signatures) <= set(Head):
        raise ModelError(
            f"{path}: has the outputs {sorted(map(str, signatures))}; an emotion model has {' or '.join(Head)}"
        )
    outputs = tuple(
        Output(head=head, labels=HEAD_LABELS[head], **_quantised(signatures[head]))
        for head in Head
        if head in signatures
    )
    return Tensor(**_quantised(inspection.inputs[0])), outputs


def _quantised(tensor: TensorInfo) -> dict[str, Any]:
    return {
        "name": tensor.name,
        "shape": tensor.shape,
        "dtype": tensor.dtype,
        "scale": tensor.scale,
        "zero_point": tensor.zero_point,
    }
