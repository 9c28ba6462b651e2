"""What a test does when something it needs is not on this machine."""

from __future__ import annotations

import importlib.util
import os
import shutil
from typing import NoReturn

import pytest


def give_up(reason: str) -> NoReturn:
    """Skip the test with the reason; on the build machine, where everything is installed, fail it."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}, and the build machine must have it")
    pytest.skip(reason)


def need_module(name: str) -> None:
    """Go on only if the module is installed. It is not imported."""
    if importlib.util.find_spec(name) is None:
        give_up(f"{name} is not installed")


def need_program(name: str) -> str:
    """The path of a program on PATH."""
    path = shutil.which(name)
    if path is None:
        give_up(f"{name} is not installed")
    return path
