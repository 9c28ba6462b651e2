"""From a float network to a .tflite file: int8 throughout, or in float with smaller weights; and the manifest's tensors."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mien_convert.floating import import_keras
from mien_convert.inspection import Inspection, TensorInfo, inspect_bytes
from mien_convert.quiet import first_line, quiet
from mien_models.errors import ModelError
from mien_models.labels import HEAD_LABELS, Head
from mien_models.manifest import Output, Tensor


class Variant(StrEnum):
    """What a .tflite file computes in."""

    INT8 = "int8"
    """Weights and activations in int8, the ends too: what the device and the Edge TPU run."""
    FLOAT16 = "float16"
    """Weights stored in half the bytes, computed in float."""
    DYNAMIC = "dynamic"
    """Weights in int8, activations in float, brought to int8 while running where that is faster."""


def to_int8(model: Any, calibration: npt.NDArray[np.float32], bounds: tuple[float, float], path: Path) -> bytes:
    """A Keras model with one input as a .tflite file: int8 throughout, its ends too, one picture at a time.

    Every picture of `calibration` (n, h, w, c) is shown to it; `bounds` are the least and the greatest number of a
    pixel. Fully connected weights get one scale a tensor: with one a row, the default since 2024, runtimes of before
    2021 such as the Edge TPU compiler's compute wrongly without a word.

    Raises:
        ModelError: the network cannot be converted, or not wholly to int8. `path` is for its text.

    """
    import tensorflow as tf

    _refuse_loops(model, path)
    content = _export(
        model,
        path,
        optimizations=[tf.lite.Optimize.DEFAULT],
        representative_dataset=lambda: _representative(calibration, bounds),
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


def to_float(model: Any, path: Path, variant: Variant | None = None) -> bytes:
    """A Keras model with one input as a .tflite file that is fed and answers in float, one picture at a time.

    Raises:
        ModelError: the network cannot be converted. `path` is for its text.

    """
    import tensorflow as tf

    # Keras would allow TensorFlow's own operators beside the built-in ones, which the device's runtime lacks.
    target: dict[str, Any] = {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]}
    if variant is None:
        return _export(model, path, target_spec=target)
    if variant is Variant.FLOAT16:
        target["supported_types"] = [tf.float16]
    return _export(model, path, target_spec=target, optimizations=[tf.lite.Optimize.DEFAULT])


def _export(model: Any, path: Path, **options: Any) -> bytes:
    keras = import_keras()
    from tensorflow.lite.python.convert_phase import ConverterError

    _check_numbers(model, path)
    signature = [keras.InputSpec(dtype="float32", shape=(1, *model.inputs[0].shape[1:]))]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.tflite"
        with quiet():
            try:
                model.export(str(file), format="litert", verbose=False, input_signature=signature, **options)
            except (ValueError, RuntimeError, ConverterError) as error:
                raise ModelError(f"{path}: cannot be converted ({first_line(error)}); use other layers") from error
        return file.read_bytes()


def _check_numbers(model: Any, path: Path) -> None:
    """Refuse what no conversion mends, and what the converter would blame the layers for."""
    if not all(np.isfinite(np.asarray(weights, np.float32)).all() for weights in model.get_weights()):
        raise ModelError(f"{path}: holds weights that are no numbers, so its training diverged; train it anew")
    types = {layer.compute_dtype for layer in model._flatten_layers()} & {"float16", "bfloat16", "float64"}
    if types:
        raise ModelError(
            f"{path}: computes in {', '.join(sorted(types))}; load it with the dtype policy float32, and save it anew"
        )


def _refuse_loops(model: Any, path: Path) -> None:
    """TensorFlow's calibration ends the whole process at a loop, as recurrent layers have one, without a word."""
    import tensorflow as tf

    picture = tf.TensorSpec((1, *model.inputs[0].shape[1:]), tf.float32)
    with quiet():
        try:
            graph = tf.function(model).get_concrete_function(picture).graph.as_graph_def()
        except (ValueError, TypeError, RuntimeError, tf.errors.OpError) as error:
            raise ModelError(
                f"{path}: takes no single picture ({first_line(error)}); save it for one at a time"
            ) from error
    functions = (graph.node, *(function.node_def for function in graph.library.function))
    if any(node.op in {"While", "StatelessWhile"} for nodes in functions for node in nodes):
        raise ModelError(
            f"{path}: holds a loop, as a recurrent layer is one, which cannot become int8; give the layer unroll=True, or "
            "convert with --variant dynamic"
        )


def _representative(
    calibration: npt.NDArray[np.float32], bounds: tuple[float, float]
) -> Iterator[list[npt.NDArray[np.float32]]]:
    """Each picture as the converter wants it, (1, h, w, c) in a list.

    Two corner pixels of the first are set to black and white, so that the input's range is `bounds` whatever the
    pictures. With pixel values 0…255 its scale is then exactly 1: none is rounded or clipped on the way in.
    """
    first = calibration[:1].copy()
    first[0, 0, 0], first[0, 0, -1] = bounds
    yield [first]
    for picture in calibration[1:]:
        yield [picture[np.newaxis]]


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
    for tensor in (*inspection.inputs, *inspection.outputs):
        if tensor.dtype not in {"int8", "uint8"} or tensor.scale is None:
            raise ModelError(
                f"{path}: is not int8: '{tensor.name}' is {tensor.dtype}; make an int8 file with `mien-convert quantize`"
            )
    for name, tensor in signatures.items():
        expected = (1, len(HEAD_LABELS[Head(str(name))]))
        if tensor.shape != expected:
            raise ModelError(f"{path}: output {name} is {tensor.shape}, of an emotion model it is {expected}")
    outputs = tuple(
        Output(head=head, labels=HEAD_LABELS[head], **quantised(signatures[head]))
        for head in Head
        if head in signatures
    )
    return Tensor(**quantised(inspection.inputs[0])), outputs


def quantised(tensor: TensorInfo) -> dict[str, Any]:
    """A tensor of the file in the manifest's words."""
    return {
        "name": tensor.name,
        "shape": tensor.shape,
        "dtype": tensor.dtype,
        "scale": tensor.scale,
        "zero_point": tensor.zero_point,
    }
