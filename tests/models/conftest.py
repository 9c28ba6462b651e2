"""Model directories to spoil."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.make_tiny_model import TINY_MODEL


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A copy of the tiny model."""
    return Path(shutil.copytree(TINY_MODEL, tmp_path / "tiny"))


@pytest.fixture
def edit(model: Path) -> Callable[[Callable[[dict[str, Any]], object]], None]:
    """Change the copy's manifest, as a dictionary, in place."""

    def change(function: Callable[[dict[str, Any]], object]) -> None:
        path = model / "manifest.json"
        manifest = json.loads(path.read_text(encoding="utf-8"))
        function(manifest)
        path.write_text(json.dumps(manifest), encoding="utf-8")

    return change
