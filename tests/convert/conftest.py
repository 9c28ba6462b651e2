"""A run to convert and to verify with."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mien_convert.__main__ import main
from tests.make_tiny_model import make_faces


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run as training leaves it, except that its network is empty: good for what does not open it."""
    directory = tmp_path / "run"
    make_faces(directory)
    (directory / "model.keras").touch()
    return directory


@pytest.fixture
def mien_convert(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run the command in this process: exit code, standard output, standard error."""

    def call(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def set_config(run: Path) -> Callable[..., None]:
    """Change settings of the run; None takes one away."""

    def change(**settings: object) -> None:
        path = run / "config.json"
        config = json.loads(path.read_text(encoding="utf-8")) | settings
        path.write_text(
            json.dumps({key: value for key, value in config.items() if value is not None}), encoding="utf-8"
        )

    return change
