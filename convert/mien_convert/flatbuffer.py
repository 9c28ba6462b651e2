"""Reading of .tflite files without a runtime's opinion: operators in their order, with their tensors and options."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mien_convert.quiet import first_line, quiet
from mien_models.errors import MissingDependencyError, ModelError
from mien_models.manifest import MANIFEST_NAME, load_any_manifest
from mien_models.shipped import find_model, shipped_models

DAMAGE = (AttributeError, IndexError, TypeError, ValueError)
"""What names and indices that lead nowhere raise in a file that is otherwise well formed; no runtime's check looks at them."""


@dataclass(frozen=True, slots=True)
class FileTensor:
    """A tensor as the file describes it."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    is_static: bool
    """False where the file leaves a dimension open; `shape` has a 1 there."""
    scales: int
    """How many scales it is quantised with: 0 none, 1 for the whole tensor, more for its channels."""
    is_constant: bool
    bytes: int
    """Of its constant; 0 for what is computed."""
    values: npt.NDArray[np.int32] | None = field(repr=False, compare=False)
    """Of an int32 constant, flat."""


@dataclass(frozen=True, slots=True)
class FileOperator:
    """An operator with what it reads and writes; an input that is left out is None."""

    name: str
    version: int
    inputs: tuple[FileTensor | None, ...]
    outputs: tuple[FileTensor, ...]
    options: Any
    """The generated schema's object for this operator, None if it has no options."""


@dataclass(frozen=True, slots=True)
class FileGraph:
    """The main graph of a file. Operators in the order in which they run."""

    operators: tuple[FileOperator, ...]
    inputs: tuple[FileTensor, ...]
    outputs: tuple[FileTensor, ...]
    graphs: int
    """Graphs in the whole file; more than one where a model branches or loops."""


def find_shipped(path: Path) -> Path:
    """The directory of the shipped model that is called `path`, where nothing of the user's is; else `path` itself."""
    is_shipped = str(path) in shipped_models() and not path.exists()
    return find_model(str(path)) if is_shipped else path


def read_tflite(path: Path) -> tuple[Path, bytes]:
    """A .tflite file, or that of the model directory `path` or of the shipped model so named, and its content.

    Raises:
        ManifestError: it is a model directory whose manifest is wrong.
        ModelError: the file cannot be read.

    """
    path = find_shipped(path)
    if path.is_dir():
        path = path / load_any_manifest(path).file.path
    try:
        return path, path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"{path}: {error.strerror}; give a .tflite file, a directory with {MANIFEST_NAME}, or the name of a shipped network"
        ) from error


def parse(content: bytes, path: Path) -> Any:
    """The bytes of a .tflite file as the generated schema's `ModelT`; `path` is for the error's text.

    Raises:
        ModelError: they are none.

    """
    try:
        from ai_edge_litert import schema_py_generated as schema
        from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        raise MissingDependencyError(f"{error}; install it with: pip install ai-edge-litert") from error
    try:
        # The runtime's own check comes first: Python's flatbuffer reader follows any offset of a damaged file.
        with quiet():
            Interpreter(model_content=content)
    except (ValueError, RuntimeError) as error:
        raise ModelError(
            f"{path}: no .tflite file, or damaged ({first_line(error)}); convert or copy it anew"
        ) from error
    return schema.ModelT.InitFromPackedBuf(content, 0)


def read_graph(content: bytes, path: Path) -> FileGraph:
    """The main graph of the bytes of a .tflite file; `path` is for the error's text.

    Raises:
        ModelError: they are none.

    """
    model = parse(content, path)
    try:
        return _graph(model)
    except DAMAGE as error:
        raise damaged(path, error) from error


def damaged(path: Path, error: Exception) -> ModelError:
    """What to say of a file that is well formed and makes no sense."""
    return ModelError(f"{path}: damaged ({error}); convert or copy it anew")


def _graph(model: Any) -> FileGraph:
    main = model.subgraphs[0]
    tensors = [_tensor(model, tensor) for tensor in main.tensors]
    operators = []
    for operator in main.operators or ():
        code = model.operatorCodes[operator.opcodeIndex]
        inputs = tuple(None if index < 0 else tensors[index] for index in _indices(operator.inputs))
        outputs = tuple(tensors[index] for index in _indices(operator.outputs))
        operators.append(FileOperator(operator_name(code), code.version, inputs, outputs, operator.builtinOptions))
    return FileGraph(
        operators=tuple(operators),
        inputs=tuple(tensors[index] for index in _indices(main.inputs)),
        outputs=tuple(tensors[index] for index in _indices(main.outputs)),
        graphs=len(model.subgraphs),
    )


def _tensor(model: Any, tensor: Any) -> FileTensor:
    data = model.buffers[tensor.buffer].data
    is_constant = data is not None and len(data) > 0
    dtype = dtype_name(tensor)
    scale = getattr(tensor.quantization, "scale", None)
    return FileTensor(
        name=tensor.name.decode(),
        dtype=dtype,
        shape=tuple(_indices(tensor.shape)),
        is_static=not any(n < 0 for n in _indices(tensor.shapeSignature)),
        scales=0 if scale is None else len(scale),
        is_constant=is_constant,
        bytes=len(data) if is_constant else 0,
        values=np.frombuffer(bytes(data), np.int32) if is_constant and dtype == "int32" else None,
    )


def _indices(values: Any) -> list[int]:
    return [int(n) for n in (values if values is not None else ())]


def dtype_name(tensor: Any) -> str:
    """The type of a `TensorT`, as numpy calls it."""
    from ai_edge_litert.schema_py_generated import TensorType

    return _name_of(TensorType, tensor.type).lower()


def operator_name(code: Any) -> str:
    """The name of an `OperatorCodeT`, its own if it is no built-in operator."""
    from ai_edge_litert.schema_py_generated import BuiltinOperator

    if code.customCode:
        return str(code.customCode.decode())
    # Files of before 2020 have the number only in the old, narrower field.
    return _name_of(BuiltinOperator, max(code.builtinCode, code.deprecatedBuiltinCode))


def _name_of(enumeration: type, number: int) -> str:
    """The name of a flatbuffer enumeration's value; a class of plain integers in the generated code."""
    return next((name for name, value in vars(enumeration).items() if value == number), f"unknown {number}")
