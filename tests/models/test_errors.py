"""Exit codes: the table for readers and the code agree."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mien_models import errors
from mien_models.errors import ConfigError, ManifestError, MienError, ModelError, OutcomeError, run_command
from tests.waiting import LIMIT_S

TABLE = Path(__file__).parents[2] / "docs" / "exit-codes.md"
CODES_WITHOUT_CLASS = {0, 1, 2, 130, 141}


def subclasses(base: type[MienError]) -> Iterator[type[MienError]]:
    for direct in base.__subclasses__():
        yield direct
        yield from subclasses(direct)


ERRORS = [error for error in subclasses(MienError) if error.__module__ == errors.__name__]


def table() -> dict[int, set[str]]:
    rows = re.findall(r"^\| (\d+) \| (.*?) \|", TABLE.read_text(encoding="utf-8"), re.MULTILINE)
    return {int(code): set(re.findall(r"`(\w+)`", classes)) for code, classes in rows}


def test_the_table_is_the_code() -> None:
    expected: dict[int, set[str]] = {code: set() for code in CODES_WITHOUT_CLASS}
    for error in ERRORS:
        expected.setdefault(error.exit_code, set()).add(error.__name__)

    assert table() == expected


def test_each_class_has_its_own_code() -> None:
    direct = [error for error in ERRORS if MienError in error.__bases__]

    assert len({error.exit_code for error in direct} | CODES_WITHOUT_CLASS) == len(direct) + len(CODES_WITHOUT_CLASS)
    assert ManifestError.exit_code == ModelError.exit_code


@pytest.mark.parametrize("error", ERRORS)
def test_an_error_is_one_line_and_its_code(error: type[MienError], capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> int:
        raise error("x.toml: wrong; mend it")

    assert run_command("mien", fail) == error.exit_code
    assert capsys.readouterr() == ("", "mien: error: x.toml: wrong; mend it\n")


def test_a_name_of_two_lines_is_one_line_and_steers_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> int:
        raise MienError("Übung\nred\x1b[31m\udcff.wav: wrong; mend it")

    assert run_command("mien", fail) == MienError.exit_code
    assert capsys.readouterr().err == "mien: error: Übung\\nred\\x1b[31m\\udcff.wav: wrong; mend it\n"


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "ascii"])
def test_what_a_terminal_cannot_show_is_escaped(encoding: str) -> None:
    program = "import sys; from mien_models.errors import run_command; run_command('mien', lambda: print('\\u65e5\\udcff') or 0)"
    environment = os.environ | {"PYTHONIOENCODING": f"{encoding}:strict", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, env=environment, check=True)
    assert done.stdout.decode(encoding).strip() == ("日" if encoding == "utf-8" else "\\u65e5") + "\\udcff"


@pytest.mark.parametrize("error", ERRORS)
def test_each_is_also_what_python_would_raise(error: type[MienError]) -> None:
    assert any(issubclass(error, builtin) for builtin in (ValueError, RuntimeError, OSError, ImportError))


def test_a_command_gives_its_own_code() -> None:
    assert run_command("mien", lambda: 0) == 0
    assert run_command("mien", lambda: 7) == 7


def test_ctrl_c() -> None:
    def interrupted() -> int:
        raise KeyboardInterrupt

    assert run_command("mien", interrupted) == 130


def test_a_defect_keeps_its_traceback() -> None:
    def defect() -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_command("mien", defect)


def script(body: str, *, reader_leaves: bool = False) -> tuple[int, str]:
    """Exit code and stderr of a Python program whose command is `body`."""
    code = f"""
import sys
from mien_models.errors import *
def command():
{body}
sys.exit(run_command("mien", command))
"""
    environment = {"PYTHONPATH": str(Path(errors.__file__).parents[1])}
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None
    if reader_leaves:
        process.stdout.close()
    _, stderr = process.communicate(timeout=LIMIT_S)
    return process.returncode, stderr


@pytest.mark.parametrize("lines", [1, 100_000])
def test_a_reader_that_leaves_is_no_error(lines: int) -> None:
    assert script(f"    for i in range({lines}): print(i)\n    return 0", reader_leaves=True) == (141, "")


def test_a_report_comes_before_the_verdict() -> None:
    body = "    print('report')\n    raise OutcomeError('too little; train on')"

    assert script(body) == (OutcomeError.exit_code, "mien: error: too little; train on\n")


def test_a_defect_exits_with_1() -> None:
    code, stderr = script("    return 1 / 0")

    assert code == 1
    assert stderr.rstrip().endswith("ZeroDivisionError: division by zero")


def test_errors_can_be_told_apart_by_callers() -> None:
    with pytest.raises(ValueError, match="x"):
        raise ConfigError("x")
