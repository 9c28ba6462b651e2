"""What a .tflite file holds, read from the file itself: operators, tensors at its ends, what is left in float."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mien_convert.flatbuffer import DAMAGE, damaged, dtype_name, operator_name, parse, read_tflite


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator in one of its versions, and how often it occurs."""

    name: str
    version: int
    count: int


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """A tensor: real value = scale × (integer − zero point); both are None where it is not quantised as a whole."""

    name: str
    signature: str | None
    """Its name in the model's signature, which is how Keras's output names survive conversion."""
    dtype: str
    shape: tuple[int, ...]
    """−1 for what is open, but for the number of pictures, which is then 1."""
    scale: float | None
    zero_point: int | None


@dataclass(frozen=True, slots=True)
class Inspection:
    """A .tflite file. Operators are sorted by name, tensors in the file's order."""

    file: str
    bytes: int
    operators: tuple[Operator, ...]
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    float_tensors: tuple[str, ...]
    """Names of all tensors in floating point; none in a full int8 model."""

    def describe(self) -> str:
        """The inspection as lines for a person."""
        lines = [f"{self.file}: {self.bytes:,} bytes", "operators:"]
        lines += [f"  {o.count:3d} × {o.name} version {o.version}" for o in self.operators]
        for title, tensors in (("inputs", self.inputs), ("outputs", self.outputs)):
            lines.append(f"{title}:")
            lines += [f"  {_describe(tensor)}" for tensor in tensors]
        shown = ", ".join(self.float_tensors[:5]) + (" …" if len(self.float_tensors) > 5 else "")
        lines.append(f"float tensors: {len(self.float_tensors)} ({shown})" if shown else "float tensors: none")
        return "\n".join(lines)


def inspect_model(path: Path) -> Inspection:
    """Inspect a .tflite file, or that of a model directory.

    Raises:
        ManifestError: it is a model directory whose manifest is wrong.
        ModelError: the file cannot be read, or is no .tflite file.

    """
    file, content = read_tflite(path)
    return inspect_bytes(content, file)


def inspect_bytes(content: bytes, path: Path) -> Inspection:
    """Inspect the bytes of a .tflite file; `path` is for the error's text.

    Raises:
        ModelError: they are none.

    """
    model = parse(content, path)
    try:
        return _inspect(model, path.name, len(content))
    except DAMAGE as error:
        raise damaged(path, error) from error


def _inspect(model: Any, file: str, size: int) -> Inspection:
    operators: Counter[tuple[str, int]] = Counter()
    tensors = []
    for graph in model.subgraphs:
        for operator in graph.operators or ():
            code = model.operatorCodes[operator.opcodeIndex]
            operators[operator_name(code), code.version] += 1
        tensors += list(graph.tensors or ())
    main = model.subgraphs[0]
    signature = next((s for s in model.signatureDefs or () if s.subgraphIndex == 0), None)
    return Inspection(
        file=file,
        bytes=size,
        operators=tuple(Operator(name, version, count) for (name, version), count in sorted(operators.items())),
        inputs=_ends(main, main.inputs, signature.inputs if signature else ()),
        outputs=_ends(main, main.outputs, signature.outputs if signature else ()),
        float_tensors=tuple(tensor.name.decode() for tensor in tensors if "float" in dtype_name(tensor)),
    )


def _ends(graph: Any, indices: Iterable[int], entries: Iterable[Any]) -> tuple[TensorInfo, ...]:
    names = {int(entry.tensorIndex): entry.name.decode() for entry in entries or ()}
    return tuple(_tensor(graph.tensors[index], names.get(int(index))) for index in indices)


def _tensor(tensor: Any, signature: str | None) -> TensorInfo:
    scale, zero_point = _per_tensor(tensor.quantization, "scale"), _per_tensor(tensor.quantization, "zeroPoint")
    return TensorInfo(
        name=tensor.name.decode(),
        signature=signature,
        dtype=dtype_name(tensor),
        shape=_shape(tensor),
        scale=None if scale is None else float(scale),
        zero_point=None if zero_point is None else int(zero_point),
    )


def _shape(tensor: Any) -> tuple[int, ...]:
    shape = tuple(int(n) for n in (tensor.shape if tensor.shape is not None else ()))
    signature = tensor.shapeSignature  # which has what was open when the file was made
    if signature is None or len(signature) != len(shape):
        return shape
    return (*shape[:1], *(min(n, int(said)) for n, said in zip(shape[1:], signature[1:], strict=True)))


def _per_tensor(quantization: Any, field: str) -> Any:
    """The field's value where it is one for the whole tensor, None where there is none or one for each channel."""
    values = getattr(quantization, field, None)
    return values[0] if values is not None and len(values) == 1 else None


def _describe(tensor: TensorInfo) -> str:
    shape = "×".join("?" if n < 0 else str(n) for n in tensor.shape)
    signature = f" ({tensor.signature})" if tensor.signature else ""
    scale = "" if tensor.scale is None else f", scale {tensor.scale:.6g}, zero point {tensor.zero_point}"
    return f"{tensor.name}{signature}: {tensor.dtype} {shape}{scale}"
