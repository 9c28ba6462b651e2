"""Google's `edgetpu_compiler`, where it is installed: run in a folder of its own, its log read."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from mien_models.errors import ModelError

PROGRAM = "edgetpu_compiler"
_TIMEOUT_S = 400  # its own limit is 180 s for each graph
_MAPPED = "Mapped to Edge TPU"
_UNITS = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_SIZES = {
    "cached_bytes": "On-chip memory used for caching model parameters",
    "free_bytes": "On-chip memory remaining for caching model parameters",
    "streamed_bytes": "Off-chip memory used for streaming uncached model parameters",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the compiler's table: operators of one kind that share a fate."""

    name: str
    count: int
    status: str

    @property
    def is_mapped(self) -> bool:
        return self.status == _MAPPED


@dataclass(frozen=True, slots=True)
class Compilation:
    """What the compiler said. Sizes are None where it did not say."""

    version: str | None
    failure: str | None
    """Why not all of the model runs on the Edge TPU; None if it does."""
    operators: tuple[Row, ...]
    cached_bytes: int | None
    """Parameters that stay on the chip."""
    free_bytes: int | None
    streamed_bytes: int | None
    """Parameters that are sent to the chip for every picture."""

    def describe(self) -> list[str]:
        """The compilation as lines for a person."""
        lines = [f"{PROGRAM} {self.version or '(no version)'}: {self.failure or 'maps every operator'}"]
        lines += [f"  {row.count:3d} × {row.name}: {row.status}" for row in self.operators]
        if self.cached_bytes is not None:
            lines.append(
                f"  on the chip {self.cached_bytes:,} bytes, left there {self.free_bytes or 0:,}, "
                f"sent for every picture {self.streamed_bytes or 0:,}"
            )
        return lines


def find_compiler() -> str | None:
    """The compiler's path, None if it is not on PATH."""
    return shutil.which(PROGRAM)


def compile_model(program: str, model: Path, folder: Path) -> Compilation:
    """Compile `model` into `folder` and read what the compiler says of it.

    Raises:
        ModelError: the compiler cannot be started, or does not end.

    """
    command = [program, "--show_operations", "--out_dir", str(folder), str(model.resolve())]
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_TIMEOUT_S,
            check=False,
        )
    except OSError as error:
        raise ModelError(
            f"{program}: cannot be started ({error.strerror}); install it anew, or take it off PATH"
        ) from error
    except subprocess.TimeoutExpired:
        raise ModelError(f"{program}: did not end within {_TIMEOUT_S} s on {model}; take it off PATH") from None
    logs = [log.read_text(encoding="utf-8", errors="replace") for log in sorted(folder.glob("*.log"))]
    return read_log("\n".join((done.stdout, done.stderr)), "\n".join(logs), done.returncode)


def read_log(printed: str, log: str, code: int) -> Compilation:
    """What the compiler's output, its log file and its exit code say together."""
    both = f"{printed}\n{log}"
    # The table is in both; counted once.
    operators = _rows(log) or _rows(printed)
    sizes = {name: _size(both, label) for name, label in _SIZES.items()}
    version = re.search(r"Edge TPU Compiler version (\S+)", both)
    return Compilation(version[1] if version else None, _failure(printed, operators, code), operators, **sizes)


def _failure(printed: str, operators: tuple[Row, ...], code: int) -> str | None:
    if code:
        said = [
            line.strip()
            for line in printed.splitlines()
            if re.match(r"\s*(ERROR|Invalid|Internal|Compilation failed:)", line)
        ]
        return f"fails ({said[0] if said else f'exit code {code}, nothing said'})"
    if not operators:
        return "its log has no table of operators"
    left = [row for row in operators if not row.is_mapped]
    if left:
        total = sum(row.count for row in operators)
        return f"leaves {sum(row.count for row in left)} of {total} operators to the processor"
    return None


def _rows(text: str) -> tuple[Row, ...]:
    found = re.findall(r"^([A-Za-z][\w-]*) {2,}(\d+) {2,}(\S.*?)\s*$", text, re.MULTILINE)
    return tuple(Row(name, int(count), status) for name, count, status in found)


def _size(text: str, label: str) -> int | None:
    found = re.search(rf"{label}: ([\d.]+)({'|'.join(_UNITS)})\b", text)
    return round(float(found[1]) * _UNITS[found[2]]) if found else None
