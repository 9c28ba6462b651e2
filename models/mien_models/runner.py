"""From faces to probabilities: the one place where a model's bytes are fed and read, on the device and off it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mien_models.errors import ManifestError
from mien_models.labels import HEAD_LABELS, Head, seven
from mien_models.manifest import Manifest, Tensor, load_manifest
from mien_models.preprocess import FACE_SIZE, Image
from mien_models.runtime import Accelerator, Opener, open_interpreter

_INPUT_SHAPE = (1, FACE_SIZE, FACE_SIZE, 1)

Probabilities = npt.NDArray[np.float32]


LEAST_READABLE = 0.5
"""An answer to a face that is less readable says nothing of the mood."""


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What a model says of one face."""

    probabilities: Probabilities
    """(7,) of the emotions in canonical order, summing to one."""
    readable: float
    """Probability that people could read an expression there; 1 from a model that was not taught to tell."""


def quantize(values: npt.NDArray[Any], tensor: Tensor) -> npt.NDArray[Any]:
    """Real values as the tensor's integers: rounded to the nearest and clipped, never truncated or wrapped."""
    limits = np.iinfo(tensor.dtype)
    integers = np.rint(values.astype(np.float32) / np.float32(tensor.scale)) + tensor.zero_point
    result: npt.NDArray[Any] = np.clip(integers, limits.min, limits.max).astype(tensor.dtype)
    return result


def dequantize(integers: npt.NDArray[Any], tensor: Tensor) -> Probabilities:
    """The tensor's integers as real values; subtracted as float32, for int8 would overflow."""
    result: Probabilities = np.subtract(integers, tensor.zero_point, dtype=np.float32)
    result *= tensor.scale
    return result


class Classifier:
    """An emotion model, ready to run. Not safe to share between threads."""

    def __init__(self, manifest: Manifest, interpreter: Any, accelerator: Accelerator) -> None:
        if manifest.input.shape != _INPUT_SHAPE:
            raise ManifestError(
                f"manifest.json of {manifest.name}: 'input.shape' is {manifest.input.shape}; faces are fed as {_INPUT_SHAPE}: "
                "convert the model anew with `mien-convert quantize`"
            )
        self.manifest = manifest
        self._accelerator = accelerator
        self._interpreter = interpreter
        self._input = find_tensor(interpreter.get_input_details(), manifest.input, manifest.file.path)
        # What each byte is fed and read as: for so few to look up is faster than to compute (not for the finder's many).
        every_byte = np.arange(256, dtype=np.uint8)
        self._fed_as = quantize(every_byte, manifest.input)
        details = interpreter.get_output_details()
        self._outputs = [
            (o.head, find_tensor(details, o, manifest.file.path), dequantize(every_byte.view(o.dtype), o))
            for o in manifest.outputs
        ]

    @classmethod
    def open(
        cls,
        directory: Path,
        accelerator: Accelerator = Accelerator.CPU,
        threads: int = 1,
        opener: Opener | None = None,
    ) -> Classifier:
        """Open the model in `directory` after checking its manifest, hash and tensors.

        Raises:
            ManifestError: the manifest is wrong or does not match the file.
            ModelError: the runtime cannot run it.

        """
        manifest = load_manifest(directory)
        interpreter, used = open_interpreter(directory / manifest.file.path, accelerator, threads, opener)
        return cls(manifest, interpreter, used)

    @property
    def accelerator(self) -> Accelerator:
        """What runs it at this moment."""
        return Accelerator(getattr(self._interpreter, "accelerator", self._accelerator))

    def close(self) -> None:
        """It is used no more: an accelerator that it holds is free for another network."""
        if (close := getattr(self._interpreter, "close", None)) is not None:
            close()

    @property
    def heads(self) -> tuple[Head, ...]:
        return tuple(output.head for output in self.manifest.outputs)

    def scores(self, face: Image) -> dict[Head, Probabilities]:
        """Each head's probabilities (k,) for one face, grey uint8 (48, 48)."""
        if face.shape != (FACE_SIZE, FACE_SIZE) or face.dtype != np.uint8:
            raise ValueError(f"a face is uint8 ({FACE_SIZE}, {FACE_SIZE}), not {face.dtype} {face.shape}")
        self._interpreter.set_tensor(self._input, self._fed_as.take(face).reshape(_INPUT_SHAPE))
        self._interpreter.invoke()
        return {
            head: read_as.take(self._interpreter.get_tensor(index)[0].view(np.uint8))
            for head, index, read_as in self._outputs
        }

    def read_all(self, faces: Sequence[Image]) -> list[Answer]:
        """The answers for several faces, one after the other.

        A batch in one invocation takes as long on a processor (`benchmarks/emotion.py` measures it), and an Edge TPU's
        model has room for one face only.
        """
        return [self.read(face) for face in faces]

    def read(self, face: Image) -> Answer:
        """What the device makes of a face, grey uint8 (48, 48): from the head that the manifest names."""
        scores = self.scores(face)
        head = self.manifest.answer
        readable = float(scores[Head.READABLE][0]) if Head.READABLE in scores else 1.0
        return Answer(seven(scores[head], HEAD_LABELS[head]), readable)


def find_tensor(details: list[dict[str, Any]], tensor: Tensor, file: str) -> int:
    """The interpreter's index of the manifest's tensor, if everything that the manifest says of it is true.

    Raises:
        ManifestError: it is not; `file` is for its text.

    """
    where = f"{file}: tensor '{tensor.name}'"
    remedy = "the manifest belongs to another file; convert the model anew with `mien-convert quantize`"
    found = next((d for d in details if d["name"] == tensor.name), None)
    if found is None:
        raise ManifestError(f"{where} is not among {[d['name'] for d in details]}; {remedy}")
    scale, zero_point = found["quantization"]
    actual = (tuple(int(n) for n in found["shape"]), np.dtype(found["dtype"]).name, int(zero_point))
    if actual != (tensor.shape, tensor.dtype, tensor.zero_point) or not np.isclose(scale, tensor.scale, rtol=1e-5):
        raise ManifestError(
            f"{where} is {actual[1]} {actual[0]} scale {scale:.6g} zero point {zero_point}, the manifest says "
            f"{tensor.dtype} {tensor.shape} scale {tensor.scale:.6g} zero point {tensor.zero_point}; {remedy}"
        )
    return int(found["index"])
