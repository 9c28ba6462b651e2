"""The compiler's log is read, and its word counts; a script on PATH says what the real one does."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mien_convert.edgetpu_compiler import Row, read_log
from mien_models.errors import ModelError, OutcomeError
from tests.make_tiny_model import TINY_MODEL

Command = Callable[..., tuple[int, str, str]]
Install = Callable[[str], Path]

HEAD = """\
Edge TPU Compiler version 16.0.384591198
Started a compilation timeout timer of 180 seconds.

Model compiled successfully in 341 ms.

Input model: emotion_int8.tflite
Input size: 3.35KiB
Output model: emotion_int8_edgetpu.tflite
Output size: 64.62KiB
On-chip memory used for caching model parameters: 6.86MiB
On-chip memory remaining for caching model parameters: 7.75KiB
Off-chip memory used for streaming uncached model parameters: 0.00B
Number of Edge TPU subgraphs: 1
Total number of operations: 6
Operation log: emotion_int8_edgetpu.log
"""
TABLE = """
Operator                       Count      Status

CONV_2D                        1          Mapped to Edge TPU
FULLY_CONNECTED                2          Mapped to Edge TPU
RESHAPE                        1          Mapped to Edge TPU
SOFTMAX                        2          {softmax}
"""
MAPPED = HEAD + TABLE.format(softmax="Mapped to Edge TPU")
PARTLY = HEAD + TABLE.format(softmax="More than one subgraph is not supported")
REFUSED = """\
Edge TPU Compiler version 16.0.384591198
Started a compilation timeout timer of 180 seconds.
ERROR: Didn't find op for builtin opcode 'CONV_2D' version '6'
ERROR: Registration failed.
Compilation failed! 
"""  # noqa: W291 - as the compiler prints it


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Put a script of this text on PATH as the compiler."""

    def write(script: str) -> Path:
        program = tmp_path / "bin" / "edgetpu_compiler"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
        return program

    return write


def saying(text: str) -> str:
    """A script that prints the text and leaves it in its log, in the folder that it is told to."""
    return (
        f'[ "$1 $2" = "--show_operations --out_dir" ] || exit 3\n[ -f "$4" ] || exit 4\n'
        f'cat > "$3/model_edgetpu.log" <<"END"\n{text}END\ncat "$3/model_edgetpu.log"'
    )


def test_all_mapped(install: Install, mien_convert: Command, tmp_path: Path) -> None:
    install(saying(MAPPED))

    code, out, err = mien_convert("edgetpu", TINY_MODEL)

    assert (code, err) == (0, "")
    assert "edgetpu_compiler 16.0.384591198: maps every operator" in out
    assert "    2 × FULLY_CONNECTED: Mapped to Edge TPU" in out
    assert "on the chip 7,193,231 bytes, left there 7,936, sent for every picture 0" in out
    assert [path.name for path in tmp_path.iterdir()] == ["bin"]
    assert sorted(path.name for path in TINY_MODEL.iterdir()) == ["CARD.md", "emotion_int8.tflite", "manifest.json"]


def test_what_the_compiler_leaves_fails_the_command(install: Install, mien_convert: Command) -> None:
    install(saying(PARTLY))

    code, out, err = mien_convert("edgetpu", TINY_MODEL, "--json")

    assert code == OutcomeError.exit_code
    assert "edgetpu_compiler: leaves 2 of 6 operators to the processor" in err
    content = json.loads(out)
    assert content["passed"] is False
    assert content["compiler"]["operators"][-1] == {
        "name": "SOFTMAX",
        "count": 2,
        "status": "More than one subgraph is not supported",
    }
    assert (content["compiler"]["free_bytes"], content["compiler"]["streamed_bytes"]) == (7936, 0)


def test_what_the_compiler_refuses_fails_the_command(install: Install, mien_convert: Command) -> None:
    install(f'cat >&2 <<"END"\n{REFUSED}END\nexit 1')

    code, _, err = mien_convert("edgetpu", TINY_MODEL)

    assert code == OutcomeError.exit_code
    assert "fails (ERROR: Didn't find op for builtin opcode 'CONV_2D' version '6')" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("script", "expected"),
    [("exit 139", "fails (exit code 139, nothing said)"), ("true", "its log has no table of operators")],
)
def test_a_compiler_that_says_nothing(install: Install, mien_convert: Command, script: str, expected: str) -> None:
    install(script)

    code, _, err = mien_convert("edgetpu", TINY_MODEL)

    assert code == OutcomeError.exit_code
    assert expected in err


def test_a_compiler_that_cannot_be_started(install: Install, mien_convert: Command) -> None:
    install("").write_bytes(b"\x7fELF of another machine")

    code, _, err = mien_convert("edgetpu", TINY_MODEL)

    assert code == ModelError.exit_code
    assert "edgetpu_compiler: cannot be started (" in err


def test_a_compiler_that_does_not_end(install: Install, mien_convert: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mien_convert.edgetpu_compiler._TIMEOUT_S", 0.2)
    install("exec sleep 20")

    code, _, err = mien_convert("edgetpu", TINY_MODEL)

    assert code == ModelError.exit_code
    assert "did not end within 0.2 s" in err


def test_a_table_that_is_printed_and_logged_counts_once() -> None:
    compilation = read_log(PARTLY, PARTLY, 0)

    assert sum(row.count for row in compilation.operators) == 6
    assert compilation.operators[1] == Row("FULLY_CONNECTED", 2, "Mapped to Edge TPU")
    assert compilation == read_log(PARTLY, "", 0)
