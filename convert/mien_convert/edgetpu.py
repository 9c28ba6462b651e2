"""Whether the Edge TPU will run a model: every operator checked in the file, and the compiler asked where there is one."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mien_convert.edgetpu_compiler import Compilation, compile_model, find_compiler
from mien_convert.edgetpu_rules import MAX_VERSIONS, model_problems, operator_problems, times
from mien_convert.flatbuffer import DAMAGE, FileGraph, damaged, read_graph, read_tflite

ON_CHIP_BYTES = 8 * 2**20
"""Memory on the chip that parameters are cached in; the compiled program takes a part of it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say of one operator."""

    number: int
    """Its place in the order of running, from 0."""
    name: str
    version: int
    output: tuple[int, ...]
    """Shape of its first output."""
    problems: tuple[str, ...]
    """Why the compiler does not map it; none if it does."""


@dataclass(frozen=True, slots=True)
class EdgeTpuReport:
    """What the rules, and the compiler if there is one, say of a file."""

    file: str
    bytes: int
    parameter_bytes: int
    """All constants that the chip has to hold."""
    problems: tuple[str, ...]
    """Of the file as a whole."""
    operators: tuple[Verdict, ...]
    compiler: Compilation | None
    """None where no compiler is installed."""

    @property
    def fits(self) -> bool:
        """Whether all parameters stay on the chip; if not, the rest is sent to it for every picture."""
        return self.parameter_bytes <= ON_CHIP_BYTES

    @property
    def failures(self) -> tuple[str, ...]:
        """One sentence for each reason why not all of the model runs on the Edge TPU."""
        failed = [verdict for verdict in self.operators if verdict.problems]
        failures = list(self.problems)
        if failed:
            failures.append(
                f"{len(failed)} of {len(self.operators)} operators do not map "
                f"(the first, number {failed[0].number}, {failed[0].name}: {failed[0].problems[0]})"
            )
        if self.compiler is not None and self.compiler.failure:
            failures.append(f"edgetpu_compiler: {self.compiler.failure}")
        return tuple(failures)

    def describe(self) -> str:
        """The report as lines for a person."""
        lines = [f"{self.file}: {self.bytes:,} bytes, {len(self.operators)} operators", *map(str, self.problems)]
        lines += [_row(verdict) for verdict in self.operators]
        lines.append(f"maps: {_counts(self.operators, good=True)}")
        if any(verdict.problems for verdict in self.operators):
            lines.append(f"does not map: {_counts(self.operators, good=False)}")
            lines.append("  the compiler stops at the first that does not map: the processor runs all that follows")
        room = "within" if self.fits else "more than"
        lines.append(f"parameters: {self.parameter_bytes:,} bytes, {room} the {ON_CHIP_BYTES:,} on the chip")
        if self.compiler is None:
            lines.append(
                "edgetpu_compiler: not on PATH; the above is read from the file, the compiler has the last word"
            )
        else:
            lines += self.compiler.describe()
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """The report for programs."""
        return {"passed": not self.failures, "failures": self.failures, "fits_on_chip": self.fits, **asdict(self)}


def check_model(path: Path) -> EdgeTpuReport:
    """Check a .tflite file, or that of a model directory, against `edgetpu_rules`, and compile it if that is possible.

    Raises:
        ManifestError: it is a model directory whose manifest is wrong.
        ModelError: the file cannot be read, or is no .tflite file; the compiler is there and cannot be run.

    """
    file, content = read_tflite(path)
    graph = read_graph(content, file)
    try:
        verdicts = tuple(
            Verdict(number, operator.name, operator.version, operator.outputs[0].shape, operator_problems(operator))
            for number, operator in enumerate(graph.operators)
        )
    except DAMAGE as error:  # an operator with fewer tensors than its kind has
        raise damaged(file, error) from error
    return EdgeTpuReport(
        file=file.name,
        bytes=len(content),
        parameter_bytes=_parameter_bytes(graph),
        problems=model_problems(graph),
        operators=verdicts,
        compiler=_compile(file),
    )


def _compile(file: Path) -> Compilation | None:
    compiler = find_compiler()
    if compiler is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        return compile_model(compiler, file, Path(folder))


def _parameter_bytes(graph: FileGraph) -> int:
    constants = {
        id(tensor): tensor.bytes
        for operator in graph.operators
        for tensor in operator.inputs
        if tensor is not None and tensor.is_constant
    }
    return sum(constants.values())


def _row(verdict: Verdict) -> str:
    limit = MAX_VERSIONS.get(verdict.name)
    version = f"{verdict.version} of {limit}" if limit else f"{verdict.version}"
    said = "; ".join(verdict.problems) or "maps"
    return f"  {verdict.number:3d}  {verdict.name:24s} version {version:8s} {times(verdict.output):16s} {said}"


def _counts(operators: tuple[Verdict, ...], *, good: bool) -> str:
    counted = Counter(verdict.name for verdict in operators if bool(verdict.problems) != good)
    return ", ".join(f"{count} × {name}" for name, count in sorted(counted.items())) or "nothing"
