"""What the Edge TPU compiler maps, as rules on the operators of a file.

The operators and their limits are those of Coral's "TensorFlow models on the Edge TPU". The versions are the highest that
TensorFlow 2.5 loads, which the last compiler (16.0, July 2021) was built with; found by loading a file with each. LSTM and
ReLUN1To1, which the compiler maps too, were not tried and have no place in an image classifier: they do not pass here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from mien_convert.flatbuffer import FileGraph, FileOperator, FileTensor

MAX_VERSIONS = {
    "ADD": 3,
    "AVERAGE_POOL_2D": 3,
    "CONCATENATION": 3,
    "CONV_2D": 5,
    "DEPTHWISE_CONV_2D": 6,
    "EXPAND_DIMS": 1,
    "FULLY_CONNECTED": 9,
    "L2_NORMALIZATION": 2,
    "LOGISTIC": 3,
    "MAXIMUM": 4,
    "MAX_POOL_2D": 3,
    "MEAN": 3,
    "MINIMUM": 4,
    "MUL": 4,
    "PACK": 3,
    "PAD": 3,
    "PRELU": 1,
    "QUANTIZE": 2,
    "REDUCE_MAX": 3,
    "REDUCE_MIN": 3,
    "RELU": 3,
    "RELU6": 3,
    "RESHAPE": 1,
    "RESIZE_BILINEAR": 4,
    "RESIZE_NEAREST_NEIGHBOR": 4,
    "RSQRT": 2,
    "SLICE": 5,
    "SOFTMAX": 3,
    "SPACE_TO_DEPTH": 2,
    "SPLIT": 4,
    "SQUARED_DIFFERENCE": 2,
    "SQUEEZE": 2,
    "STRIDED_SLICE": 5,
    "SUB": 5,
    "SUM": 2,
    "TANH": 3,
    "TRANSPOSE": 5,
    "TRANSPOSE_CONV": 3,
}

COMPILED = "edgetpu-custom-op"
"""The operator that the compiler leaves in place of those it mapped."""

SOFTMAX_LIMIT = 16_000
_EIGHT_BITS = {"int8", "uint8"}
_WEIGHTS = {"CONV_2D": 1, "DEPTHWISE_CONV_2D": 1, "FULLY_CONNECTED": 1, "TRANSPOSE_CONV": 1, "PRELU": 1}
_BIAS = {"CONV_2D": 2, "DEPTHWISE_CONV_2D": 2, "FULLY_CONNECTED": 2, "TRANSPOSE_CONV": 3}
_ARGUMENTS = {
    "MEAN": (1,),
    "SUM": (1,),
    "REDUCE_MAX": (1,),
    "REDUCE_MIN": (1,),
    "PAD": (1,),
    "RESHAPE": (1,),
    "EXPAND_DIMS": (1,),
    "TRANSPOSE": (1,),
    "RESIZE_BILINEAR": (1,),
    "RESIZE_NEAREST_NEIGHBOR": (1,),
    "SLICE": (1, 2),
    "STRIDED_SLICE": (1, 2, 3),
    "SPLIT": (0,),
    "TRANSPOSE_CONV": (0,),
}
"""Where an operator reads its int32 arguments (axes, sizes), which are no data of the model."""


def model_problems(graph: FileGraph) -> tuple[str, ...]:
    """What keeps the whole file from the compiler, one sentence each."""
    problems = []
    if graph.graphs > 1:
        problems.append(f"has {graph.graphs} graphs, and the compiler takes one: no branches or loops")
    ends = {tensor.dtype for tensor in (*graph.inputs, *graph.outputs)}
    if not ends <= _EIGHT_BITS:
        problems.append(f"is not int8: its inputs and outputs are {' and '.join(sorted(ends))}")
    for tensor in graph.inputs:
        if not tensor.is_static:
            problems.append(f"leaves the shape of input '{tensor.name}' open")
        elif tensor.shape and tensor.shape[0] != 1:
            problems.append(f"takes {tensor.shape[0]} pictures at a time by input '{tensor.name}', it must be one")
    return tuple(problems)


def operator_problems(operator: FileOperator) -> tuple[str, ...]:
    """What keeps the compiler from mapping an operator, one sentence each; none if it maps."""
    if operator.name == COMPILED:
        return ("is compiled for the Edge TPU already; give the file that was compiled",)
    limit = MAX_VERSIONS.get(operator.name)
    if limit is None:
        return ("the Edge TPU has no such operator",)
    problems = [f"version {operator.version}, the compiler knows up to {limit}"] if operator.version > limit else []
    for position, tensor in enumerate(operator.inputs):
        if tensor is not None:
            problems += _input_problems(operator.name, position, tensor)
    for tensor in operator.outputs:
        problems += _data_problems("output", tensor)
    if operator.name in _RULES:
        problems += _RULES[operator.name](operator)
    return tuple(dict.fromkeys(problems))


def _input_problems(name: str, position: int, tensor: FileTensor) -> Iterator[str]:
    if position in _ARGUMENTS.get(name, ()):
        if not tensor.is_constant:
            yield f"input {position} is computed, it must be constant"
    elif position == _BIAS.get(name):
        if tensor.dtype != "int32":
            yield f"bias is {tensor.dtype}, it must be int32"
        if not tensor.is_constant:
            yield "bias is computed, it must be constant"
    elif position == _WEIGHTS.get(name):
        if tensor.dtype not in _EIGHT_BITS:
            yield f"weights are {tensor.dtype}, they must be int8"
        if not tensor.is_constant:
            yield "weights are computed, they must be constant"
    else:
        yield from _data_problems(f"input {position}", tensor)


def _data_problems(what: str, tensor: FileTensor) -> Iterator[str]:
    """Of what flows through the network."""
    if tensor.dtype not in _EIGHT_BITS:
        yield f"{what} is {tensor.dtype}, it must be int8"
    elif tensor.scales != 1:
        yield f"{what} has {tensor.scales or 'no'} scales, it must have one"
    if not tensor.is_static:
        yield f"the shape of {what} is open"
    elif any(n != 1 for n in tensor.shape[:-3]):
        yield f"{what} is {times(tensor.shape)}: only the three innermost dimensions may be above 1"


def _fully_connected(operator: FileOperator) -> Iterator[str]:
    weights = operator.inputs[1]
    if weights is not None and weights.scales > 1:
        # The converter makes these since 2024 without raising the version, so old code reads the first scale for all.
        yield f"weights have {weights.scales} scales, one a row: the compiler reads the first for all and answers wrongly"
    if getattr(operator.options, "weightsFormat", 0):
        yield "weights are shuffled"
    if not _is_vector(operator.outputs[0]):
        yield f"output is {times(operator.outputs[0].shape)}, it must be one vector"


def _softmax(operator: FileOperator) -> Iterator[str]:
    output = operator.outputs[0]
    if not _is_vector(output):
        yield f"is taken of {times(output.shape)}, it must be one vector"
    elif math.prod(output.shape) > SOFTMAX_LIMIT:
        yield f"is taken of {math.prod(output.shape)} values, at most {SOFTMAX_LIMIT}"


def _not_fused(operator: FileOperator) -> Iterator[str]:
    if getattr(operator.options, "fusedActivationFunction", 0):
        yield "has an activation fused into it"


def _concatenation(operator: FileOperator) -> Iterator[str]:
    yield from _not_fused(operator)
    if any(tensor is not None and tensor.is_constant for tensor in operator.inputs):
        yield "joins a constant"


def _conv(operator: FileOperator) -> Iterator[str]:
    if getattr(operator.options, "dilationWFactor", 1) != getattr(operator.options, "dilationHFactor", 1):
        yield "is dilated otherwise in width than in height"


def _depthwise(operator: FileOperator) -> Iterator[str]:
    if (getattr(operator.options, "dilationWFactor", 1), getattr(operator.options, "dilationHFactor", 1)) != (1, 1):
        yield "is dilated"


def _reduce(operator: FileOperator) -> Iterator[str]:
    if 0 in _axes(operator) and _rank(operator) > 1:
        yield "is taken over the pictures of a batch"


def _mean(operator: FileOperator) -> Iterator[str]:
    if not _axes(operator) <= {1, 2} or _rank(operator) != 4:
        yield "is taken over something else than height and width"


def _pad(operator: FileOperator) -> Iterator[str]:
    paddings = operator.inputs[1]
    if paddings is not None and paddings.values is not None and paddings.values[:2].any():
        yield "pads the batch"


def _strided_slice(operator: FileOperator) -> Iterator[str]:
    strides = operator.inputs[3]
    if strides is not None and strides.values is not None and (strides.values != 1).any():
        yield "has strides above 1"
    if getattr(operator.options, "ellipsisMask", 0) or getattr(operator.options, "newAxisMask", 0):
        yield "has an ellipsis or a new axis"


def _prelu(operator: FileOperator) -> Iterator[str]:
    alpha = operator.inputs[1]
    if alpha is not None and not _is_vector(alpha):
        yield f"alpha is {times(alpha.shape)}, it must be one vector: use shared_axes=[1, 2]"


_RULES: dict[str, Callable[[FileOperator], Iterator[str]]] = {
    "AVERAGE_POOL_2D": _not_fused,
    "CONCATENATION": _concatenation,
    "CONV_2D": _conv,
    "DEPTHWISE_CONV_2D": _depthwise,
    "FULLY_CONNECTED": _fully_connected,
    "MAX_POOL_2D": _not_fused,
    "MEAN": _mean,
    "PAD": _pad,
    "PRELU": _prelu,
    "REDUCE_MAX": _reduce,
    "REDUCE_MIN": _reduce,
    "SOFTMAX": _softmax,
    "STRIDED_SLICE": _strided_slice,
    "SUM": _reduce,
}


def _axes(operator: FileOperator) -> set[int]:
    """The axes of a reduction, counted from the front."""
    tensor = operator.inputs[1]
    if tensor is None or tensor.values is None:
        return set()
    return {int(axis) % max(1, _rank(operator)) for axis in tensor.values}


def _rank(operator: FileOperator) -> int:
    return len(operator.inputs[0].shape) if operator.inputs[0] is not None else 0


def _is_vector(tensor: FileTensor) -> bool:
    return all(n == 1 for n in tensor.shape[:-1])


def times(shape: tuple[int, ...]) -> str:
    """A shape for a person: 1×48×48×1."""
    return "×".join(str(n) for n in shape) or "a number"
