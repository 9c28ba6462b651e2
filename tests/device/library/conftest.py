"""A library and a folder of music for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mien_device.library.store import Library


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "state") as opened:
        yield opened


@pytest.fixture
def music(tmp_path: Path) -> Path:
    folder = tmp_path / "music"
    folder.mkdir()
    return folder
