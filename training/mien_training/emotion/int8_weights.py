"""The weights of an int8 model as floats: what is left to begin with where its run is gone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mien_models.errors import ModelError
from mien_models.labels import Head
from mien_models.runner import Classifier

_Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Affine:
    """A convolution or dense layer, normalisation and all."""

    kernel: _Floats
    """(height, width, in, out) or (in, out), as Keras has it."""
    bias: _Floats
    """(out,)"""


@dataclass(frozen=True, eq=False)
class Int8Weights:
    """What a model directory's file knows."""

    convolutions: tuple[Affine, ...]
    """In the order in which they run; the first reads pixel values 0…255."""
    heads: dict[Head, Affine]


def read_int8_weights(directory: Path) -> Int8Weights:
    """The weights in the file of an emotion model's directory: real value = scale × integer (LiteRT 8-bit specification).

    Raises:
        ManifestError: the manifest is wrong, of another kind of model, or does not match the file.
        ModelError: the file's layers are not int8, or do not end in its heads.

    """
    from ai_edge_litert import schema_py_generated as schema

    manifest = Classifier.open(directory).manifest  # whose tensors are then those of the file
    path = directory / manifest.file.path
    model = schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0)
    graph, operators = model.subgraphs[0], schema.BuiltinOperator
    codes = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes]
    made_by = {operator.outputs[0]: operator for operator in graph.operators}

    def affine(operator: Any) -> Affine:
        entry, kernel, bias = (graph.tensors[index] for index in operator.inputs)
        if kernel.type != schema.TensorType.INT8 or kernel.quantization.scale is None:
            raise ModelError(f"{path}: its layers are not int8; give a model that `mien-convert quantize` made")
        scale = np.asarray(kernel.quantization.scale, np.float32)
        integers = model.buffers[kernel.buffer].data.view(np.int8).reshape(kernel.shape)
        real = integers * scale.reshape(-1, *[1] * (integers.ndim - 1))
        offset = model.buffers[bias.buffer].data.view(np.int32) * (scale * entry.quantization.scale[0])
        return Affine(np.moveaxis(real, 0, -1), np.asarray(offset, np.float32))

    def head(index: int) -> Affine:
        operator = made_by.get(index)
        while operator is not None and codes[operator.opcodeIndex] != operators.FULLY_CONNECTED:
            operator = made_by.get(operator.inputs[0])
        if operator is None:
            raise ModelError(f"{path}: its heads are no dense layers; give a model that mien-train made")
        return affine(operator)

    named = {graph.tensors[index].name.decode(): index for index in graph.outputs}
    return Int8Weights(
        tuple(affine(o) for o in graph.operators if codes[o.opcodeIndex] == operators.CONV_2D),
        {output.head: head(named[output.name]) for output in manifest.outputs},
    )
