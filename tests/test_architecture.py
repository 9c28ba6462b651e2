"""Who may import whom. The device runs on a small computer: nothing of training or conversion may reach it."""

from __future__ import annotations

import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import mien_device
import mien_models
from tests.make_tiny_model import TINY_MODEL

ROOT = Path(__file__).parents[1]
ALL = [str(ROOT / part) for part in ("device", "models", "training", "convert")]
HEAVY = ("tensorflow", "keras", "mien_training", "mien_convert", "matplotlib")
MODULES = [
    module.name
    for package in (mien_device, mien_models)
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
]


def python(program: str, paths: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a program in a fresh interpreter that sees only these of our source roots."""
    # An editable installation puts all four roots on the path, whatever PYTHONPATH says.
    prelude = f"import sys; sys.path[:] = [p for p in sys.path if p not in {ALL!r}] + {paths!r}\n"
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": "", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-c", prelude + program],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment,
        timeout=120,
        check=False,
    )


def test_the_contracts_of_the_imports_are_kept() -> None:
    program = "from importlinter.cli import lint_imports_command; lint_imports_command(['--no-cache'])"

    done = python(program, ALL)

    assert done.returncode == 0, done.stdout + done.stderr


def test_there_are_modules_to_look_at() -> None:
    assert {"mien_device.__main__", "mien_models.runner"} <= set(MODULES)


@pytest.mark.parametrize("blocked", [True, False])
def test_the_device_runs_without_training_and_conversion(blocked: bool) -> None:
    """Every module of the device is imported and a face is classified, once with the heavy packages made unimportable.

    Once without, because a fallback may hide that they were tried.
    """
    program = f"""
import importlib, sys
if {blocked}:
    sys.modules.update(dict.fromkeys({HEAVY!r}))  # None there makes an import fail
for module in {MODULES!r}:
    importlib.import_module(module)
import numpy
from pathlib import Path
from mien_models.runner import Classifier
Classifier.open(Path({str(TINY_MODEL)!r})).read(numpy.zeros((48, 48), numpy.uint8))
print("found:", *sorted(m for m in sys.modules if m.partition(".")[0] in {HEAVY!r} and sys.modules[m] is not None))
"""
    roots = [str(ROOT / "device"), str(ROOT / "models")]

    done = python(program, roots if blocked else ALL)

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "found:"


def test_the_contract_needs_nothing_but_itself() -> None:
    """mien_models is importable alone."""
    names = [name for name in MODULES if name.startswith("mien_models.")]

    done = python(f"import importlib\nfor name in {names!r}: importlib.import_module(name)", [str(ROOT / "models")])

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("program", ["mien_device", "mien_training", "mien_convert"])
def test_help_comes_without_heavy_packages(program: str) -> None:
    """Help is for the moment when nothing is installed yet."""
    blocked = (*HEAVY[:2], "matplotlib", "ai_edge_litert", "pygame", "paho")
    code = f"sys.modules.update(dict.fromkeys({blocked!r}))\nfrom {program}.__main__ import main\nmain(['--help'])"

    done = python(code, ALL)

    assert (done.returncode, done.stderr) == (0, "")
    assert "examples:" in done.stdout
